// Captions show both sides of a conversation as it goes: what was understood of
// the shopper, what the agent says, how much of it was heard, and what it does.

import { thumbnail } from './photos.js';
import { toolWords } from './toolwords.js';

const cutBy = new Set(['barge_in', 'superseded', 'cancelled', 'caller_left']); // of which there is a word each

export class Captions {
  #sending = [];
  #list; #rows = []; #replies = new Map(); #tools = new Map(); #partial = null; #part = 0; #parts = new Map();

  #words;

  constructor(list, words) {
    this.#list = list;
    this.#words = words;
  }

  get empty() { return this.#rows.length === 0; }

  // show takes one event. voiced says that answers are spoken now, not only written.
  show(event, voiced) {
    if (event.conversation) this.#turnTo(event.conversation);
    switch (event.type) {
      case 'transcript.partial':
        this.#partial ??= this.#add('user partial', Infinity);
        this.#partial.textContent = event.text;
        break;
      case 'transcript.final':
        this.#dropPartial();
        this.#settleQuestions();
        this.#user(event);
        break;
      case 'state':
        if (event.state !== 'hearing') this.#dropPartial(); // it was no speech after all
        break;
      case 'tool.started': this.#tool(event, 'running'); break;
      case 'tool.finished': this.#tool(event, event.ok ? 'done' : 'failed'); break;
      case 'tool.confirmation': this.#tool(event, 'asking'); break;
      case 'reply.delta': this.#reply(event, voiced, (r) => r.deltas.set(event.seq, event.text)); break;
      case 'reply.spoken': this.#reply(event, true, (r) => { r.heard = event.text; }); break;
      case 'playout.held': this.#reply(event, true, (r) => { r.held = true; }, false); break;
      case 'playout.resumed': this.#reply(event, true, (r) => { r.held = false; }, false); break;
      case 'reply.done':
        this.#reply(event, voiced, (r) => {
          Object.assign(r, { text: event.text, heard: event.heard, held: false, done: true, cut: event.interrupted ? this.#words.say('interrupted') : '' });
          if (r.cut) r.voiced = true; // by text, all of it counts as heard
        }, Boolean(event.text));
        break;
      case 'turn.ended': {
        const reply = this.#replies.get(this.#key(event.turn));
        if (reply?.cut && cutBy.has(event.cause)) {
          reply.cut = this.#words.say(event.cause);
          draw(reply, this.#words);
        }
        break;
      }
      default:
    }
  }

  // hungUp closes what was being said when the call ended: its own end is told
  // over the call, which is gone.
  hungUp() {
    this.#dropPartial();
    for (const reply of this.#replies.values()) {
      if (reply.done || !reply.voiced) continue;
      Object.assign(reply, { done: true, held: false, cut: this.#words.say('caller_left') });
      draw(reply, this.#words);
    }
  }

  // sending says which photos are on their way; the next message with photos is theirs.
  sending(photos) { this.#sending = photos; }

  #user(event) {
    const item = this.#add('user', event.seq, this.#words.say('you'));
    if (event.images?.length) {
      const row = document.createElement('span');
      row.className = 'sent';
      row.append(...this.#sending.map((photo) => thumbnail(photo, this.#words)));
      if (!this.#sending.length) row.append(event.images.map(() => this.#words.say('photo')).join(', '));
      item.append(row);
      this.#sending = [];
    }
    item.append(event.text);
  }

  #key(name) { return `${this.#part}/${name}`; }

  // turnTo has what follows shown in the part of its conversation: an answer may still
  // come in the one before.
  #turnTo(conversation) {
    this.#part = this.#parts.get(conversation) ?? this.#parts.size;
    if (this.#parts.has(conversation)) return;
    this.#parts.set(conversation, this.#part);
    if (this.#part) this.#add('aside', 0).textContent = this.#words.say('new');
  }

  #tool(event, as) {
    const key = this.#key(event.call);
    const tool = this.#tools.get(key) ?? { name: event.name, item: this.#add('tool', event.seq) };
    this.#tools.set(key, tool);
    tool.item.textContent = toolWords(this.#words, tool.name, as);
    tool.item.dataset.as = as;
  }

  #settleQuestions() {
    for (const tool of this.#tools.values()) {
      if (tool.item.dataset.as !== 'asking') continue;
      tool.item.textContent = toolWords(this.#words, tool.name, 'asked');
      tool.item.dataset.as = 'asked';
    }
  }

  // reply changes what is shown of a turn's answer; it begins one unless begins is false.
  #reply(event, voiced, change, begins = true) {
    const key = this.#key(event.turn);
    let reply = this.#replies.get(key);
    if (!reply) {
      if (!begins) return;
      const item = this.#add('agent', event.seq, this.#words.say('agent'));
      const said = document.createElement('span');
      said.className = 'said';
      const mark = document.createElement('em');
      mark.className = 'mark';
      const still = document.createElement('s');
      still.className = 'still';
      reply = { item, said, mark, still, voiced, deltas: new Map(), heard: '', held: false, done: false, cut: '' };
      item.append(said, ' ', mark, ' ', still);
      this.#replies.set(key, reply);
    }
    if (reply.done && event.type !== 'reply.done') return; // overtaken
    change(reply);
    draw(reply, this.#words);
  }

  #dropPartial() {
    if (!this.#partial) return;
    this.#rows = this.#rows.filter(({ item }) => item !== this.#partial);
    this.#partial.remove();
    this.#partial = null;
  }

  // add puts a row where its number belongs, which is the end unless it is late.
  #add(kind, seq, who = '') {
    const item = document.createElement('li');
    item.className = kind;
    item.dir = 'auto';
    if (who) {
      const by = document.createElement('span');
      by.className = 'unseen';
      by.textContent = `${who} `;
      item.append(by);
    }
    const part = this.#part;
    const at = this.#rows.findLastIndex((row) => row.part < part || (row.part === part && row.seq <= seq)) + 1;
    this.#list.insertBefore(item, this.#rows[at]?.item ?? null);
    this.#rows.splice(at, 0, { part, seq, item });
    return item;
  }
}

// draw parts an answer at the last word that was heard. Words are found by their
// number, because the voice is given the text without its layout.
function draw(reply, say) {
  const { item, said, mark, still, deltas } = reply;
  const text = reply.text ?? [...deltas].sort(([a], [b]) => a - b).map(([, piece]) => piece).join('');
  const words = text.trim().split(/(?<=\s)(?=\S)/);
  const spoken = reply.heard.split(/\s+/).filter(Boolean);
  let heard = spoken.length;
  if (!reply.voiced || (reply.done && !reply.cut)) heard = words.length;
  if (reply.text === undefined && reply.voiced && heard > 0 && words[0].trim() !== spoken[0]) {
    said.textContent = reply.heard; // a call that came in between did not see how the text began
    still.textContent = '';
  } else {
    said.textContent = words.slice(0, heard).join('').trimEnd();
    still.textContent = words.slice(heard).join('');
  }
  mark.textContent = (reply.cut && heard === 0 ? say.say('notHeard') : reply.cut) || (reply.held ? say.say('held') : '');
  mark.hidden = mark.textContent === '';
  item.hidden = !said.textContent && !still.textContent;
  item.classList.toggle('cut', reply.cut !== '');
  item.classList.toggle('held', reply.held);
}
