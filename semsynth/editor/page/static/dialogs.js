// Opening, beginning anew, the question before work is left, and the help.
import { all, find, make } from './dom.js';
import * as drafts from './drafts.js';
import * as editing from './editing.js';
import * as keeping from './keeping.js';
import { help } from './keys.js';
import { isThing, say, state } from './state.js';

const dialogs = Object.fromEntries(['open', 'new', 'ask', 'help'].map((name) => [name, find(`#${name}-dialog`)]));

export function start() {
  all('#open, [data-opens=open]').forEach((each) => { each.onclick = () => showOpen(); });
  all('#new, [data-opens=new]').forEach((each) => { each.onclick = showNew; });
  find('#help').onclick = () => dialogs.help.showModal();
  all('dialog [value=cancel]').forEach((each) => { each.onclick = () => each.closest('dialog').close(); });
  find('#layouts').onchange = (event) => chooseLayout(event.target);
  submits(dialogs.open, filesOf);
  submits(dialogs.new, canvasOf);
  all('#downloads button').forEach((each) => {
    each.onclick = () => { find('#downloads').hidePopover(); keeping.save(each.dataset.part); };
  });
  buildHelp();
  dropsFiles();
}

// The question whether to leave unsaved work: answers whether to go on.
export async function mayLeave() {
  if (!keeping.unsaved()) return true;
  const dialog = dialogs.ask;
  dialog.querySelector('.what').textContent =
    `${state.name ?? 'The layout'} has changes that are in no file yet. This browser keeps them: Open… lists them.`;
  dialog.returnValue = 'stay';
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }));
  if (dialog.returnValue === 'stay') return false;
  if (dialog.returnValue === 'save') await keeping.save('project');
  await keeping.settled();
  return true;
}

async function chooseLayout(select) {
  const name = select.value, { name: current } = state;
  if (!name) return;
  if (await mayLeave()) await openOr(() => openNew({ name }), (message) => say(message, true));
  if (state.name === current) select.value = state.layouts.includes(current) ? current : '';
}

// Open something that is no kept work.
export async function openNew(what) {
  state.restored = false;
  await editing.open(what);
}

async function openOr(open, fail) {
  try {
    await open();
    return true;
  } catch (error) {
    fail(error.message);
    return false;
  }
}

// A dialog's form: what it describes is opened, and the dialog closed; where that fails, it says why.
function submits(dialog, describe) {
  const form = dialog.querySelector('form'), refusal = form.querySelector('.refusal');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    refusal.textContent = '';
    if (!await mayLeave()) return;
    const opened = await openOr(() => openNew(describe(form)), (message) => { refusal.textContent = message; });
    if (opened) dialog.close();
  });
}

function filesOf(form) {
  const files = new FormData(form);
  for (const [name, file] of [...files]) if (file instanceof File && !file.size) files.delete(name);
  if (!files.has('photo')) files.delete('keep_photo');
  else if (files.has('keep_photo')) files.set('keep_photo', 'true');
  return files;
}

const canvasOf = (form) => Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, Number(value)]));

// ---- Open

async function showOpen(chosen = {}) {
  const form = dialogs.open.querySelector('form'), { setup } = state;
  form.reset();
  form.querySelector('.refusal').textContent = '';
  find('#photo-use').textContent = ['Its photo, if there is one',
    setup.photo_gives && `: it gives the ${setup.photo_gives}`,
    setup.labels_photos && '; or a photo alone, to be labelled'].filter(Boolean).join('');
  for (const [name, file] of Object.entries(chosen)) {
    const transfer = new DataTransfer();
    transfer.items.add(file);
    form.elements[name].files = transfer.files;
  }
  dialogs.open.showModal();
  await listKept();
}

async function listKept() {
  const records = await keeping.kept();
  find('#kept').hidden = !records.length;
  find('#kept ul').replaceChildren(...records.map((record) => {
    const item = make('li'), name = `${record.name ?? 'layout'}, ${when(record.time)}`;
    const open = make('button', { type: 'button', onclick: () => restore(record) });
    const drop = make('button', { type: 'button', textContent: 'Delete', ariaLabel: `Delete ${name}` });
    open.append(make('img', { src: record.thumbnail, alt: '' }), record.saved ? `${name}, saved` : name);
    drop.onclick = async () => { await drafts.remove(record.id); await listKept(); };
    item.append(open, drop);
    return item;
  }));
}

const when = (time) => new Date(time).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });

async function restore(record) {
  const refusal = dialogs.open.querySelector('.refusal');
  if (!await mayLeave()) return;
  const opened = await openOr(() => keeping.restore(record), (message) => { refusal.textContent = message; });
  if (opened) dialogs.open.close();
}

// At the start: offer the newest work that was not saved.
export async function offerKept() {
  const record = (await keeping.kept()).find((each) => !each.saved), banner = find('#banner');
  if (!record) return;
  banner.querySelector('p').textContent =
    `This browser kept unsaved work: ${record.name ?? 'a layout'}, ${when(record.time)}.`;
  find('#later').onclick = () => { banner.hidden = true; };
  find('#restore').onclick = async () => {
    if (!await mayLeave()) return;
    banner.hidden = await openOr(() => keeping.restore(record), (message) => say(message, true));
  };
  banner.hidden = false;
}

// Files that are dropped on the page.
function dropsFiles() {
  document.addEventListener('dragover', (event) => event.preventDefault());
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (!file) return;
    const name = /\.npz$/i.test(file.name) ? 'project' : /\.jpe?g$/i.test(file.name) ? 'photo' : 'label';
    showOpen({ [name]: file });
  });
}

// ---- An empty canvas

function showNew() {
  const { setup, scene } = state, form = dialogs.new.querySelector('form');
  const { width, height, class_index } = form.elements;
  width.value = setup.size.width;
  height.value = setup.size.height;
  width.readOnly = height.readOnly = setup.size.fixed;
  form.querySelector('.hint').textContent = setup.size.fixed ? 'This model has one size.' :
    `The model was trained at ${setup.size.width} × ${setup.size.height}: it is at its best near that.`;
  const options = setup.classes.map((name, index) => new Option(name, index));
  class_index.replaceChildren(new Option('Choose…', ''), ...options);
  class_index.value = scene?.width ? ground(scene) : '';
  form.querySelector('.refusal').textContent = '';
  dialogs.new.showModal();
}

// The class that most of the lower half has, as far as it is background.
function ground({ label, width, height }) {
  const counts = new Map();
  for (const kind of label.subarray(width * Math.floor(height / 2))) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const kinds = [...counts.keys()].filter((kind) => !isThing(kind) && kind !== state.setup.ignored);
  return kinds.sort((one, other) => counts.get(other) - counts.get(one))[0] ?? '';
}

function buildHelp() {
  dialogs.help.querySelector('.columns').replaceChildren(...help().map(([title, keys]) => {
    const section = make('section'), table = make('table');
    for (const [key, says] of keys) {
      const row = table.insertRow();
      row.insertCell().append(make('kbd', { textContent: key }));
      row.insertCell().textContent = says;
    }
    section.append(make('h3', { textContent: title }), table);
    return section;
  }));
}
