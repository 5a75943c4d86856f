// The server's HTTP API, as app.py describes it. Every function throws one of these errors, whose message is a sentence
// for the user.
export class Refused extends Error {}        // nothing has changed
export class Gone extends Error {}           // the server knows the session no more: it was started anew
export class Unreachable extends Error {}    // the server does not answer

let session = '';

async function call(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Unreachable('The editor does not answer: is the command still running?');
  }
  if (response.ok) return response;
  const { message } = await response.json().catch(() => ({ message: `The editor answered ${response.status}.` }));
  throw response.status === 404 ? new Gone(message) : new Refused(message);
}

const post = (path, body) => call(path, body instanceof FormData ? { method: 'POST', body } : {
  method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });

const at = (path) => `sessions/${session}/${path}`;

// A layout: what the JSON says; for each pixel its class in `label`, and in `places` its object's place in `objects`.
async function read(response) {
  const buffer = await response.arrayBuffer(), length = new DataView(buffer).getUint32(0, true);
  const scene = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length))), { runs } = scene;
  const numbers = new Uint32Array(buffer, 4 + length), size = scene.width * scene.height;
  Object.assign(scene, { places: new Uint32Array(size), label: new Uint16Array(size) });
  for (let run = 0, start = 0; run < runs; run++) {
    scene.places.fill(numbers[runs + run], start, numbers[run]);
    scene.label.fill(numbers[2 * runs + run], start, numbers[run]);
    start = numbers[run];
  }
  return scene;
}

// A new session: { setup, layouts }.
export async function begin() {
  const answer = await (await call('sessions', { method: 'POST' })).json();
  session = answer.session;
  return answer;
}

// A list of actions; one with a number is carried out once, however often it is sent.
export const edit = async (actions, batch = null) =>
  read(await post(at(batch === null ? 'edit' : `edit?batch=${batch}`), actions));
export const open = async (what) => read(await post(at('open'), what));
export const otherLayout = async (name) => read(await call(at(`layout?name=${encodeURIComponent(name)}`)));

export async function lookOf(photo) {
  const form = new FormData();
  form.append('photo', photo);
  return read(await post(at('look'), form));
}

// The newest image, when the model has made it; `whole`: without the photo that is kept.
export async function image(whole) {
  const response = await call(at(`image${whole ? '?whole=1' : ''}`));
  return { blob: await response.blob(), version: Number(response.headers.get('X-Version')),
    seconds: Number(response.headers.get('X-Seconds')), whole };
}

// A file of the scene: `project`, `image`, `label` or `instance`; `project?history=1` holds the last edits, too.
export async function file(part) {
  const response = await call(at(`files/${part}`));
  const name = /filename\*=(?:UTF-8|utf-8)''([^;]+)/.exec(response.headers.get('Content-Disposition') ?? '');
  return { blob: await response.blob(), name: name ? decodeURIComponent(name[1]) : part,
    version: Number(response.headers.get('X-Version')) };
}

// The server need not keep what is open.
export function end() {
  if (session) fetch(`sessions/${session}`, { method: 'DELETE', keepalive: true }).catch(() => {});
}
