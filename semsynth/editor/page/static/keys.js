// The keyboard. Keys work wherever the focus is, but for text fields and what a focused control needs itself.
import { find } from './dom.js';
import { save } from './keeping.js';
import { panes } from './pane.js';
import { space } from './pointer.js';
import { changed, draw, state } from './state.js';
import * as tools from './tools.js';
import { panBy, reset, zoomAt } from './viewport.js';

const ARROWS = { arrowleft: [-1, 0], arrowright: [1, 0], arrowup: [0, -1], arrowdown: [0, 1] };
const PAN = 40;    // CSS pixels by an arrow key

const press = (selector) => () => {
  const control = find(selector);
  if (control.checkVisibility() && !control.disabled) control.click();
};

// By key: what it does, and what the help says of it.
export const KEYS = [
  ['Tools', [
    ['v', 'Select and move objects', () => tools.choose('select')],
    ['b', 'Brush', () => tools.choose('brush')],
    ['l', 'Line', () => tools.choose('line')],
    ['r', 'Rectangle', () => tools.choose('rectangle')],
    ['p', 'Polygon', () => tools.choose('polygon')],
    ['f', 'Fill', () => tools.choose('fill')],
    ['i', 'Pick the class under the pointer; also Alt and a click with any tool', () => tools.choose('pick')],
    ['[', 'Thinner brush', () => tools.resize(-1)],
    [']', 'Thicker brush', () => tools.resize(1)],
    ['/', 'Find a class', () => find('#classes input').focus()],
  ]],
  ['Objects', [
    ['delete', 'Remove the selected object', tools.remove],
    ['enter', 'Close a polygon', tools.finish],
    ['escape', 'Drop a polygon, or deselect', tools.escape],
    ['s', 'Another style', press('#random')],
    ['a', 'Another look', press('#another')],
  ]],
  ['View', [
    ['+', 'Zoom in; also the wheel or two fingers', () => zoom(1.5)],
    ['-', 'Zoom out', () => zoom(1 / 1.5)],
    ['0', 'Show all', () => { reset(); changed(); }],
    ['c', 'Hold: the image before the edits', () => showBefore(true)],
  ]],
  ['Work', [
    ['o', 'Open', press('#open')],
    ['n', 'An empty canvas', press('#new')],
    ['?', 'These keys', press('#help')],
  ]],
];
const SHOWN = [
  ['Objects', 'Arrows', 'Move the selected object by a pixel, with Shift by ten'],
  ['View', 'Space', 'Hold and drag: move the view; also the middle button, or arrows when nothing is selected'],
  ['Work', 'Ctrl+Z', 'Undo'],
  ['Work', 'Ctrl+Shift+Z, Ctrl+Y', 'Redo'],
  ['Work', 'Ctrl+S', 'Save the project'],
];

const plain = Object.fromEntries(KEYS.flatMap(([, keys]) => keys.map(([key, , action]) => [key, action])));
Object.assign(plain, { backspace: tools.remove, '=': plain['+'] });
const saveProject = () => state.scene?.width && save('project');
const commands = { z: tools.undo, Z: tools.redo, y: tools.redo, s: saveProject };

export function start() {
  document.addEventListener('keydown', down);
  document.addEventListener('keyup', up);
  window.addEventListener('blur', () => { space.held = false; showBefore(false); });
  // With the mouse a control is used and left: the next key is the canvas's.
  document.addEventListener('click', (event) => {
    const control = event.detail && event.target.closest('button:not([popovertarget]), input[type=range], summary');
    if (control && !control.closest('dialog, [popover]')) focusCanvas();
  });
  document.addEventListener('change', (event) => {
    if (event.target.matches('select') && !event.target.closest('dialog')) focusCanvas();
  });
}

const focusCanvas = () => panes.layout.focus({ preventScroll: true, focusVisible: false });

const zoom = (factor) => {
  if (state.scene?.width) zoomAt(panes.layout, state.scene, factor);
  changed();
};

function showBefore(shows) {
  if (state.showsBefore === shows) return;
  state.showsBefore = shows;
  changed();
}

function down(event) {
  const { target } = event, key = event.key.toLowerCase();
  if (find('dialog[open]') || opened(target)) return;
  if (target.matches('input:not([type=range]), textarea')) {
    if (key === 'escape' && !target.closest('[popover]')) focusCanvas();
    return;
  }
  const action = actionOf(event, key);
  if (!action) return;
  event.preventDefault();
  action();
}

function opened(target) {
  return target.matches('select') && CSS.supports('selector(:open)') && target.matches(':open');
}

function actionOf(event, key) {
  const { target } = event;
  if (event.ctrlKey || event.metaKey) return event.altKey ? null : commands[event.shiftKey ? key.toUpperCase() : key];
  const own = target.closest('button, select, summary, input, [role=option]');    // a control's own keys
  if (own && (key === ' ' || key === 'enter' || key in ARROWS)) return null;
  if (key in ARROWS) return () => arrow(ARROWS[key], event.shiftKey ? 10 : 1);
  if (key === ' ') return () => { space.held = true; };
  if (key === 'enter' && state.gesture?.tool !== 'polygon') return null;
  return event.altKey ? null : plain[key];
}

function arrow([x, y], step) {
  if (tools.nudge(x * step, y * step) || !state.scene?.width) return;
  panBy(panes.layout, state.scene, -x * PAN, -y * PAN);
  draw();
}

function up(event) {
  if (event.key === ' ') space.held = false;
  if (event.key.toLowerCase() === 'c') showBefore(false);
}

// The help's table.
export function help() {
  const name = (key) => key.length > 1 ? key[0].toUpperCase() + key.slice(1) : key.toUpperCase();
  return KEYS.map(([title, keys]) => [title, [
    ...keys.map(([key, says]) => [name(key), says]),
    ...SHOWN.filter(([where]) => where === title).map(([, key, says]) => [key, says])]]);
}
