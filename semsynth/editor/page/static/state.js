// What the page knows and what the user has chosen. Modules read it directly; whoever changes it calls `changed`.
export const state = {
  setup: { classes: [], palette: [], things: [], clusters: [], size: {} },    // of the model, as the server says it
  layouts: [],
  name: null,
  scene: null,             // the layout as the server last sent it
  picture: null,           // the newest image
  before: null,            // the image as it was when the layout was opened
  opened: 0,               // how many layouts were opened
  kept: null,              // the version that this browser keeps
  restored: false,         // whether the layout is work that was kept
  tool: 'select',
  kind: 0,                 // index of the class to paint
  radius: 4,               // of the brush, in pixels of the layout
  selected: null,          // an object of the scene
  hovered: null,           // an object of the scene
  pointer: null,           // where the pointer is, in pixels of the layout
  gesture: null,           // what is being drawn or dragged now
  marks: [],               // what was drawn, but is not in the scene yet
  picksStyle: false,       // whether the next click says whose style the selected object gets
  opacity: 0,              // of the labels that lie over the image
  showsBefore: false,
  showsWhole: false,       // the model's image of everything in place of the edited photo
  message: '', bad: false,
  unreachable: false,
  // In ms, since when: a layout is being opened, the model works, an edit has no image yet.
  openingSince: null, workingSince: null, waitingSince: null,
  elapsed: null,           // seconds from the last edit to its image
};

const panels = new Set(), canvases = new Set();
let asked = null;

// Panels show the state in words and controls; canvases are also drawn anew with every move of the pointer.
export const onChange = (listener) => panels.add(listener);
export const onDraw = (listener) => canvases.add(listener);
export const changed = () => ask('panels');
export const draw = () => ask('canvases');
// Whether all that has changed is shown.
export const shown = () => asked === null;

function ask(what) {
  if (!asked) requestAnimationFrame(show);
  if (asked !== 'panels') asked = what;
}

function show() {
  const all = asked === 'panels';
  asked = null;
  if (all) panels.forEach((listener) => listener());
  canvases.forEach((listener) => listener());
}

// A sentence for the status line; without one it says what the tool does.
export function say(message, bad = false) {
  Object.assign(state, { message, bad });
  changed();
}

// Whether a click is at an object, and not at a place.
export const pointsAtObjects = () => state.picksStyle || ['select', 'fill', 'pick'].includes(state.tool);
export const className = (index) => state.setup.classes[index] ?? '';
export const objectName = (object) => `${className(object.kind)} ${object.id}`;
export const isThing = (index) => state.setup.things.includes(index);
export const colour = (index, alpha = 1) => `rgb(${(state.setup.palette[index] ?? [0, 0, 0]).join(' ')} / ${alpha})`;
