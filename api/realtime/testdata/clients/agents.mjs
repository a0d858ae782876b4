// The agents client, as it is, over WebSocket: it talks from a recording, hears, cuts
// the answer off, sends a photo, and connects anew.
//
//   node agents.mjs ws://…/v1/realtime question.pcm interruption.pcm photo.jpg

import { readFile } from 'node:fs/promises';
import { RealtimeAgent, RealtimeSession } from '@openai/agents-realtime';

const [url, questionFile, interruptionFile, photoFile] = process.argv.slice(2);
const bytesPerMs = 48; // 24 kHz, 16 bit

async function connect() {
  const agent = new RealtimeAgent({ name: 'shop', instructions: 'Be brief.' });
  const session = new RealtimeSession(agent, { transport: 'websocket', model: 'gpt-realtime' });
  const heard = { bytes: 0, interrupted: 0, errors: [] };
  session.on('audio', ({ data }) => { heard.bytes += data.byteLength; });
  session.on('audio_interrupted', () => { heard.interrupted++; });
  session.on('error', (e) => heard.errors.push(JSON.stringify(e?.error ?? e)));
  await session.connect({ apiKey: process.env.PARLEY_KEY || 'ek_none', url });
  return { session, heard };
}

// until waits for something in the history.
function until(session, what, holds) {
  return new Promise((done, failed) => {
    const late = setTimeout(() => failed(new Error(`no ${what}: ${JSON.stringify(session.history).slice(0, 3000)}`)), 25000);
    const look = () => {
      const found = session.history.find(holds);
      if (!found) return;
      clearTimeout(late);
      session.off('history_updated', look);
      done(found);
    };
    session.on('history_updated', look);
    look();
  });
}

const text = (item) => (item.content ?? []).map((c) => c.transcript ?? c.text ?? '').join(' ').toLowerCase();
const says = (role, words, status) => (item) => item.role === role && text(item).includes(words) && (!status || item.status === status);

// speak sends a recording in the time that it takes.
async function speak(session, file) {
  const pcm = await readFile(file);
  for (let at = 0; at < pcm.length; at += 100 * bytesPerMs) {
    session.sendAudio(Uint8Array.from(pcm.subarray(at, at + 100 * bytesPerMs)).buffer);
    await new Promise((next) => { setTimeout(next, 100); });
  }
}

const { session, heard } = await connect();
await speak(session, questionFile);
await until(session, 'transcript', says('user', 'my order'));
await until(session, 'answer', says('assistant', 'on its way', 'completed'));
if (heard.bytes < 24000) throw new Error(`only ${heard.bytes} bytes were heard`);

const before = heard.bytes;
session.sendMessage('What can you do?');
while (heard.bytes < before + 1500 * bytesPerMs) await new Promise((next) => { setTimeout(next, 50); });
await speak(session, interruptionFile);
await until(session, 'the answer to the interruption', says('assistant', '4', 'completed')); // however well the number was understood
if (!heard.interrupted) throw new Error('nobody was interrupted');

session.addImage(`data:image/jpeg;base64,${(await readFile(photoFile)).toString('base64')}`, { triggerResponse: true });
await until(session, 'answer to the photo', says('assistant', 'photo'));
session.close();

const again = await connect();
again.session.sendMessage('Where is my order W10004?');
await until(again.session, 'answer after connecting anew', says('assistant', 'cancel'));
again.session.close();
if (heard.errors.length || again.heard.errors.length) throw new Error([...heard.errors, ...again.heard.errors].join('\n'));
console.log('all went well');
process.exit(0);
