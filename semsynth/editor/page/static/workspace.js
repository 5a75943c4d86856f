// The page: what the user does goes to the server (semsynth/editor/page/app.py), what comes back is drawn.
const root = document.querySelector('.workspace');
const find = (selector) => root.querySelector(selector);
const all = (selector) => [...root.querySelectorAll(selector)];

let setup = { classes: [], palette: [], things: [], clusters: {}, styled: false };
let session = null;      // the path of this tab's session
let scene = null;        // the last state of the layout
let other = null;        // the layout to paste from
let shown = -1;          // version of the scene that the image shows
let tool = 'select', kind = 0, selected = null, hovered = null;
let last = 0, waiting = [], sending = false, drawing = false, clock = null;    // actions, which are numbered
let wet = [];            // strokes that the layout does not show yet
let drag = null, stroke = null, corners = [], pointer = null, picksStyle = false;

// ---- What goes out and comes in

async function ask(path, options) {
  const response = await fetch(path, options).catch(() => { throw new Error('The server is gone: start it again.'); });
  if (response.ok) return response;
  throw new Error((await response.json().catch(() => ({}))).message || `The server answered ${response.status}.`);
}

const as_json = (content) => ({
  method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(content) });

function act(operation, more = {}) {
  last += 1;
  waiting.push({ operation, ...more });
  clock ??= performance.now();
  send();
  return last;
}

// One list of actions is under way at a time: requests can overtake each other.
async function send() {
  busy();
  if (sending || !waiting.length) return;
  sending = true;
  const actions = waiting, number = last;
  waiting = [];
  if (selected) actions.unshift({ operation: 'select', id: selected.id });
  try {
    const state = await read(await ask(`${session}/edit`, as_json(actions)));
    wet = wet.filter((each) => each.number > number);
    receive(state);
  } catch (error) {
    say(error.message, true);
  }
  sending = false;
  send();
}

function receive(state) {
  const renewed = !scene || scene.name !== state.name;
  list(state.layouts, state.name);
  if (state.width) {
    scene = state;
    if (renewed) corners = [], wet = [], drag = null;
    if (!waiting.length) selected = scene.objects.find((each) => each.id === state.selected) || null;
    hovered = null;
    show(panes.layout, scene);
    image();
  }
  say(state.message || '', true);
  refresh();
}

// One request at a time: the server makes the image of the newest scene when the model is free.
async function image() {
  if (drawing || !scene || scene.version === shown) return busy();
  drawing = true;
  busy();
  try {
    const response = await ask(`${session}/image`);
    const picture = await createImageBitmap(await response.blob());
    shown = Number(response.headers.get('X-Version'));
    if (scene.width === picture.width && scene.height === picture.height) {
      Object.assign(scene, { picture });
      show(panes.image, scene);
    }
    const seconds = Math.round(1000 * response.headers.get('X-Seconds'));
    await new Promise(requestAnimationFrame);
    find('.latency').textContent = clock === null ? `the model took ${seconds} ms` :
      `${Math.round(performance.now() - clock)} ms after the edit, ${seconds} ms of them the model`;
    if (!waiting.length && !sending) clock = null;
  } catch (error) {
    say(error.message, true);
    shown = scene.version;
  }
  drawing = false;
  image();
}

const busy = () => root.classList.toggle('busy', Boolean(sending || drawing || waiting.length));

