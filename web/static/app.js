// The shopper's page: one conversation, by voice and by text.

import { Call } from './call.js';
import { Captions } from './captions.js';
import { beginConversation, sendText } from './text.js';
import { drawWaterfall } from './waterfall.js';

const $ = (id) => document.getElementById(id);
const captions = new Captions($('log'), document.querySelector('main'));
const states = {
  listening: 'Listening', hearing: 'Hearing you', thinking: 'Thinking …', speaking: 'Speaking — just talk to interrupt',
};

let conversation = null; // id, once begun
let call = null;

function show(event) {
  if (event.type === 'state') {
    document.body.dataset.state = event.state;
    if (call) $('status').textContent = states[event.state] ?? event.state;
    $('quiet').hidden = event.state !== 'speaking';
  }
  if (event.type === 'turn.ended') drawWaterfall($('waterfall'), event.timings);
  if (event.type === 'error') problem('Something did not work just now; the agent is still here.');
  if (event.type === 'rejected') problem(event.message);
  captions.show(event);
  $('welcome').hidden = !captions.empty;
}

function problem(text) {
  $('problem').textContent = text;
  $('problem').hidden = !text;
}

async function ensureConversation() {
  conversation ??= await beginConversation();
  return conversation;
}

async function talk() {
  problem('');
  if (call) {
    await call.hangUp();
    return;
  }
  $('talk').disabled = true;
  $('status').textContent = 'Connecting …';
  try {
    const starting = new Call(await ensureConversation(), $('voice'));
    starting.addEventListener('event', ({ detail }) => { if (!seen(detail)) show(detail); });
    starting.addEventListener('muted', () => problem('The browser keeps the agent’s voice silent. Press the page once.'));
    starting.addEventListener('closed', ({ detail }) => ended(detail));
    await starting.start();
    call = starting;
    $('talk').setAttribute('aria-pressed', 'true');
    $('talk-label').textContent = 'Hang up';
    $('status').textContent = states.listening;
  } catch (err) {
    $('status').textContent = 'Ready when you are';
    problem(err.message);
    if (/ended|no conversation/i.test(err.message)) conversation = null;
  } finally {
    $('talk').disabled = false;
  }
}

function ended(why) {
  call = null;
  document.body.dataset.state = '';
  $('talk').setAttribute('aria-pressed', 'false');
  $('talk-label').textContent = 'Talk';
  $('quiet').hidden = true;
  $('status').textContent = why;
}

// A call begins with what has happened so far in the conversation, some of which
// this page may have shown already.
let newest = -1;
function seen(event) {
  if (typeof event.at_ms !== 'number') return false;
  if (event.seq !== undefined) {
    if (event.seq <= newest) return true;
    newest = event.seq;
  }
  return false;
}

async function type(text) {
  problem('');
  if (call?.open) {
    call.send({ type: 'message', text });
    return;
  }
  for (let tries = 0; ; tries++) {
    try {
      for await (const event of sendText(await ensureConversation(), text)) if (!seen(event)) show(event);
      return;
    } catch (err) {
      if ((err.status === 404 || err.status === 410) && tries === 0) {
        conversation = null; // it had ended; begin another
        newest = -1;
        continue;
      }
      problem(err.message);
      return;
    }
  }
}

$('talk').addEventListener('click', talk);
$('quiet').addEventListener('click', () => call?.send({ type: 'silence' }));
$('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = $('text').value.trim();
  if (!text) return;
  $('text').value = '';
  type(text);
});
$('ideas').addEventListener('click', ({ target }) => {
  if (target.classList.contains('idea')) type(target.textContent);
});
document.addEventListener('click', () => { if (call && $('voice').paused) $('voice').play().catch(() => {}); });
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && call) call.send({ type: 'silence' });
});
addEventListener('pagehide', () => { call?.hangUp(); });

fetch('v1/about').then((r) => r.json()).then((about) => {
  $('shop').textContent = about.shop;
  document.title = `Talk to ${about.shop}`;
  if (about.notice) {
    $('notice').textContent = about.notice;
    $('notice').hidden = false;
  }
}).catch(() => problem('The shop cannot be reached.'));
