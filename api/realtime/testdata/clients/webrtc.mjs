// The agents client, as it is, over WebRTC in a browser; the page's test drives it.

import { RealtimeAgent, RealtimeSession } from '@openai/agents-realtime';

window.connect = async (apiKey, url) => {
  const agent = new RealtimeAgent({ name: 'shop', instructions: 'Be brief.' });
  const session = new RealtimeSession(agent, { transport: 'webrtc', model: 'gpt-realtime' });
  window.session = session;
  window.events = [];
  window.errors = [];
  session.on('transport_event', (e) => window.events.push(e.type));
  session.on('error', (e) => window.errors.push(JSON.stringify(e?.error ?? e)));
  await session.connect({ apiKey, url });
};

// said is what the history holds of a role.
window.said = (role) => (window.session?.history ?? []).filter((item) => item.role === role)
  .map((item) => (item.content ?? []).map((c) => c.transcript ?? c.text ?? '').join(' ').toLowerCase()).join(' | ');