// A state with `at`: for each pixel, the place of its object in the list.
async function read(response) {
  const buffer = await response.arrayBuffer(), length = new DataView(buffer).getUint32(0, true);
  const state = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const [ends, places, kinds] = [0, 1, 2].map((i) => new Uint32Array(buffer, 4 + length + 4 * i * state.runs, state.runs));
  if (!state.width) return state;
  const at = new Uint32Array(state.width * state.height), pixels = new ImageData(state.width, state.height);
  const colours = new Uint32Array(pixels.data.buffer);
  for (let i = 0, start = 0; i < state.runs; start = ends[i++]) {
    const [red, green, blue] = setup.palette[kinds[i]];
    at.fill(places[i], start, ends[i]);
    colours.fill(((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0, start, ends[i]);
  }
  return { ...state, at, pixels };
}

async function open(path, options) {
  shown = -1;
  root.classList.add('busy');
  try {
    receive(await read(await ask(path, options)));
  } catch (error) {
    say(error.message, true);
  }
  busy();
}

async function look_at(name) {
  try {
    other = await read(await ask(`${session}/layout?name=${encodeURIComponent(name)}`));
    find('.other .none').hidden = panes.other.box.hidden = false;
    show(panes.other, other);
  } catch (error) {
    say(error.message, true);
  }
}

async function download(part) {
  try {
    const response = await ask(`${session}/files/${part}`);
    const name = decodeURIComponent(response.headers.get('Content-Disposition').split("''")[1]);
    const address = URL.createObjectURL(await response.blob());
    Object.assign(document.createElement('a'), { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
  } catch (error) {
    say(error.message, true);
  }
}

async function start() {
  try {
    const begun = await (await ask('sessions', { method: 'POST' })).json();
    session = `sessions/${begun.session}`;
    setup = begun.setup;
    build();
    list(begun.layouts, null);
    const photo = find('.files .photo');
    photo.hidden = !setup.styled && !setup.labels_photos;
    find('.files').open = !begun.layouts.length;
    if (begun.layouts.length) await open(`${session}/open`, as_json({ name: begun.layouts[0] }));
  } catch (error) {
    say(error.message, true);
  }
}

const id_of = (object) => object ? object.id : null;

// ---- Drawing

function show(pane, view) {
  pane.view = view;
  Object.assign(pane.picture, { width: view.width, height: view.height });
  const context = pane.picture.getContext('2d');
  if (pane.shows === 'image') context.drawImage(view.picture, 0, 0);
  else context.putImageData(view.pixels, 0, 0);
  pane.box.style.setProperty('--ratio', view.width / view.height);
  pane.borders = pane.shows === 'layout' ? borders(view) : null;
  fit(pane);
}

function fit(pane) {
  const ratio = window.devicePixelRatio || 1;
  Object.assign(pane.overlay, { width: pane.box.clientWidth * ratio, height: pane.box.clientHeight * ratio });
}

// The lines between the objects that `wanted` picks (places in the list) and their neighbours, in pixels of the layout.
function borders(view, [left, top, right, bottom] = [0, 0, view.width, view.height], wanted = null) {
  const { at, width } = view, path = new Path2D();
  const inside = (x, y) => x >= left && x < right && y >= top && y < bottom;
  const value = (x, y) => inside(x, y) ? (wanted === null ? at[y * width + x] : at[y * width + x] === wanted) : -1;
  const differ = (a, b) => wanted === null ? a !== b && a !== -1 && b !== -1 : (a === true) !== (b === true);
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const here = value(x, y);
      if (differ(here, value(x - 1, y))) path.moveTo(x, y), path.lineTo(x, y + 1);
      if (differ(here, value(x, y - 1))) path.moveTo(x, y), path.lineTo(x + 1, y);
    }
  }
  return path;
}

const outline = (view, object) => object.outline ??= borders(view, object.box, view.objects.indexOf(object));

function rows(view, object) {
  if (object.rows) return object.rows;
  const place = view.objects.indexOf(object), [left, top, right, bottom] = object.box;
  object.rows = new Path2D();
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const start = x;
      while (x < right && view.at[y * view.width + x] === place) x++;
      if (x > start) object.rows.rect(start, y, x - start, 1);
    }
  }
  return object.rows;
}

const colour = (index, alpha = 1) => `rgb(${(setup.palette[index] || [0, 0, 0]).join(' ')} / ${alpha})`;

