// Work that this browser keeps, in its IndexedDB: records
// { id, classes, name, time, saved, project, before, thumbnail }.
const STORE = 'work', MOST = 12;

const result = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

let opened = null;

function database() {
  const request = indexedDB.open('semsynth-editor', 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id' });
  opened ??= result(request);
  return opened;
}

const store = async (mode) => (await database()).transaction(STORE, mode).objectStore(STORE);

// The newest first.
export async function all() {
  const records = await result((await store('readonly')).getAll());
  return records.sort((one, other) => other.time - one.time);
}

export async function put(record) {
  await result((await store('readwrite')).put(record));
  for (const old of (await all()).slice(MOST)) await remove(old.id);
}

export const remove = async (id) => result((await store('readwrite')).delete(id));
