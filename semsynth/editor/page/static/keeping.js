// No edit is lost: the project is kept in this browser after each one, and leaving asks where there is unsaved work.
import { make } from './dom.js';
import * as drafts from './drafts.js';
import * as editing from './editing.js';
import * as server from './server.js';
import { say, state } from './state.js';

let work = null;       // the record of the open layout, once it was edited
let clean = null;      // the version that was opened, or saved last
let wishes = 0, done = Promise.resolve(), letGo = () => {};

export const unsaved = () => editing.pending() || Boolean(
  state.scene?.width && state.scene.version !== clean && (state.scene.undo || state.restored));

// When all that was wished for is kept.
export const settled = () => done;

export function start() {
  editing.onArrival(arrived);
  editing.onGone(recover);
  window.addEventListener('beforeunload', (event) => { if (unsaved()) event.preventDefault(); });
}

let seen = 0;    // state.opened of the layout whose record `work` is

function arrived() {
  const { scene, opened } = state;
  if (opened !== seen) {
    seen = opened;
    clean = state.restored ? null : scene.version;
    if (!state.restored) adopt(null);
  } else if (unsaved()) {
    keep();
  } else if (work && scene.version !== clean) {    // all was undone
    drafts.remove(work.id).catch(complain);
    adopt(null);
  }
}

// One after the other; what a later one keeps, too, is left out.
function keep() {
  wishes += 1;
  const wish = wishes;
  done = done.then(() => wish === wishes && write()).catch(complain);
}

async function write() {
  if (!work) adopt({ id: crypto.randomUUID() });
  const record = work, { name, scene } = state, { blob, version } = await server.file('project?history=1');
  Object.assign(record, { classes: state.setup.classes.join(), name, time: Date.now(), saved: false,
    project: await blob.arrayBuffer(), thumbnail: thumbnail(scene.colours) });
  record.before ??= await bytesOf(state.before);
  if (record !== work) return;    // another layout was opened
  await drafts.put(record);
  state.kept = version;
  editing.forget(version);
}

// What cannot be kept is said; a server that is gone is noticed by the edits themselves.
function complain(error) {
  if (!(error instanceof server.Gone || error instanceof server.Unreachable)) {
    say(`The browser cannot keep your work (${error.message}). Save the project.`, true);
  }
}

// While a tab holds the lock of its work, it is offered nowhere.
function adopt(record) {
  letGo();
  work = record;
  if (record) navigator.locks?.request(`semsynth ${record.id}`, () => new Promise((resolve) => { letGo = resolve; }));
}

function thumbnail(picture) {
  const width = 96, height = Math.round(width * picture.height / picture.width);
  const canvas = make('canvas', { width, height });
  canvas.getContext('2d').drawImage(picture, 0, 0, width, height);
  return canvas.toDataURL('image/jpeg');
}

async function bytesOf(bitmap) {
  if (!bitmap) return null;
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext('2d').drawImage(bitmap, 0, 0);
  return (await canvas.convertToBlob()).arrayBuffer();
}

// The work that can be opened with this model, and that no other tab has open.
export async function kept() {
  const locks = await navigator.locks?.query(), held = new Set((locks?.held ?? []).map((lock) => lock.name));
  const all = await drafts.all().catch(() => []);
  return all.filter((each) => each.classes === state.setup.classes.join() && !held.has(`semsynth ${each.id}`));
}

const formOf = (record) => {
  const form = new FormData();
  form.append('project', new File([record.project], 'project.npz'));
  form.append('name', record.name ?? 'layout');
  return form;
};

const beforeOf = (record) => record.before && createImageBitmap(new Blob([record.before]));

export async function restore(record) {
  const before = state.restored;
  state.restored = true;
  try {
    await editing.open(formOf(record), await beforeOf(record));
  } catch (error) {
    state.restored = before;
    throw error;
  }
  adopt(record);
}

// The server was started anew: go on from what was kept.
async function recover() {
  const { setup } = await server.begin();
  if (setup.classes.join() !== state.setup.classes.join()) {
    throw new server.Refused('Another model is served here now: reload the page.');
  }
  state.restored ||= Boolean(work?.project);
  await editing.resume(work?.project ? formOf(work) : null);
  say('The editor was started anew. Your work is here again.');
}

// Hand a file of the scene to the user.
export async function save(part) {
  try {
    const { blob, name, version } = await editing.ask(() => server.file(part));
    const link = make('a', { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    if (part !== 'project') return;
    clean = version;
    if (work) drafts.put(Object.assign(work, { saved: true })).catch(complain);
  } catch (error) {
    say(error.message, true);
  }
}
