// Talks to a server with @openai/agents-realtime over WebRTC, in a page. The test
// bundles it, calls talk and reads window.state.
import { RealtimeAgent, RealtimeSession, tool } from '@openai/agents-realtime';
import { z } from 'zod';

const state = window.state = { types: [], errors: [], done: [], opened: [], history: [], interrupted: 0, closed: false };
const openPage = tool({
  name: 'open_page',
  description: 'Opens a page of the shop in the app.',
  parameters: z.object({ page: z.string() }),
  execute: async ({ page }) => { state.opened.push(page); return `opened ${page}`; },
});

window.talk = async (url) => {
  const { value } = await (await fetch('/secret', { method: 'POST' })).json();
  const agent = new RealtimeAgent({ name: 'shop', instructions: 'Be brief.', tools: [openPage] });
  const session = window.session = new RealtimeSession(agent, { transport: 'webrtc', model: 'gpt-realtime' });
  session.on('audio_interrupted', () => { state.interrupted++; });
  session.on('error', (event) => { state.errors.push(JSON.stringify(event)); });
  session.on('history_updated', (history) => { state.history = history; });
  session.transport.on('*', (event) => {
    if (state.types.at(-1) !== event.type) state.types.push(event.type);
    if (event.type === 'response.done') state.done.push(event.response);
  });
  session.transport.on('connection_change', (status) => { state.status = status; });
  const began = performance.now();
  await session.connect({ apiKey: value, url: `${url}/v1/realtime/calls` });
  state.connected = performance.now() - began;
};

// said tells whether the history holds words of one side.
window.said = (role, words) => state.history.some((i) => i.type === 'message' && i.role === role
  && i.content.some((c) => (c.transcript ?? c.text ?? '').toLowerCase().includes(words)));

// heard is how loud what came over the track was, in all.
window.heard = async () => {
  let energy = 0;
  (await window.session.transport.connectionState.peerConnection.getStats()).forEach((r) => {
    if (r.type === 'inbound-rtp' && r.kind === 'audio') energy = r.totalAudioEnergy;
  });
  return energy;
};
