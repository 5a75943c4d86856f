// Zoom and pan, which the layout's and the image's pane share. Zoom 1 fits the layout into the pane.
const MOST = 40;    // CSS pixels that a pixel of the layout is enlarged to

export const viewport = { zoom: 1, x: 0.5, y: 0.5 };    // x, y: the middle of the pane, as parts of width and height

export function reset() {
  Object.assign(viewport, { zoom: 1, x: 0.5, y: 0.5 });
}

// How a view lies in a pane, in CSS pixels: `scale`, and the place of its upper left corner.
export function placed(pane, view, { zoom, x, y } = viewport) {
  const { clientWidth, clientHeight } = pane;
  const scale = Math.min(clientWidth / view.width, clientHeight / view.height) * zoom;
  return { scale, left: clientWidth / 2 - x * view.width * scale, top: clientHeight / 2 - y * view.height * scale };
}

// A point on the screen in pixels of the layout, the middle of the first at (0, 0).
export function pointAt(pane, view, event, port = viewport) {
  const box = pane.getBoundingClientRect(), { scale, left, top } = placed(pane, view, port);
  return [(event.clientX - box.left - left) / scale - 0.5, (event.clientY - box.top - top) / scale - 0.5];
}

// Zoom by a factor; what is under the point on the screen stays there.
export function zoomAt(pane, view, factor, event = null) {
  const box = pane.getBoundingClientRect();
  const at = event ?? { clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 };
  const [x, y] = pointAt(pane, view, at), fit = placed(pane, view).scale / viewport.zoom;
  viewport.zoom = Math.min(Math.max(viewport.zoom * factor, 1), Math.max(MOST / fit, 1));
  const [newX, newY] = pointAt(pane, view, at);
  viewport.x += (x - newX) / view.width;
  viewport.y += (y - newY) / view.height;
  keepInside(pane, view);
}

export function panBy(pane, view, dx, dy) {
  const { scale } = placed(pane, view);
  viewport.x -= dx / scale / view.width;
  viewport.y -= dy / scale / view.height;
  keepInside(pane, view);
}

// No empty margin where the enlarged layout could fill it.
function keepInside(pane, view) {
  const { scale } = placed(pane, view);
  for (const [axis, size, room] of [['x', view.width, pane.clientWidth], ['y', view.height, pane.clientHeight]]) {
    const half = Math.min(room / scale / size / 2, 0.5);
    viewport[axis] = Math.min(Math.max(viewport[axis], half), 1 - half);
  }
}
