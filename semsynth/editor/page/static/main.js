// The editor's page: what it is made of, and how it begins.
import * as bar from './bar.js';
import * as dialogs from './dialogs.js';
import * as keeping from './keeping.js';
import * as keys from './keys.js';
import * as pane from './pane.js';
import * as panels from './panels.js';
import * as pasting from './pasting.js';
import * as pointer from './pointer.js';
import * as server from './server.js';
import { changed, say, state } from './state.js';
import * as status from './status.js';

// A page that the browser may show again, by its Back button, keeps its session.
window.addEventListener('pagehide', (event) => { if (!event.persisted) server.end(); });
for (const part of [pane, pointer, keys, bar, panels, pasting, keeping, dialogs, status]) part.start();

try {
  Object.assign(state, await server.begin());
  panels.build();
  dialogs.offerKept();
  if (state.layouts.length) await dialogs.openNew({ name: state.layouts[0] });
} catch (error) {
  say(error.message, true);
}
document.body.classList.remove('starting');
changed();