function paint(pane) {
  const view = pane.view;
  if (!view) return;
  const context = pane.overlay.getContext('2d');
  const scale = pane.overlay.width / view.width, thin = (window.devicePixelRatio || 1) / scale;
  const line = (path, style, width) => {
    context.strokeStyle = style;
    context.lineWidth = width * thin;
    context.stroke(path);
  };
  const twice = (path) => { line(path, '#000', 4); line(path, '#fff', 2); };
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  context.lineJoin = context.lineCap = 'round';
  if (pane.borders) line(pane.borders, 'rgb(255 255 255 / .35)', 1);
  if (pane === panes.other) {
    if (pane.hovered) twice(outline(view, pane.hovered));
    return;
  }
  for (const each of [...wet, ...(stroke ? [stroke] : [])]) {
    line(path_of(each.points, 0.5), colour(each.kind, pane.shows === 'layout' ? 1 : .5), (2 * each.radius + 1) / thin);
  }
  if (hovered && hovered !== selected && tool !== 'brush' && tool !== 'polygon') {
    line(outline(view, hovered), 'rgb(255 255 255 / .8)', 1.5);
  }
  if (selected) {
    context.save();
    if (drag && (drag.dx || drag.dy)) {
      context.translate(drag.dx, drag.dy);
      context.fillStyle = colour(selected.kind, .7);
      context.fill(rows(view, selected));
    }
    twice(outline(view, selected));
    context.restore();
  }
  if (corners.length) {
    const path = path_of(pointer ? [...corners, pointer] : corners, 0.5);
    if (corners.length > 1) {
      path.closePath();
      context.fillStyle = colour(kind, .5);
      context.fill(path);
    }
    twice(path);
    const [x, y] = corners[0], start = new Path2D();
    start.arc(x + .5, y + .5, 5 * thin, 0, 7);
    twice(start);
  }
  if (tool === 'brush' && pointer) {
    const circle = new Path2D();
    circle.arc(pointer[0] + .5, pointer[1] + .5, radius() + .5, 0, 7);
    twice(circle);
  }
}

function path_of(points, offset) {
  const path = new Path2D();
  points.forEach(([x, y]) => path.lineTo(x + offset, y + offset));
  if (points.length === 1) path.lineTo(points[0][0] + offset, points[0][1] + offset + 1e-3);
  return path;
}

const draw = () => Object.values(panes).forEach(paint);

// ---- The parts around the pictures

const radius = () => Number(find('.size').value);
const number_of = (object) => `${setup.classes[object.kind]} ${object.id}`;

function build() {
  find('.palette').replaceChildren(...setup.classes.map((name, index) => {
    const button = Object.assign(document.createElement('button'), { title: name });
    button.dataset.kind = index;
    const swatch = document.createElement('i');
    swatch.style.background = colour(index);
    button.append(swatch, name);
    button.onclick = () => { kind = index; if (tool === 'select') tool = 'brush'; refresh(); };
    return button;
  }));
  find('.kind select').replaceChildren(...setup.classes.map((name, index) => new Option(name, index)));
  kind = setup.things[0] ?? 0;
}

// Names hold the folders too: the last part says enough.
const option = (name) => new Option(name.split('/').pop(), name);

function list(names, current) {
  const options = names.map(option);
  find('.layouts select').replaceChildren(...(names.includes(current) ? [] : [new Option(current || '', '')]), ...options);
  find('.layouts select').value = names.includes(current) ? current : '';
  find('.layouts').hidden = !names.length;
  const chosen = find('.other select').value;
  find('.other select').replaceChildren(new Option('Choose…', ''), ...names.map(option));
  find('.other select').value = chosen;
  find('.other').hidden = !names.length;
}

function say(text, bad = false) {
  find('.message').textContent = text;
  find('.message').classList.toggle('bad', bad && Boolean(text));
}

const HINTS = {
  select: 'Click an object to select it; drag it to move it.',
  fill: 'Click a region to give it the class.',
  polygon: 'Click the corners of a new object; the first corner, or Enter, closes it; Escape drops it.',
};

function hint() {
  if (!scene) return 'Open a layout to begin.';
  if (picksStyle) return 'Click the object whose style the selected one is to get; Escape to leave it.';
  if (tool !== 'brush') return HINTS[tool];
  const name = setup.classes[kind];
  if (extends_selected()) return `Drag to paint: this extends ${number_of(selected)}; Escape begins a new ${name}.`;
  return setup.things.includes(kind) ? `Drag to paint a new ${name}.` : `Drag to paint ${name}.`;
}

