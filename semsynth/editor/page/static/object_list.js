// Objects as a list of buttons, which the keyboard and a screen reader reach.
import { make } from './dom.js';
import { colour, isThing, objectName } from './state.js';

// Things come first, and large ones before small ones. `choose(object)` follows a click, `hover(object or null)` the
// pointer.
export function listObjects(root, scene, choose, hover) {
  const order = (one, other) => isThing(other.kind) - isThing(one.kind) || other.area - one.area;
  root.replaceChildren(...[...scene.objects].sort(order).map((object) => {
    const button = make('button');
    button.dataset.id = object.id;
    button.append(swatch(object.kind), ` ${objectName(object)}`);
    button.onclick = () => choose(object);
    button.onpointerenter = button.onfocus = () => hover(object);
    button.onpointerleave = button.onblur = () => hover(null);
    return button;
  }));
}

export function swatch(kind) {
  const mark = make('i');
  mark.style.background = colour(kind);
  return mark;
}
