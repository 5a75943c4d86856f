// The bar above, the tools, and the options of the canvases.
import { all, find } from './dom.js';
import { edit, follow } from './editing.js';
import { optionOf } from './pasting.js';
import { panes } from './pane.js';
import { changed, onChange, state } from './state.js';
import * as tools from './tools.js';
import { reset, viewport, zoomAt } from './viewport.js';

const slider = (name) => find(`#${name} input`);

let offered = null;

export function start() {
  const zoom = (factor) => () => { zoomAt(panes.layout, state.scene, factor); changed(); };
  find('#undo').onclick = tools.undo;
  find('#redo').onclick = tools.redo;
  find('#in').onclick = zoom(1.5);
  find('#out').onclick = zoom(1 / 1.5);
  find('#fit').onclick = () => { reset(); changed(); };
  find('#before').onclick = () => { state.showsBefore = !state.showsBefore; changed(); };
  find('#whole').onclick = () => { state.showsWhole = !state.showsWhole; changed(); follow(); };
  slider('size').oninput = (event) => { state.radius = Number(event.target.value); changed(); };
  slider('opacity').oninput = (event) => { state.opacity = Number(event.target.value) / 100; changed(); };
  slider('feather').onchange = (event) => edit('feather', { width: Number(event.target.value) });
  slider('feather').oninput = (event) => { find('#feather output').textContent = `${event.target.value} px`; };
  all('[data-tool]').forEach((each) => { each.onclick = () => tools.choose(each.dataset.tool); });
  onChange(show);
}

function show() {
  const { scene, picture, before } = state, open = Boolean(scene?.width);
  document.body.classList.toggle('empty', !open);
  all('[data-tool]').forEach((each) => {
    each.setAttribute('aria-pressed', each.dataset.tool === state.tool);
    each.disabled = !open;
  });
  find('#undo').disabled = !scene?.undo;
  find('#redo').disabled = !scene?.redo;
  all('#save, .zoom button').forEach((each) => { each.disabled = !open; });
  find('#zoom').textContent = `${Math.round(viewport.zoom * 100)}%`;
  Object.assign(slider('size'), { max: tools.largest(), value: state.radius });
  find('#size output').textContent = `${2 * state.radius + 1} px`;
  slider('size').disabled = !['brush', 'line'].includes(state.tool);    // hidden, it would move all beside it
  slider('opacity').value = Math.round(100 * state.opacity);
  find('#opacity output').textContent = `${Math.round(100 * state.opacity)}%`;
  find('#before').setAttribute('aria-pressed', state.showsBefore);
  find('#before').disabled = !before;
  photo(scene, picture);
  layouts();
  document.title = `${state.name ? `${optionOf(state.name).text} – ` : ''}semsynth editor`;
}

function photo(scene) {
  const kept = Boolean(scene?.photo);
  find('#whole').hidden = find('#feather').hidden = !kept;
  find('#whole').setAttribute('aria-pressed', state.showsWhole);
  if (kept && document.activeElement !== slider('feather')) {
    slider('feather').value = scene.feather;
    find('#feather output').textContent = `${scene.feather} px`;
  }
  const caption = state.showsBefore ? 'Before the edits' : kept && !state.showsWhole ? 'The photo, with your edits' :
    'Synthesised image';
  find('#image figcaption').textContent = caption;
  panes.image.setAttribute('aria-label', caption);
}

function layouts() {
  const names = state.layouts, listed = names.includes(state.name), key = [state.name, ...names].join('\n');
  if (key === offered) return;
  offered = key;
  const select = find('#layouts');
  select.replaceChildren(...(listed ? [] : [new Option(state.name ?? 'Choose…', '')]), ...names.map(optionOf));
  select.value = listed ? state.name : '';
  select.closest('label').hidden = !names.length && !state.name;
}
