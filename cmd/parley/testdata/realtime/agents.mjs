// Talks to a server with @openai/agents-realtime over WebSocket, as an app would.
// node agents.mjs URL QUESTION INTERRUPTION IMAGE: two files of 16-bit samples at 24 kHz, and a photo.
import { readFileSync } from 'node:fs';
import { RealtimeAgent, RealtimeSession, tool } from '@openai/agents-realtime';
import { z } from 'zod';

const [url, question, interruption, image] = process.argv.slice(2);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const opened = [];

const openPage = tool({
  name: 'open_page',
  description: 'Opens a page of the shop in the app.',
  parameters: z.object({ page: z.string() }),
  execute: async ({ page }) => { opened.push(page); return `opened ${page}`; },
});

function open() {
  const agent = new RealtimeAgent({ name: 'shop', instructions: 'Be brief.', tools: [openPage] });
  const session = new RealtimeSession(agent, { transport: 'websocket', model: 'gpt-realtime' });
  const seen = { types: [], audio: 0, interrupted: 0, errors: [], done: [] };
  session.on('audio', (event) => { seen.audio += event.data.byteLength; });
  session.on('audio_interrupted', () => { seen.interrupted++; });
  session.on('error', (event) => { seen.errors.push(JSON.stringify(event)); });
  session.transport.on('*', (event) => {
    if (seen.types.at(-1) !== event.type) seen.types.push(event.type);
    if (event.type === 'response.done') seen.done.push(event.response);
  });
  return { session, seen };
}

// said is what the session's history holds of one side.
const said = (session, role) => session.history.filter((i) => i.type === 'message' && i.role === role)
  .map((i) => i.content.map((c) => c.transcript ?? c.text ?? '').join(' '));

async function until(what, seen, ok) {
  for (const end = Date.now() + 30_000; Date.now() < end; await pause(20)) {
    if (ok()) return console.log('ok:', what);
  }
  throw new Error(`${what} did not come; seen ${seen.types.join(' ')}; errors ${seen.errors.join(' ')}`);
}

// speak sends a recording in the time that it takes, and silence around it.
async function speak(session, file) {
  const sound = Buffer.concat([readFileSync(file), Buffer.alloc(48_000)]);
  const piece = 4800; // bytes: 100 ms
  for (let at = 0, began = Date.now(); at < sound.length; at += piece) {
    session.sendAudio(new Uint8Array(sound.subarray(at, at + piece)).buffer);
    await pause(Math.max(0, began + (at + piece) / 48 - Date.now()));
  }
}

let { session, seen } = open();
await session.connect({ apiKey: 'none', url: `${url}/v1/realtime?model=gpt-realtime` });
await until('the settings', seen, () => seen.types.includes('session.updated'));

await speak(session, question);
await until('the question in the history', seen, () => said(session, 'user').some((t) => /my order/i.test(t)));
await until('the answer', seen, () => said(session, 'assistant').some((t) => /on its way/i.test(t)));
await until('its end', seen, () => seen.done.length === 1 && seen.done[0].status === 'completed');
if (seen.audio < 48_000) throw new Error(`only ${seen.audio} bytes were heard`);

session.sendMessage('What can you do?');
const before = seen.audio;
await until('a long answer', seen, () => seen.audio > before + 48_000);
await speak(session, interruption);
await until('the interruption', seen, () => seen.interrupted > 0 && seen.done.some((r) => r.status === 'cancelled' && r.status_details.reason === 'turn_detected'));
await until('an answer cut to what was heard', seen, () => session.history.some((i) => i.role === 'assistant' && i.status === 'incomplete' && i.content[0]?.transcript?.length > 0));
await until('the answer to the interruption', seen, () => seen.done.at(-1).status === 'completed');

const answers = seen.done.length;
session.addImage(`data:image/jpeg;base64,${readFileSync(image).toString('base64')}`);
await until('an answer about a photo', seen, () => seen.done.length > answers && seen.done.at(-1).status === 'completed');

session.sendMessage('Please open the page about lamps.');
await until('the call of the app\'s tool', seen, () => opened.includes('lamps'));
await until('what came of it', seen, () => said(session, 'assistant').some((t) => /opened lamps/.test(t)));

session.sendMessage('What can you do?');
const loud = seen.audio;
await until('another answer', seen, () => seen.audio > loud + 24_000);
session.interrupt();
await until('its end at the client\'s wish', seen, () => seen.done.at(-1).status === 'cancelled');

session.close();
await until('hanging up', seen, () => session.transport.status === 'disconnected');
if (seen.errors.length > 0) throw new Error(`errors: ${seen.errors.join(' ')}`);

({ session, seen } = open());
await session.connect({ apiKey: 'none', url: `${url}/v1/realtime?model=gpt-realtime` });
session.sendMessage('Do you sell headphones?');
await until('an answer in a further session', seen, () => said(session, 'assistant').some((t) => /headphones/i.test(t)));
session.close();
if (seen.errors.length > 0) throw new Error(`errors: ${seen.errors.join(' ')}`);
console.log('all is well');
