// Talks to a server with the realtime client of the npm package openai.
// node openai.mjs URL QUESTION: a file of 16-bit samples at 24 kHz.
import { readFileSync } from 'node:fs';
import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';

const [url, question] = process.argv.slice(2);
const client = new OpenAI({ apiKey: 'none', baseURL: `${url}/v1` });
const secret = await client.realtime.clientSecrets.create({ session: { type: 'realtime', instructions: 'Be brief.' } });
if (!secret.value.startsWith('ek_') || secret.session.instructions !== 'Be brief.') throw new Error(JSON.stringify(secret));

const rt = new OpenAIRealtimeWS({ model: 'gpt-realtime' }, new OpenAI({ apiKey: secret.value, baseURL: `${url}/v1` }));
const late = setTimeout(() => { console.error('it took too long'); process.exit(1); }, 40_000);
let heard = 0;
rt.on('error', (e) => { console.error(e); process.exit(1); });
rt.on('session.created', (e) => {
  if (e.session.instructions !== 'Be brief.') throw new Error('the session of the secret is lost');
  rt.send({ type: 'input_audio_buffer.append', audio: readFileSync(question).toString('base64') }); // all at once
});
rt.on('conversation.item.input_audio_transcription.completed', (e) => console.log('understood:', e.transcript));
rt.on('response.output_audio.delta', (e) => { heard += Buffer.from(e.delta, 'base64').length; });
rt.on('response.output_audio_transcript.done', (e) => console.log('answered:', e.transcript));
rt.on('response.done', (e) => {
  if (e.response.status !== 'completed' || heard < 48_000) throw new Error(`${e.response.status}, ${heard} bytes`);
  clearTimeout(late);
  rt.close();
});
