// Conversations by text: begun over HTTP, each message answered by a stream of
// server-sent events.

import { reasonOf } from './server.js';
import { trouble } from './words.js';

// beginConversation gives the id of a new conversation, in a language if one was chosen.
export async function beginConversation(server, language) {
  const body = JSON.stringify(language ? { language } : {});
  return (await (await server.ask('v1/conversations', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })).json()).id;
}

// endConversation says that nothing more will be asked in a conversation.
export async function endConversation(server, id) { await server.ask(`v1/conversations/${encodeURIComponent(id)}`, { method: 'DELETE' }); }

const messagesOf = (conversation) => `v1/conversations/${encodeURIComponent(conversation)}/messages`;

// sendText yields the events of the turn that answers text. Its error's status is
// 404 or 410 when the conversation has ended.
export async function* sendText(server, conversation, text) {
  const response = await server.ask(messagesOf(conversation), {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ text }),
  });
  yield* eventsOf(response);
}

// sendPhotos is sendText with photos, of which sent hears the share that is on its
// way, from 0 to 1.
export async function* sendPhotos(server, conversation, text, photos, sent) {
  const form = new FormData();
  if (text) form.append('text', text);
  for (const { blob } of photos) form.append('photo', blob, 'photo.jpg');
  for (const anew of [false, true]) {
    const { status, answer, whole } = await upload(server.url(messagesOf(conversation)), await server.authorization(anew), form, sent);
    if (status < 400) {
      yield* events(answer);
      return;
    }
    const reason = await reasonOf(new Response(await whole, { status }));
    if (anew || !server.renews(reason)) throw reason;
  }
}

// upload posts a form. fetch tells nothing of how far a body has got, so this is the
// older way. answer reads what comes, whole is all of it once it has come.
async function upload(url, headers, form, sent) {
  const request = new XMLHttpRequest();
  const chunks = new TransformStream();
  const writer = chunks.writable.getWriter();
  let read = 0;
  const whole = new Promise((done) => { request.onloadend = () => done(request.responseText); });
  const answered = new Promise((done, failed) => {
    const pass = () => {
      const next = request.responseText.slice(read);
      read += next.length;
      if (next) writer.write(next).catch(() => {}); // nobody reads any more
    };
    request.upload.onprogress = (e) => { if (e.lengthComputable) sent(e.loaded / e.total); };
    request.onreadystatechange = () => { if (request.readyState >= XMLHttpRequest.HEADERS_RECEIVED && request.status) done(request.status); };
    request.onprogress = () => { if (request.status < 400) pass(); };
    request.onload = () => { if (request.status < 400) pass(); writer.close().catch(() => {}); };
    request.onerror = () => {
      const broken = trouble('broken-photo');
      failed(broken);
      writer.abort(broken).catch(() => {});
    };
  });
  request.open('POST', url);
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  request.send(form);
  return { status: await answered, answer: chunks.readable.getReader(), whole };
}

const eventsOf = (response) => events(response.body.pipeThrough(new TextDecoderStream()).getReader());

// events reads server-sent events.
async function* events(reader) {
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read().catch(() => {
      throw Object.assign(trouble('broken-answer'), { begun: true });
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
