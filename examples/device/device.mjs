// A basic device for noond: sends the files of one folder, keeps the records it is given.
//   node device.mjs FOLDER [URL CODE]   (URL and CODE once, to pair; device.json keeps the token)
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { extname, join, sep } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import WebSocket from 'ws';

const [folder, daemon, code] = process.argv.slice(2);
const stop = (why) => { console.error(why); process.exit(1); };
const allowed = folder ? realpathSync(folder) : stop('usage: node device.mjs FOLDER [URL CODE]');

const db = new DatabaseSync('device.db');
db.exec(`PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS records (id INTEGER PRIMARY KEY, tbl TEXT, data TEXT, source TEXT);
  CREATE TABLE IF NOT EXISTS applied (call_id TEXT PRIMARY KEY, result TEXT);`);

// The call's id and its record are stored together, so a repeated id gets its first answer.
function apply({ id, action, table, data, source }) {
  const first = db.prepare('SELECT result FROM applied WHERE call_id = ?').get(id);
  if (first) return { id, result: JSON.parse(first.result) };
  if (action !== 'insert') return { id, error: `this device can't ${action}` };
  const insert = db.prepare('INSERT INTO records VALUES (NULL, ?, ?, ?)');
  db.exec('BEGIN IMMEDIATE'); // a failure ends the program with nothing stored: the call comes again
  const row = insert.run(table, JSON.stringify(data), JSON.stringify(source ?? null));
  const result = { id: String(row.lastInsertRowid) };
  db.prepare('INSERT INTO applied VALUES (?, ?)').run(id, JSON.stringify(result));
  db.exec('COMMIT');
  return { id, result };
}

function filesBelow(path, extensions) {
  const root = realpathSync(path.replace(/^~(?=$|[/\\])/, homedir()));
  if (root !== allowed && !root.startsWith(allowed + sep)) throw Error(`${path} is not allowed`);
  return readdirSync(root, { recursive: true, withFileTypes: true }) // does not follow links
    .filter((entry) => entry.isFile() && extensions.includes(extname(entry.name).toLowerCase()))
    .map((entry) => join(entry.parentPath, entry.name));
}

// Base64 fits every file; a large one goes in parts that fit a frame.
function* entries(path, limits) {
  try {
    const { size, mtimeMs } = statSync(path);
    if (size > limits.file_bytes) return yield { path, error: `${size} bytes are too many` };
    const raw = readFileSync(path), sha256 = createHash('sha256').update(raw).digest('hex');
    const step = limits.frame_bytes >> 1, parts = Math.max(1, Math.ceil(raw.length / step));
    for (let part = 1; part <= parts; part++) {
      const content = raw.subarray((part - 1) * step, part * step).toString('base64');
      yield { path, sha256, modified_at: Math.floor(mtimeMs), encoding: 'base64', part, parts, content };
    }
  } catch (error) { yield { path, error: error.message }; }
}

async function stream(send, limits, { run_id, config }) {
  let seq = 0, error;
  try {
    for (const path of config.paths.flatMap((path) => filesBelow(path, config.file_extensions)))
      for (const file of entries(path, limits))
        if (await send({ type: 'agent_data', run_id, seq: ++seq, files: [file] })) return; // lost
  } catch (failure) { error = failure.message; }
  send({ type: 'agent_complete', run_id, last_seq: seq, error });
}

function connect(tries = 0) {
  const { device_token, device_id, ws_url } = JSON.parse(readFileSync('device.json', 'utf8'));
  const headers = { Authorization: `Bearer ${device_token}` };
  const ws = new WebSocket(ws_url, ['noond.v1'], { headers, perMessageDeflate: false });
  // Resolves when the frame is written, or to an error: what was lost is asked for again.
  const send = (frame) => new Promise((written) => ws.send(JSON.stringify(frame), written));
  let welcome, silence;
  ws.on('open', () => send({ type: 'device_hello', device_id, name: hostname() }));
  ws.on('ping', () => silence?.refresh()); // a daemon that has vanished sends none
  ws.on('message', (message) => {
    const frame = JSON.parse(message);
    if (frame.type === 'welcome') {
      [welcome, tries] = [frame, 0];
      silence = setTimeout(() => ws.terminate(), frame.heartbeat_seconds * 3000);
      console.log('connected');
    }
    if (frame.type === 'tool_call') send({ type: 'tool_result', ...apply(frame) });
    if (frame.type === 'agent_run') stream(send, welcome.limits, frame);
    if (frame.type === 'error') console.error(frame.message);
  });
  ws.on('error', ({ message }) => (message.endsWith(' 401') ? stop('pair again') : console.error(message)));
  ws.on('close', (status, reason) => {
    clearTimeout(silence);
    if (status >= 4100 || status === 1009) stop(`${status} ${reason}`); // trying again is no use
    setTimeout(connect, 500 * 2 ** tries * (0.5 + Math.random()), Math.min(tries + 1, 6));
  });
}

if (code) {
  const body = JSON.stringify({ code, device_id: 'node-example', name: hostname() });
  const reply = await fetch(`${daemon}/api/v1/devices/pair`,
    { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
  if (!reply.ok) stop(await reply.text());
  writeFileSync('device.json', await reply.text(), { mode: 0o600 });
}
connect();
