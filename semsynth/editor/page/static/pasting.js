// Pasting an object of another layout.
import { find } from './dom.js';
import { ask, edit } from './editing.js';
import { borders, colourLabels, objectAt, outline } from './geometry.js';
import { listObjects } from './object_list.js';
import * as server from './server.js';
import { onChange, say, state } from './state.js';
import { placed, pointAt } from './viewport.js';

const WHOLE = { zoom: 1, x: 0.5, y: 0.5 };

const root = find('#paste'), canvas = root.querySelector('canvas'), choice = root.querySelector('select');

let other = null, hovered = null, offered = null;

export function start() {
  const under = (event) => objectAt(other, pointAt(canvas, other, event, WHOLE));
  choice.onchange = () => { if (choice.value) open(choice.value); };
  canvas.onclick = (event) => paste(under(event));
  canvas.onpointermove = (event) => hover(under(event));
  canvas.onpointerleave = () => hover(null);
  new ResizeObserver(paint).observe(canvas);
  onChange(offer);
}

export const optionOf = (name) => new Option(name.split('/').pop(), name);    // names hold the folders, too

function offer() {
  root.hidden = !state.layouts.length;
  if (offered === state.layouts.join('\n')) return;
  offered = state.layouts.join('\n');
  const { value } = choice;
  choice.replaceChildren(new Option('Choose…', ''), ...state.layouts.map(optionOf));
  choice.value = state.layouts.includes(value) ? value : '';
}

async function open(name) {
  try {
    const scene = await ask(() => server.otherLayout(name));
    other = Object.assign(scene, { name, colours: colourLabels(scene, state.setup.palette), borders: borders(scene) });
  } catch (error) {
    return say(error.message, true);
  }
  root.querySelector('p').textContent = 'Click an object to paste it where it is there.';
  canvas.hidden = false;
  canvas.style.aspectRatio = `${other.width} / ${other.height}`;
  listObjects(root.querySelector('.objects'), other, paste, hover);
  paint();
}

function paste(object) {
  if (state.scene?.width) edit('paste', { name: other.name, id: object.id });
}

function hover(object) {
  hovered = object;
  paint();
}

function paint() {
  if (!other) return;
  const ratio = devicePixelRatio, context = canvas.getContext('2d');
  canvas.width = Math.round(canvas.clientWidth * ratio);
  canvas.height = Math.round(canvas.clientHeight * ratio);
  const { scale } = placed(canvas, other, WHOLE);
  context.setTransform(scale * ratio, 0, 0, scale * ratio, 0, 0);
  for (const [picture, smooth] of [[other.colours, false], [other.borders, true]]) {
    context.imageSmoothingEnabled = smooth;
    context.drawImage(picture, 0, 0, other.width, other.height);
  }
  if (!hovered) return;
  for (const [style, width] of [['#000', 4], ['#fff', 2]]) {
    Object.assign(context, { strokeStyle: style, lineWidth: width / scale });
    context.stroke(outline(other, hovered));
  }
}