const extends_selected = () => selected && selected.whole && selected.kind === kind;

function refresh() {
  root.classList.toggle('empty', !scene);
  root.dataset.tool = tool;
  all('.tools button').forEach((each) => each.classList.toggle('on', each.dataset.tool === tool));
  all('[data-kind]').forEach((each) => each.classList.toggle('on', Number(each.dataset.kind) === kind));
  find('.undo').disabled = !scene || !scene.undo;
  find('.redo').disabled = !scene || !scene.redo;
  all('[data-part]').forEach((each) => { each.disabled = !scene; });
  find('.brush output').textContent = `${2 * radius() + 1} px`;
  if (scene) find('.size').max = Math.ceil(Math.max(scene.width, scene.height) / 8);
  find('.object .none').hidden = Boolean(selected);
  find('.object .some').hidden = !selected;
  if (selected) describe();
  if (!find('.message').classList.contains('bad')) say(hint());
  draw();
}

function describe() {
  find('.what').textContent = `${number_of(selected)} · ${selected.area} pixels`;
  find('.kind select').value = selected.kind;
  find('.kind').hidden = find('.remove').hidden = !selected.whole;
  const clusters = setup.clusters[selected.kind] || [];
  find('.style').hidden = !setup.styled;
  find('.random').hidden = clusters.length < 2;
  find('.like').classList.toggle('on', picksStyle);
  find('.clusters').replaceChildren(...clusters.map((picture, index) => {
    const button = Object.assign(document.createElement('button'), { title: `cluster ${index}` });
    button.dataset.cluster = index;
    button.classList.toggle('on', selected.cluster === index);
    if (picture) button.append(Object.assign(new Image(), { src: picture, alt: `cluster ${index}` }));
    else button.textContent = index;
    button.onclick = () => act('style', { id: selected.id, cluster: index });
    return button;
  }));
}

function choose(name) {
  tool = name;
  corners = [];
  picksStyle = false;
  say('');
  refresh();
}

// ---- The pointer

// Where the pointer is: in pixels, the middle of the first at (0, 0).
function place(pane, event) {
  const box = pane.overlay.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width * pane.view.width - .5,
    (event.clientY - box.top) / box.height * pane.view.height - .5];
}

function pixel(view, [x, y]) {
  return [Math.min(Math.max(Math.round(x), 0), view.width - 1), Math.min(Math.max(Math.round(y), 0), view.height - 1)];
}

function under(view, point) {
  const [x, y] = pixel(view, point);
  return view.objects[view.at[y * view.width + x]];
}

function press(pane, event) {
  if (!pane.view || event.button !== 0) return;
  event.preventDefault();
  say('');
  const point = place(pane, event), object = under(pane.view, point);
  if (pane === panes.other) {
    act('paste', { name: other.name, id: object.id });
    tool = 'select';
  } else if (picksStyle) {
    picksStyle = false;
    act('style', { id: selected.id, like: object.id });
  } else if (event.altKey) {
    kind = object.kind;
  } else if (tool === 'select') {
    const again = object === selected;
    selected = object;
    if (object.whole && (again || setup.things.includes(object.kind))) drag = { from: point, dx: 0, dy: 0 };
  } else if (tool === 'brush') {
    stroke = { points: [point], radius: radius(), kind };
  } else if (tool === 'fill') {
    const [x, y] = pixel(pane.view, point);
    act('fill', { x, y, class_index: kind });
  } else if (corners.length > 2 && near(pane, corners[0], event)) {
    close();
  } else {
    corners.push(point);
  }
  if (drag || stroke) pane.overlay.setPointerCapture(event.pointerId);
  refresh();
}

function near(pane, [x, y], event) {
  const box = pane.overlay.getBoundingClientRect(), scale = box.width / pane.view.width;
  return Math.hypot(event.clientX - box.left - (x + .5) * scale, event.clientY - box.top - (y + .5) * scale) < 10;
}

