// Edits on their way to the server, and what comes back. What is drawn shows at once as a mark. Edits that are made
// while a request is under way go out together in the next one, and the model makes one image of them all.
import { borders, colourLabels } from './geometry.js';
import * as server from './server.js';
import { changed, say, state } from './state.js';
import { reset } from './viewport.js';

const AGAIN = 1500;    // ms until a server that did not answer is asked again

let queue = [], batches = 0, last = 0, turn = Promise.resolve(), turns = 0, following = false, recovering = null;
let source = null;     // what was opened
let since = [];        // the edits since, as far as they are not kept: { version, again }; `again` makes one once more
let recover = async () => {};
const arrivals = new Set();

export const onArrival = (listener) => arrivals.add(listener);
// How to go on where the server knows the session no more: it calls `resume`.
export const onGone = (how) => { recover = how; };
// The edits up to a version are kept elsewhere.
export const forget = (version) => { since = since.filter((each) => each.version > version); };

const isEdit = (action) => action.operation !== 'select';
export const pending = () => turns > 0 || queue.some(isEdit);

// An edit, with its arguments; `mark` is what to draw until the scene has it.
export function edit(operation, more = {}, mark = null) {
  last += 1;
  queue.push({ operation, ...more });
  if (mark) state.marks.push({ ...mark, number: last });
  state.waitingSince ??= performance.now();
  inTurn(send);
  say('');
  changed();
}

// The server learns with the next edit what is selected.
export function select(object) {
  state.selected = object;
  state.picksStyle = false;
  if (queue.length && !isEdit(queue.at(-1))) queue.pop();
  queue.push({ operation: 'select', id: object ? object.id : null });
  say('');
  changed();
}

// An edit by a file: the look of a photo.
export const lookOf = (photo) => inTurn(async () => {
  state.waitingSince ??= performance.now();
  await attempt(() => make(() => ask(() => server.lookOf(photo)), () => server.lookOf(photo)));
});

// Open what `server.open` takes; throws where that fails, and nothing has changed then. `before` is the image to
// compare with, by default that of what is opened.
export const open = (what, before = null) => inTurn(async () => {
  state.openingSince = performance.now();
  changed();
  try {
    await ask(() => reopen(what, before));
    [source, since, queue] = [what, [], []];
  } finally {
    state.openingSince = null;
    changed();
  }
});

// Open what was kept, or else what was opened, and make the edits since.
export async function resume(kept) {
  const edits = since;
  await reopen(kept ?? source, state.before);
  since = [];
  for (const { again } of edits) await make(again, again);
}

async function make(edit, again) {
  const scene = await edit();
  since.push({ version: scene.version, again });
  arrive(scene);
}

async function reopen(what, before) {
  const scene = await server.open(what);
  reset();
  Object.assign(state, { opened: state.opened + 1, marks: [], gesture: null, picture: null, before, kept: null,
    waitingSince: null, elapsed: null, picksStyle: false, showsBefore: false, showsWhole: false });
  arrive(scene);
}

// One request that changes the scene after the other.
function inTurn(work) {
  turns += 1;
  const done = turn.then(work).finally(() => { turns -= 1; });
  turn = done.catch(() => {});
  return done;
}

async function send() {
  if (!queue.some(isEdit)) return;
  const actions = queue, number = last;
  queue = [];
  batches += 1;
  const batch = batches;
  await attempt(() => make(() => insist(() => server.edit(actions, batch)), () => server.edit(actions)));
  state.marks = state.marks.filter((each) => each.number > number);
  changed();
}

async function attempt(work) {
  try {
    await work();
  } catch (error) {
    say(error.message, true);
  }
}

// Ask the server, where it was started anew in the meantime once more.
export async function ask(request) {
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof server.Gone)) throw error;
    recovering ??= recover().finally(() => { recovering = null; });
    await recovering;
    return request();
  }
}

// Ask until it answers.
async function insist(request) {
  for (;;) {
    try {
      const answer = await ask(request);
      state.unreachable = false;
      return answer;
    } catch (error) {
      if (!(error instanceof server.Unreachable)) throw error;
      state.unreachable = true;
      changed();
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
    }
  }
}

function arrive(scene) {
  const id = queue.length ? state.selected?.id : scene.selected;    // what was chosen since comes first
  state.scene = Object.assign(scene, { colours: colourLabels(scene, state.setup.palette), borders: borders(scene) });
  state.selected = scene.objects.find((each) => each.id === id) ?? null;
  state.hovered = null;
  state.name = scene.name;
  state.layouts = scene.layouts;
  if (scene.message) say(scene.message, true);
  arrivals.forEach((listener) => listener());
  changed();
  follow();
}

// Have the newest image made, one at a time.
export async function follow() {
  const newest = () => state.picture?.version === state.scene.version && state.picture.whole === state.showsWhole;
  if (following || !state.scene) return;
  following = true;
  await attempt(async () => {    // where it fails, the next edit asks again
    while (!newest()) {
      state.workingSince ??= performance.now();
      changed();
      const { opened, showsWhole } = state;
      const made = await insist(() => server.image(showsWhole));
      const bitmap = await createImageBitmap(made.blob);
      if (opened !== state.opened) continue;    // of a layout that was left
      state.picture = { ...made, bitmap };
      state.before ??= bitmap;
      changed();
    }
  });
  state.elapsed = state.waitingSince && (performance.now() - state.waitingSince) / 1000;
  state.waitingSince = state.workingSince = null;
  following = false;
  changed();
}
