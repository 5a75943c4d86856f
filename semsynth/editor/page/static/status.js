// The line below: what the tool does or what went wrong, what is under the pointer, and what the model is doing.
import { find } from './dom.js';
import { objectName, onChange, onDraw, state } from './state.js';
import { hint } from './tools.js';

let ticking = null;

export function start() {
  onChange(show);
  onDraw(under);
}

function show() {
  const { message, bad, unreachable } = state;
  const text = unreachable ? 'The editor does not answer. What you do is sent as soon as it does.' : message || hint();
  if (find('#message').textContent !== text) find('#message').textContent = text;
  find('#message').classList.toggle('bad', unreachable || (bad && Boolean(message)));
  const since = state.openingSince ?? state.workingSince;
  document.body.classList.toggle('busy', since !== null);
  if (since !== null) ticking ??= setInterval(tick, 100);
  else clearInterval(ticking), ticking = null;
  tick();
}

function tick() {
  const { openingSince, workingSince, picture, elapsed } = state, now = performance.now();
  const passed = (since) => `${((now - since) / 1000).toFixed(1)} s`;
  const after = elapsed ? `, image ${elapsed.toFixed(2)} s after the edit` : '';
  const done = picture && `${picture.seconds ? `Model ${picture.seconds.toFixed(2)} s` : 'Model not needed'}${after}`;
  find('#model').textContent = openingSince !== null ? `Opening… ${passed(openingSince)}` :
    workingSince !== null ? `The model is at work… ${passed(workingSince)}` : done ?? '';
}

function under() {
  const { hovered, pointer, scene } = state;
  find('#under').textContent = pointer && hovered ? `${objectName(hovered)} at ${pointer.map(Math.round).join(', ')}` :
    scene?.width ? `${scene.width} × ${scene.height}` : '';
}
