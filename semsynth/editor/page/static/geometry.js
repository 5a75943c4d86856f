// Paths and rasters of a layout, in its pixels. `scene.places` says for each pixel the place of its object in the list
// `scene.objects`; the middle of the first pixel is at (0, 0), so that paths are half a pixel to the right and below.
import { make } from './dom.js';

export function pathOf(points, closed = false) {
  const path = new Path2D();
  points.forEach(([x, y]) => path.lineTo(x + 0.5, y + 0.5));
  if (points.length === 1) path.lineTo(points[0][0] + 0.5, points[0][1] + 0.501);
  if (closed) path.closePath();
  return path;
}

// The corners of a rectangle, by two that are opposite.
export const cornersOf = ([[left, top], [right, bottom]]) =>
  [[left, top], [right, top], [right, bottom], [left, bottom]];

export function circle([x, y], radius) {
  const path = new Path2D();
  path.arc(x + 0.5, y + 0.5, radius, 0, 2 * Math.PI);
  return path;
}

// The line around an object, kept with it.
export function outline(scene, object) {
  if (object.outline) return object.outline;
  const { places, width } = scene, place = scene.objects.indexOf(object), [left, top, right, bottom] = object.box;
  const within = (x, y) => x >= left && x < right && y >= top && y < bottom && places[y * width + x] === place;
  const path = new Path2D();
  for (let y = top; y <= bottom; y++) {    // runs of edges between a row and the one above
    for (let x = left, start = -1; x <= right; x++) {
      const edge = x < right && within(x, y) !== within(x, y - 1);
      if (edge && start < 0) start = x;
      if (!edge && start >= 0) path.moveTo(start, y), path.lineTo(x, y), start = -1;
    }
  }
  for (let x = left; x <= right; x++) {
    for (let y = top, start = -1; y <= bottom; y++) {
      const edge = y < bottom && within(x, y) !== within(x - 1, y);
      if (edge && start < 0) start = y;
      if (!edge && start >= 0) path.moveTo(x, start), path.lineTo(x, y), start = -1;
    }
  }
  return object.outline = path;
}

// The pixels of an object as a path to fill, kept with it.
export function silhouette(scene, object) {
  if (object.silhouette) return object.silhouette;
  const { places, width } = scene, place = scene.objects.indexOf(object), [left, top, right, bottom] = object.box;
  const path = new Path2D();
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const start = x;
      while (x < right && places[y * width + x] === place) x++;
      if (x > start) path.rect(start, y, x - start, 1);
    }
  }
  return object.silhouette = path;
}

// The label map in the classes' colours.
export function colourLabels(scene, palette) {
  const { label, width, height } = scene;
  const table = new Uint32Array(Math.max(256, palette.length)).fill(0xff000000);
  palette.forEach(([red, green, blue], index) => { table[index] = 0xff000000 | blue << 16 | green << 8 | red; });
  const pixels = new Uint32Array(width * height);
  for (let i = 0; i < pixels.length; i++) pixels[i] = table[label[i]];
  return canvasOf(pixels, width, height);
}

// Thin lines between neighbouring objects, on a canvas fine enough that they stay thin when a small layout is enlarged.
export function borders(scene) {
  const { places, width, height } = scene, fine = Math.max(1, Math.round(1600 / width));
  const pixels = new Uint32Array(width * height * fine * fine), line = 0x66ffffff, stride = width * fine;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const start = y * fine * stride + x * fine;
      if (x && places[i] !== places[i - 1]) for (let k = 0; k < fine; k++) pixels[start + k * stride] = line;
      if (y && places[i] !== places[i - width]) pixels.fill(line, start, start + fine);
    }
  }
  return canvasOf(pixels, stride, height * fine);
}

function canvasOf(pixels, width, height) {
  const canvas = make('canvas', { width, height });
  const data = new ImageData(new Uint8ClampedArray(pixels.buffer), width, height);
  canvas.getContext('2d').putImageData(data, 0, 0);
  return canvas;
}

// Whether two marks, { path, width } drawn or { path } filled, lie on each other or beside each other.
export function meet(scene, one, other) {
  const scale = Math.min(1, 512 / Math.max(scene.width, scene.height));
  const canvas = new OffscreenCanvas(Math.ceil(scene.width * scale), Math.ceil(scene.height * scale));
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.scale(scale, scale);
  context.lineCap = context.lineJoin = 'round';
  for (const { path, width } of [one, other]) {
    context.lineWidth = width + 2;
    if (width) context.stroke(path);
    else context.fill(path);
    context.globalCompositeOperation = 'source-in';
  }
  return context.getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value);
}

export function clampPixel(scene, [x, y]) {
  const within = (value, size) => Math.min(Math.max(Math.round(value), 0), size - 1);
  return [within(x, scene.width), within(y, scene.height)];
}

export function objectAt(scene, point) {
  const [x, y] = clampPixel(scene, point);
  return scene.objects[scene.places[y * scene.width + x]];
}
