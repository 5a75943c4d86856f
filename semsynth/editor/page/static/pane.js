// The canvases of layout and image: what they show, and how it is drawn.
import { find } from './dom.js';
import { circle, cornersOf, outline, pathOf, silhouette } from './geometry.js';
import { colour, draw, onChange, onDraw, pointsAtObjects, state } from './state.js';
import { placed } from './viewport.js';

const frame = find('.panes');

export const panes = {
  layout: find('#layout canvas'),
  image: find('#image canvas'),
};

// How a gesture of a tool is drawn: a path, which is filled, or drawn as wide as `width` pixels of the layout.
export function markOf({ tool, points, radius, kind }) {
  if (tool === 'rectangle') return { path: pathOf(cornersOf(points), true), kind };
  if (tool === 'polygon') return { path: pathOf(points, true), kind };
  return { path: pathOf(points), width: 2 * radius + 1, kind };
}

export function start() {
  new ResizeObserver(arrange).observe(frame);
  onChange(arrange);
  for (const [shows, canvas] of Object.entries(panes)) {
    new ResizeObserver(() => { fit(canvas); paint(canvas, shows); }).observe(canvas);
    onDraw(() => paint(canvas, shows));
  }
  matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener('change', draw);
}

// Side by side or one above the other: as the pictures are larger.
function arrange() {
  if (!state.scene?.width) return;
  const { width, height } = state.scene, { clientWidth, clientHeight } = frame;
  const beside = Math.min(clientWidth / 2 / width, clientHeight / height);
  frame.classList.toggle('stacked', Math.min(clientWidth / width, clientHeight / 2 / height) > beside);
  frame.style.setProperty('--ratio', width / height);
}

function fit(canvas) {
  const ratio = devicePixelRatio, width = Math.round(canvas.clientWidth * ratio);
  Object.assign(canvas, { width, height: Math.round(canvas.clientHeight * ratio) });
}

function paint(canvas, shows) {
  const context = canvas.getContext('2d'), { scene } = state;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (!scene?.width) return;
  const { scale, left, top } = placed(canvas, scene), ratio = devicePixelRatio;
  context.setTransform(scale * ratio, 0, 0, scale * ratio, left * ratio, top * ratio);
  context.lineJoin = context.lineCap = 'round';
  const pen = penOf(context, 1 / scale);
  if (shows === 'layout') background(context, scene, scene.colours, 1, false);
  else image(context, scene);
  if (shows === 'layout' || state.opacity) {
    context.imageSmoothingEnabled = true;
    context.drawImage(scene.borders, 0, 0, scene.width, scene.height);
  }
  if (shows === 'image' && state.showsBefore) return;
  marks(context, shows === 'layout' ? 1 : 0.5);
  if (shows === 'image' && !state.pointer && !state.nudge) return;    // to be looked at without lines
  chosen(context, scene, pen);
  tool(context, pen);
}

function background(context, scene, picture, alpha, smooth) {
  context.globalAlpha = alpha;
  context.imageSmoothingEnabled = smooth;
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, 0, 0, scene.width, scene.height);
  context.globalAlpha = 1;
}

function image(context, scene) {
  const picture = state.showsBefore ? state.before : state.picture?.bitmap;
  if (picture) background(context, scene, picture, 1, true);
  if (state.opacity) background(context, scene, scene.colours, state.opacity, false);
}

// Lines as wide as on the screen, seen on light and on dark ground.
function penOf(context, pixel) {
  const line = (path, style, width) => {
    context.strokeStyle = style;
    context.lineWidth = width * pixel;
    context.stroke(path);
  };
  return { pixel, line, twice: (path) => { line(path, '#000', 4); line(path, '#fff', 2); } };
}

function marks(context, alpha) {
  const drawn = state.gesture?.points && state.gesture.tool !== 'polygon' ? [markOf(state.gesture)] : [];
  for (const { path, width, kind } of [...state.marks, ...drawn]) {
    context.strokeStyle = context.fillStyle = colour(kind, alpha);
    context.lineWidth = width ?? 1;
    if (width === undefined) context.fill(path);
    context.stroke(path);
  }
}

function chosen(context, scene, pen) {
  const { hovered, selected, gesture, nudge } = state;
  if (hovered && hovered !== selected && (pointsAtObjects() || !state.pointer)) {
    pen.line(outline(scene, hovered), 'rgb(255 255 255 / .85)', 1.5);
  }
  if (!selected) return;
  const moved = gesture?.tool === 'select' ? gesture : nudge;
  context.save();
  if (moved && (moved.dx || moved.dy)) {
    context.translate(moved.dx, moved.dy);
    context.fillStyle = colour(selected.kind, 0.7);
    context.fill(silhouette(scene, selected));
  }
  pen.twice(outline(scene, selected));
  context.restore();
}

function tool(context, pen) {
  const { gesture, pointer } = state;
  if (gesture?.tool === 'polygon') {
    const corners = pointer ? [...gesture.points, pointer] : gesture.points, path = pathOf(corners, corners.length > 2);
    context.fillStyle = colour(gesture.kind, 0.5);
    context.fill(path);
    pen.twice(path);
    pen.twice(circle(gesture.points[0], 5 * pen.pixel));
  }
  if (pointer && (state.tool === 'brush' || state.tool === 'line')) pen.twice(circle(pointer, state.radius + 0.5));
}
