// The shopper's page: one conversation, by voice and by text.

import { Call } from './call.js';
import { Captions } from './captions.js';
import { follower } from './follow.js';
import { Once } from './once.js';
import { Photos } from './photos.js';
import { beginConversation, sendPhotos, sendText } from './text.js';
import { drawWaterfall } from './waterfall.js';

const $ = (id) => document.getElementById(id);
const captions = new Captions($('log'));
const following = follower($('conversation'));
const once = new Once();
const photos = new Photos($('photos'), () => { $('text').placeholder = photos.count ? 'Say something about it, or just send …' : hint; });
const hint = $('text').placeholder;
const typed = new Set(); // turns that answer a typed message
const states = {
  listening: 'Listening', hearing: 'Hearing you', thinking: 'Thinking …', speaking: 'Speaking. Talk to interrupt',
};
const resting = 'Ready when you are';

let conversation = null; // id, once begun
let call = null; // from Talk to the end
let voiced = false; // the call is up

function show(event) {
  if (!once.isNew(event)) return;
  switch (event.type) {
    case 'state': if (voiced) state(event.state); break;
    case 'turn.started': if (!voiced) state('thinking'); break;
    case 'turn.ended': ended(event); break;
    case 'transcript.final': if (event.source === 'text') typed.add(`${event.conversation}/${event.turn}`); break;
    case 'reply.done': if (!voiced) announce(event.text); break; // a call is heard, and reading over it would interrupt it
    case 'tool.confirmation': if (voiced) announce('The shop waits for your yes.'); break;
    case 'error': problem('Something did not work just now. The agent is still here: ask again.'); break;
    case 'rejected': problem(`Your message was not taken: ${event.message}`); break;
    default:
  }
  captions.show(event, voiced);
  $('welcome').hidden = !captions.empty;
  following.grown();
}

function ended(event) {
  if (!voiced) state('');
  const asTyped = typed.has(`${event.conversation}/${event.turn}`);
  if (!drawWaterfall($('waterfall'), event.timings, asTyped)) return;
  $('timings-from').textContent = asTyped ? 'since your message' : 'since you stopped speaking';
  $('timings').hidden = false;
}

function state(name) {
  if (name) document.body.dataset.state = name;
  else delete document.body.dataset.state;
  $('status').textContent = states[name] ?? resting;
  $('quiet').setAttribute('aria-disabled', String(name !== 'speaking'));
}

function announce(text) { $('announcer').textContent = text; }

function problem(text, again = false) {
  $('problem-text').textContent = text;
  $('again').hidden = !again;
  $('problem').hidden = !text;
}

async function ensureConversation() {
  conversation ??= await beginConversation();
  return conversation;
}

// withConversation does something in the conversation, in a new one if that has ended.
async function withConversation(act) {
  const known = conversation !== null;
  try {
    return await act(await ensureConversation());
  } catch (err) {
    if (err.status !== 404 && err.status !== 410) throw err;
    conversation = null;
    if (!known) throw err;
    return act(await ensureConversation());
  }
}

async function talk() {
  problem('');
  if (voiced) return call.hangUp();
  if (call) return undefined; // it is being connected
  $('talk').setAttribute('aria-disabled', 'true');
  $('status').textContent = 'Connecting …';
  try {
    await withConversation(async (id) => {
      call = new Call(id, $('voice'));
      $('status').textContent = 'Waiting for the microphone …';
      listenTo(call);
      await call.start(() => { $('status').textContent = 'Connecting …'; });
    });
    announce('You can speak now.');
  } catch (err) {
    if (call) closed(null);
    state('');
    problem(err.message);
  } finally {
    $('talk').removeAttribute('aria-disabled');
  }
  return undefined;
}

function listenTo(a) {
  a.addEventListener('event', ({ detail }) => {
    if (!voiced && detail.type !== 'rejected') up();
    show(detail);
  });
  a.addEventListener('unsteady', ({ detail }) => { problem(detail ? 'The connection falters. Please wait a moment …' : ''); });
  a.addEventListener('muted', () => problem('The browser keeps the agent silent. Press anywhere on the page to hear it.'));
  a.addEventListener('deaf', () => problem('The microphone is gone. Plug it in again and call again, or type.', true));
  a.addEventListener('closed', ({ detail }) => { if (a === call) closed(detail); });
}

// up shows that there is a call: its channel has spoken.
function up() {
  voiced = true;
  document.body.classList.add('in-call');
  $('talk-label').textContent = 'Hang up';
  $('quiet').hidden = false;
  state('listening');
}

function closed(why) {
  const wasUp = voiced;
  call = null;
  voiced = false;
  document.body.classList.remove('in-call');
  $('talk-label').textContent = 'Talk';
  if (document.activeElement === $('quiet')) $('talk').focus();
  $('quiet').hidden = true;
  state('');
  if (!wasUp) return;
  captions.hungUp();
  if (why === 'hung up') announce('You hung up.');
  else problem(why === 'lost' ? 'The call was lost. You can call again, or type.' : 'The call has ended. You can call again, or type.', true);
}

async function type(text) {
  problem('');
  following.toEnd();
  const shown = photos.take();
  if (voiced && call.open && !shown.length) {
    call.send({ type: 'message', text });
    return;
  }
  let taken = false;
  captions.sending(shown);
  try {
    await withConversation(async (id) => {
      for await (const event of shown.length ? sendPhotos(id, text, shown, onItsWay) : sendText(id, text)) {
        taken = true;
        show(event);
      }
    });
  } catch (err) {
    captions.sending([]);
    if (!taken && !err.begun) { // not lost
      $('text').value ||= text;
      photos.giveBack(shown);
    }
    if (!voiced) state('');
    problem(err.message);
  }
}

// onItsWay tells how far photos have got.
function onItsWay(share) {
  const words = share < 1 ? `Sending ${Math.round(share * 100)} % …` : 'Looking at the photo …';
  if (!voiced) $('status').textContent = words;
}

$('photo').addEventListener('change', async ({ target }) => {
  const files = [...target.files];
  target.value = ''; // the same one may be picked again
  problem(await photos.add(files));
  $('text').focus();
});
$('talk').addEventListener('click', talk);
$('again').addEventListener('click', () => {
  $('talk').focus();
  if (voiced) call.hangUp().then(talk);
  else talk();
});
$('quiet').addEventListener('click', () => call?.send({ type: 'silence' }));
$('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = $('text').value.trim();
  if (!text && !photos.count) return;
  $('text').value = '';
  type(text);
});
$('ideas').addEventListener('click', ({ target }) => {
  if (!target.classList.contains('idea')) return;
  $('conversation').focus({ preventScroll: true }); // the button goes away
  type(target.textContent);
});
document.addEventListener('click', () => {
  if (voiced && $('voice').paused) $('voice').play().then(() => problem(''), () => {});
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && voiced) call.send({ type: 'silence' });
});
addEventListener('pagehide', () => { call?.hangUp(); });

fetch('v1/about').then((r) => r.json()).then((about) => {
  $('shop').textContent = about.shop;
  document.title = `Talk to ${about.shop}`;
  $('photo-label').hidden = !about.photos;
  if (about.notice) {
    $('notice').textContent = about.notice;
    $('notice').hidden = false;
  }
}).catch(() => problem('The shop cannot be reached just now. Load the page again in a moment.'));
