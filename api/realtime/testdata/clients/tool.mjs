// The agents client, as it is, with a tool of its own beside the shop's.
//
//   node tool.mjs ws://…/v1/realtime

import { RealtimeAgent, RealtimeSession, tool } from '@openai/agents-realtime';
import { z } from 'zod';

let asked = '';
const coupons = tool({
  name: 'lookup_coupon',
  description: 'Looks up a coupon of the customer in the app.',
  parameters: z.object({ code: z.string() }),
  execute: async ({ code }) => { asked = code; return `${code} takes ten percent off`; },
});
const agent = new RealtimeAgent({ name: 'shop', instructions: 'Be brief.', tools: [coupons] });
const session = new RealtimeSession(agent, { transport: 'websocket', model: 'gpt-realtime' });
session.on('error', (e) => { throw new Error(JSON.stringify(e?.error ?? e)); });
await session.connect({ apiKey: process.env.PARLEY_KEY || 'ek_none', url: process.argv[2] });
const answered = new Promise((done, failed) => {
  setTimeout(() => failed(new Error(`no answer: ${JSON.stringify(session.history)}`)), 20000);
  session.on('history_updated', (history) => {
    const text = history.at(-1)?.content?.map((c) => c.transcript ?? '').join(' ') ?? '';
    if (history.at(-1)?.status === 'completed' && text.includes('ten percent off')) done();
  });
});
session.sendMessage('Is my coupon SAVE10 still good?');
await answered;
if (asked !== 'SAVE10') throw new Error(`the tool was asked for "${asked}"`);
if (!session.history.some((item) => item.type === 'function_call' && item.name === 'lookup_coupon')) throw new Error(JSON.stringify(session.history));
console.log('all went well');
process.exit(0);
