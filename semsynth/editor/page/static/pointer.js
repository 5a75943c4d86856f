// Mouse, pen and fingers on the canvases: a press goes to the tool; two fingers, the wheel, the middle button or the
// space key zoom and move the view.
import { objectAt } from './geometry.js';
import { panes } from './pane.js';
import { changed, draw, state } from './state.js';
import * as tools from './tools.js';
import { panBy, placed, pointAt, zoomAt } from './viewport.js';

const STILL = 4;    // CSS pixels that a finger may move and still be at the same place

const fingers = new Map();
let pans = false, pinch = null;
let waits = null;    // a finger's press, until it moves or is lifted: a second finger may come

export const space = { held: false };

export function start() {
  for (const canvas of Object.values(panes)) {
    canvas.addEventListener('pointerdown', (event) => state.scene?.width && down(canvas, event));
    canvas.addEventListener('pointermove', (event) => state.scene?.width && move(canvas, event));
    canvas.addEventListener('pointerup', up);
    canvas.addEventListener('pointercancel', cancel);
    canvas.addEventListener('pointerleave', leave);
    canvas.addEventListener('wheel', (event) => state.scene?.width && wheel(canvas, event), { passive: false });
  }
}

function down(canvas, event) {
  event.preventDefault();
  panes.layout.focus({ preventScroll: true, focusVisible: false });
  canvas.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, event);
  if (fingers.size === 2) {
    if (!waits) tools.drop();
    waits = null;
    pans = false;
    pinch = spread();
  } else if (event.button === 1 || space.held) {
    pans = true;
  } else if (event.button === 0 && fingers.size === 1) {
    if (event.pointerType === 'touch') waits = event;
    else press(canvas, event);
  }
  canvas.classList.toggle('grabbed', pans);
}

function press(canvas, event) {
  waits = null;
  pans = tools.press(pointAt(canvas, state.scene, event), placed(canvas, state.scene).scale, event.altKey);
}

function move(canvas, event) {
  const before = fingers.get(event.pointerId);
  if (before) fingers.set(event.pointerId, event);
  if (pinch && fingers.size === 2) return pinched(canvas);
  if (waits && Math.hypot(event.clientX - waits.clientX, event.clientY - waits.clientY) < STILL) return;
  if (waits) press(canvas, waits);
  const point = pointAt(canvas, state.scene, event);
  state.pointer = point;
  if (pans && before) {
    panBy(canvas, state.scene, event.clientX - before.clientX, event.clientY - before.clientY);
  } else if (state.gesture && before) {
    const steps = event.getCoalescedEvents?.() ?? [];
    tools.drag((steps.length ? steps : [event]).map((each) => pointAt(canvas, state.scene, each)));
  } else {
    state.hovered = event.pointerType === 'touch' ? null : objectAt(state.scene, point);
  }
  draw();
}

function spread() {
  const [one, two] = [...fingers.values()];
  return { distance: Math.hypot(one.clientX - two.clientX, one.clientY - two.clientY),
    clientX: (one.clientX + two.clientX) / 2, clientY: (one.clientY + two.clientY) / 2 };
}

function pinched(canvas) {
  const now = spread();
  panBy(canvas, state.scene, now.clientX - pinch.clientX, now.clientY - pinch.clientY);
  zoomAt(canvas, state.scene, now.distance / pinch.distance, now);
  pinch = now;
  changed();
}

function up(event) {
  if (waits) press(event.currentTarget, waits);
  if (!pinch && !pans) tools.release();
  let_go(event);
}

function cancel(event) {
  waits = null;
  tools.drop();
  let_go(event);
}

function let_go(event) {
  fingers.delete(event.pointerId);
  if (!fingers.size) pinch = null;
  pans = false;
  event.currentTarget.classList.remove('grabbed');
  if (event.pointerType === 'touch') leave();
}

function leave() {
  state.pointer = state.hovered = null;
  draw();
}

function wheel(canvas, event) {
  event.preventDefault();
  const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1);
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    panBy(canvas, state.scene, -(event.deltaX || pixels), 0);
  } else {
    zoomAt(canvas, state.scene, 2 ** (-pixels / (event.ctrlKey ? 100 : 300)), event);
  }
  state.pointer = pointAt(canvas, state.scene, event);
  changed();
}
