// What a press, a drag and a release do with each tool. Points are pixels of the layout.
import { edit, select } from './editing.js';
import { clampPixel, cornersOf, meet, objectAt, silhouette } from './geometry.js';
import { markOf } from './pane.js';
import { changed, className, draw, isThing, objectName, say, state } from './state.js';

const DRAWN = ['brush', 'line', 'rectangle'];    // by one drag
const NEAR = 10;     // CSS pixels from a polygon's first corner that close it
const REST = 400;    // ms without an arrow key until a move is sent

let painter = 'brush', resting = 0;    // the last tool that painted

export function choose(name) {
  drop();
  if (!['select', 'pick'].includes(name)) painter = name;
  state.tool = name;
  state.picksStyle = false;
  say('');
}

export function chooseKind(index) {
  state.kind = index;
  if (state.tool === 'select' || state.tool === 'pick') choose(painter);
  changed();
}

export function resize(step) {
  state.radius = Math.min(Math.max(state.radius + step, 0), largest());
  changed();
}

export const largest = () => state.scene ? Math.ceil(Math.max(state.scene.width, state.scene.height) / 8) : 64;

// An object is pointed at, on a canvas or in the list.
export function point(object) {
  if (!state.picksStyle) return select(object);
  edit('style', { id: state.selected.id, like: object.id });
  state.picksStyle = false;
}

// Answers whether the view is to be dragged instead.
export function press(at, scale, alt) {
  rest();
  const { scene, selected } = state, object = objectAt(scene, at), [x, y] = clampPixel(scene, at);
  if (state.picksStyle) {
    point(object);
  } else if (alt || state.tool === 'pick') {
    state.kind = scene.label[y * scene.width + x];
    if (state.tool === 'pick') choose(painter);
  } else if (state.tool === 'select') {
    if (object !== selected) point(object);
    if (!object.whole || (object !== selected && !isThing(object.kind))) return true;
    state.gesture = { tool: 'select', from: at, dx: 0, dy: 0 };
  } else if (DRAWN.includes(state.tool)) {
    const points = state.tool === 'brush' ? [at] : [at, at];
    state.gesture = { tool: state.tool, points, radius: state.radius, kind: state.kind };
  } else if (state.tool === 'fill') {
    edit('fill', { x, y, class_index: state.kind, extend: !isThing(state.kind) });
  } else {
    corner(at, scale);
  }
  changed();
  return false;
}

function corner(point, scale) {
  const points = state.gesture?.points ?? [];
  if (points.length > 2 && Math.hypot(point[0] - points[0][0], point[1] - points[0][1]) * scale < NEAR) finish();
  else state.gesture = { tool: 'polygon', points: [...points, point], kind: state.kind };
}

export function drag(points) {
  const { gesture } = state, point = points.at(-1);
  if (gesture?.tool === 'brush') gesture.points.push(...points);
  else if (gesture?.tool === 'select') Object.assign(gesture, offset(gesture.from, point));
  else if (gesture && gesture.tool !== 'polygon') gesture.points[1] = point;
  draw();
}

const offset = (from, to) => ({ dx: Math.round(to[0] - from[0]), dy: Math.round(to[1] - from[1]) });

export function release() {
  const { gesture } = state;
  if (!gesture || gesture.tool === 'polygon') return;
  state.gesture = null;
  if (gesture.tool === 'select') move(gesture);
  else paint(gesture);
}

function paint(gesture) {
  const { tool, radius, kind } = gesture, mark = markOf(gesture), more = { class_index: kind, extend: continues(mark) };
  const points = tool === 'rectangle' ? cornersOf(gesture.points) : gesture.points;
  const rounded = points.map((point) => point.map((value) => Math.round(value * 10) / 10));
  if (tool === 'brush' || tool === 'line') edit('brush', { points: rounded, radius, ...more }, mark);
  else edit('polygon', { points: rounded, ...more }, mark);
}

// Whether a thing that is drawn is part of the selected one, or of the one that is not in the scene yet: they meet.
function continues(mark) {
  const { marks, scene, selected } = state, latest = marks.findLast((each) => each.kind === mark.kind && !each.moves);
  if (!isThing(mark.kind)) return true;
  if (latest) return meet(scene, latest, mark);
  return selected?.kind === mark.kind && meet(scene, { path: silhouette(scene, selected) }, mark);
}

function move({ dx, dy }) {
  const { scene, selected } = state;
  if (!selected || !(dx || dy)) return changed();
  const path = new Path2D();
  path.addPath(silhouette(scene, selected), new DOMMatrix().translate(dx, dy));
  edit('move', { id: selected.id, dx, dy }, { path, kind: selected.kind, moves: true });
}

// Close a polygon.
export function finish() {
  const { gesture } = state;
  if (gesture?.tool !== 'polygon') return;
  state.gesture = null;
  if (gesture.points.length > 2) paint(gesture);
  changed();
}

// Leave a gesture; answers whether there was one.
export function drop() {
  const dropped = state.gesture !== null;
  state.gesture = null;
  changed();
  return dropped;
}

export function escape() {
  if (drop()) return;
  if (state.picksStyle) state.picksStyle = false;
  else if (state.selected) select(null);
  say('');
}

// Move the selected object by an arrow key: shown at once, sent when the keys rest.
export function nudge(dx, dy) {
  if (!state.selected?.whole) return false;
  state.nudge = { dx: (state.nudge?.dx ?? 0) + dx, dy: (state.nudge?.dy ?? 0) + dy };
  clearTimeout(resting);
  resting = setTimeout(rest, REST);
  draw();
  return true;
}

// Send the moves by arrow keys; before whatever follows.
export function rest() {
  clearTimeout(resting);
  const { nudge: moved } = state;
  state.nudge = null;
  if (moved) move(moved);
}

export function undo() {
  rest();
  if (state.scene?.undo || state.marks.length) edit('undo');
}

export function redo() {
  rest();
  if (state.scene?.redo) edit('redo');
}

export function remove() {
  rest();
  if (state.selected?.whole) edit('remove', { id: state.selected.id });
}

const HINTS = {
  select: () => 'Click an object to select it. Drag it to move it.',
  fill: (name) => `Click a region to make it ${name}.`,
  polygon: (name) => `Click corner by corner to draw ${name}. The first corner or Enter closes it, Escape drops it.`,
  pick: () => 'Click to paint with the class that is there.',
};

// What the chosen tool does now, in a sentence.
export function hint() {
  const { scene, selected, kind, tool } = state;
  if (!scene?.width) return '';
  if (state.picksStyle) return 'Click the object whose style the selected one is to get.';
  if (tool === 'select' && selected) {
    return selected.whole ? `${objectName(selected)}: drag it or press arrow keys to move it.` :
      `${objectName(selected)} is background of several classes: paint on it.`;
  }
  const name = className(kind);
  if (!DRAWN.includes(tool)) return HINTS[tool](name);
  if (selected?.whole && selected.kind === kind && isThing(kind)) {
    return `Drag at ${objectName(selected)} to extend it, elsewhere to draw a new ${name}.`;
  }
  return isThing(kind) ? `Drag to draw a new ${name}.` : `Drag to draw ${name}.`;
}