function move(pane, event) {
  if (!pane.view) return;
  const point = place(pane, event);
  if (pane === panes.other) {
    pane.hovered = under(pane.view, point);
    return paint(pane);
  }
  pointer = point;
  if (stroke) {
    for (const each of event.getCoalescedEvents?.() ?? [event]) stroke.points.push(place(pane, each));
  } else if (drag) {
    drag.dx = Math.round(point[0] - drag.from[0]);
    drag.dy = Math.round(point[1] - drag.from[1]);
  } else {
    hovered = under(scene, point);
    find('.under').textContent = `· ${number_of(hovered)}`;
  }
  draw();
}

function release() {
  if (stroke) {
    const { points } = stroke;
    stroke.number = act('brush', {
      points: points.map((each) => each.map((value) => Math.round(value * 10) / 10)), radius: stroke.radius,
      class_index: kind, extend: Boolean(extends_selected()) });
    wet.push(stroke);
    stroke = null;
  }
  if (drag) {
    if (drag.dx || drag.dy) act('move', { id: selected.id, dx: drag.dx, dy: drag.dy });
    drag = null;
  }
  refresh();
}

function leave(pane) {
  pointer = hovered = pane.hovered = null;
  find('.under').textContent = '';
  draw();
}

function close() {
  if (corners.length > 2) act('polygon', { class_index: kind, points: corners });
  corners = [];
  refresh();
}

function leave_off() {
  if (corners.length) corners = [];
  else if (picksStyle) picksStyle = false;
  else selected = null;
  say('');
  refresh();
}

// ---- Wiring

const panes = Object.fromEntries(['layout', 'image', 'other'].map((name) => {
  const box = find(`.${name} .pane`);
  const pane = { box, picture: box.children[0], overlay: box.children[1], shows: name === 'image' ? 'image' : 'layout' };
  pane.overlay.onpointerdown = (event) => press(pane, event);
  pane.overlay.onpointermove = (event) => move(pane, event);
  pane.overlay.onpointerup = pane.overlay.onpointercancel = release;
  pane.overlay.onpointerleave = () => leave(pane);
  new ResizeObserver(() => { fit(pane); paint(pane); }).observe(box);
  return [name, pane];
}));

const remove = () => { if (selected && selected.whole) act('remove', { id: selected.id }); };
const undo = () => { if (scene && scene.undo) act('undo'); };
const redo = () => { if (scene && scene.redo) act('redo'); };
const resize = (step) => { find('.size').value = radius() + step; refresh(); };

all('.tools button').forEach((each) => { each.onclick = () => choose(each.dataset.tool); });
all('[data-part]').forEach((each) => { each.onclick = () => download(each.dataset.part); });
find('.undo').onclick = undo;
find('.redo').onclick = redo;
find('.remove').onclick = remove;
find('.size').oninput = refresh;
find('.layouts select').onchange = (event) => { if (event.target.value) open(`${session}/open`, as_json({ name: event.target.value })); };
find('.other select').onchange = (event) => { if (event.target.value) look_at(event.target.value); };
find('.kind select').onchange = (event) => act('relabel', { id: selected.id, class_index: Number(event.target.value) });
find('.like').onclick = () => { picksStyle = !picksStyle; refresh(); };
find('.random').onclick = () => {
  const others = [...setup.clusters[selected.kind].keys()].filter((each) => each !== selected.cluster);
  act('style', { id: selected.id, cluster: others[Math.floor(Math.random() * others.length)] });
};

document.addEventListener('keydown', (event) => {
  if (event.target.closest('input:not([type=range]), textarea, select, [contenteditable]')) return;
  const key = event.key.toLowerCase(), command = event.ctrlKey || event.metaKey;
  const keys = command
    ? { z: event.shiftKey ? redo : undo, y: redo }
    : { delete: remove, backspace: remove, '[': () => resize(-1), ']': () => resize(1), escape: leave_off, enter: close,
        v: () => choose('select'), b: () => choose('brush'), f: () => choose('fill'), p: () => choose('polygon') };
  if (!keys[key] || (key === 'enter' && !corners.length)) return;
  event.preventDefault();
  keys[key]();
});

find('.files form').onsubmit = (event) => {
  event.preventDefault();
  open(`${session}/open`, { method: 'POST', body: new FormData(event.target) });
};
refresh();
start();
