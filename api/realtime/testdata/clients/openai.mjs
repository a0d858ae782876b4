// The openai package's own realtime client, as it is, over WebSocket: text in, speech and
// its words out.
//
//   NODE_EXTRA_CA_CERTS=cert.pem node openai.mjs https://…/v1/realtime

import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';

const client = new OpenAI({ apiKey: process.env.PARLEY_KEY || 'none', baseURL: process.argv[2].replace(/\/realtime$/, '') });
const realtime = new OpenAIRealtimeWS({ model: 'gpt-realtime' }, client);
realtime.socket.on('error', (e) => { throw e; });
realtime.on('error', (e) => { throw e; });
let bytes = 0;
realtime.on('session.created', () => {
  realtime.send({ type: 'session.update', session: { type: 'realtime', instructions: 'Be brief.' } });
});
realtime.on('session.updated', () => {
  realtime.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Where is my order W10004?' }] } });
  realtime.send({ type: 'response.create' });
});
realtime.on('response.output_audio.delta', (e) => { bytes += Buffer.from(e.delta, 'base64').length; });
realtime.on('response.done', ({ response }) => {
  const text = response.output[0].content[0].transcript;
  if (!text.includes('cancelled') || bytes < 48000) throw new Error(`${bytes} bytes, ${text}`);
  console.log('all went well');
  process.exit(0);
});
setTimeout(() => { throw new Error('no answer'); }, 20000);
