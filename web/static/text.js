// Conversations by text: begun over HTTP, each message answered by a stream of
// server-sent events.

import { reasonOf } from './call.js';

export async function beginConversation() {
  const response = await fetch('v1/conversations', { method: 'POST' });
  if (!response.ok) throw new Error(await reasonOf(response));
  return (await response.json()).id;
}

// sendText yields the events of the turn that answers text. Its error's status is
// 404 or 410 when the conversation has ended.
export async function* sendText(conversation, text) {
  const response = await fetch(`v1/conversations/${encodeURIComponent(conversation)}/messages`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ text }),
  });
  if (!response.ok) throw Object.assign(new Error(await reasonOf(response)), { status: response.status });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      const data = block.split('\n').find((line) => line.startsWith('data: '));
      if (data) yield JSON.parse(data.slice(6));
    }
  }
}
