// The panels beside the canvases: classes, the selected object, the look, and the list of objects.
import { classList } from './class_list.js';
import { find, make } from './dom.js';
import { edit, lookOf, select } from './editing.js';
import { listObjects, swatch } from './object_list.js';
import { panes } from './pane.js';
import { changed, draw, objectName, onChange, state } from './state.js';
import { chooseKind, point, remove } from './tools.js';

let listed = null;    // the scene whose objects are listed

const painted = classList(find('#classes'), chooseKind);
const others = classList(find('#kinds'), (index) => {
  find('#kinds').hidePopover();
  panes.layout.focus({ preventScroll: true, focusVisible: false });
  edit('relabel', { id: state.selected.id, class_index: index });
});

export function start() {
  find('#remove').onclick = remove;
  find('#deselect').onclick = () => select(null);
  find('#like').onclick = () => { state.picksStyle = !state.picksStyle; changed(); };
  find('#random').onclick = () => edit('style', { id: state.selected.id, cluster: another(state.selected) });
  find('#another').onclick = () => edit('look', { seed: Math.floor(Math.random() * 2 ** 31) });
  find('#of-photo input').onchange = (event) => {
    const [photo] = event.target.files;
    event.target.value = '';
    if (photo) lookOf(photo);
  };
  find('#objects').ontoggle = show;
  onChange(show);
}

// What the model has, once it is known.
export function build() {
  const { setup } = state;
  painted.build();
  others.build();
  state.kind = setup.things[0] ?? 0;
  find('#look').hidden = !setup.latent && !setup.looks_of_photos;
  find('#another').hidden = !setup.latent;
  find('#of-photo').hidden = !setup.looks_of_photos;
}

function another({ kind, cluster }) {
  const rest = [...state.setup.clusters[kind].keys()].filter((each) => each !== cluster);
  return rest[Math.floor(Math.random() * rest.length)];
}

function show() {
  const { scene, selected } = state, objects = find('#objects .objects');
  painted.show(state.kind);
  find('#object .none').hidden = Boolean(selected);
  find('#object .some').hidden = !selected;
  if (selected) describe(selected);
  if (scene && find('#objects').open && listed !== scene) {
    listObjects(objects, scene, point, (object) => { state.hovered = object; draw(); });
    listed = scene;
  }
  for (const each of objects.children) each.setAttribute('aria-pressed', Number(each.dataset.id) === selected?.id);
}

function describe(object) {
  find('#object .what').replaceChildren(swatch(object.kind), ` ${objectName(object)}, ${object.area} pixels`);
  find('#relabel').hidden = find('#remove').hidden = !object.whole;
  others.show(object.kind);
  const clusters = state.setup.clusters[object.kind] ?? [];
  find('.style').hidden = !state.setup.styled;
  find('#random').hidden = clusters.length < 2;
  find('#like').setAttribute('aria-pressed', state.picksStyle);
  if (find('.clusters').dataset.kind !== String(object.kind)) buildClusters(object.kind, clusters);
  [...find('.clusters').children].forEach((each, index) => each.setAttribute('aria-pressed', index === object.cluster));
}

function buildClusters(kind, clusters) {
  find('.clusters').dataset.kind = kind;
  find('.clusters').replaceChildren(...clusters.map((picture, index) => {
    const name = `Style ${index + 1}`, button = make('button', { title: name, ariaLabel: name });
    button.append(picture ? make('img', { src: picture, alt: '' }) : index + 1);
    button.onclick = () => edit('style', { id: state.selected.id, cluster: index });
    return button;
  }));
}
