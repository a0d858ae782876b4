// Conversations by text: begun over HTTP, each message answered by a stream of
// server-sent events.

import { ask } from './reason.js';

export async function beginConversation() {
  return (await (await ask('v1/conversations', { method: 'POST' })).json()).id;
}

// sendText yields the events of the turn that answers text. Its error's status is
// 404 or 410 when the conversation has ended.
export async function* sendText(conversation, text) {
  const response = await ask(`v1/conversations/${encodeURIComponent(conversation)}/messages`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ text }),
  });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read().catch(() => {
      throw Object.assign(new Error('The answer broke off. Ask again.'), { begun: true });
    });
    if (done) return;
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      const data = block.split('\n').find((line) => line.startsWith('data: '));
      if (data) yield JSON.parse(data.slice(6));
    }
  }
}
