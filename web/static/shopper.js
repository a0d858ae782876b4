// Shopper is one shopper's side of a conversation, by voice and by text, in whatever
// holds the page's elements: the page itself, or an element on a shop's own page.
//
// It tells of itself by events:
//
//   "event"       detail: one event of the conversation
//   "calling"     detail: whether there is a call
//   "state"       detail: what the agent does, { state }
//   "transcript"  detail: what was said, { who, text, final, turn, interrupted }
//   "words"       detail: the words of another language, Words
//   "error"       detail: what the shopper is told of, { message }

import { Call } from './call.js';
import { Captions } from './captions.js';
import { Face } from './face.js';
import { follower } from './follow.js';
import { Once } from './once.js';
import { Photos } from './photos.js';
import { beginConversation, endConversation, sendPhotos, sendText } from './text.js';
import { utterance } from './utterance.js';
import { drawWaterfall } from './waterfall.js';

const callAgain = { tries: 3, after: 700 }; // ms, longer each time; when a call is lost

export class Shopper extends EventTarget {
  #root; #server; #face; #captions; #following; #photos;
  #once = new Once();
  #typed = new Set(); // turns that answer a typed message
  #conversation = null; // a promise of its id, once it is wanted
  #answers = Promise.resolve(); // to what was written so far
  #call = null; // from Talk to the end
  #voiced = false; // the call is up
  #language = ''; // to begin in; "" is the shop's or the token's

  // root is a document or a shadow root with the elements of index.html.
  constructor(root, server) {
    super();
    this.#root = root;
    this.#server = server;
    this.#face = new Face(root, (name, detail) => this.#tell(name, detail));
    this.#captions = new Captions(this.$('log'), this.#face.words);
    this.#following = follower(this.$('conversation'));
    this.#photos = new Photos(this.$('photos'), this.#face.words, () => this.#face.attached(this.#photos.count));
    this.#listen();
  }

  $(id) { return this.#root.getElementById(id); }

  // introduce shows the shop by its name, and gives what it says of itself. language is
  // the one to begin in.
  async introduce(language = '') {
    try {
      const about = await (await this.#server.ask('v1/about')).json();
      this.#language = language;
      await this.speak(language || about.language);
      this.#face.introduce(about, language || about.language);
      return about;
    } catch (err) {
      this.#face.trouble(err);
      return {};
    }
  }

  // talk begins a call, or ends the one there is.
  async talk() {
    this.#face.problem('');
    if (this.#voiced) return this.#call.hangUp();
    if (this.#call) return undefined; // it is being connected
    return this.#connect().catch((err) => this.#face.trouble(err));
  }

  // hangUp ends the call, if there is one.
  async hangUp() { await this.#call?.hangUp(); }

  // type takes what the shopper wrote, with the photos that wait to be sent.
  async type(text) {
    const answered = this.#ask(text);
    this.#answers = Promise.allSettled([this.#answers, answered]);
    await answered;
  }

  async #ask(text) {
    this.#face.problem('');
    this.#following.toEnd();
    const shown = this.#photos.take();
    if (this.#voiced && this.#call.open && !shown.length) {
      this.#call.send({ type: 'message', text });
      return;
    }
    let taken = false;
    this.#captions.sending(shown);
    try {
      await this.#withConversation(async (id) => {
        const answer = shown.length ? sendPhotos(this.#server, id, text, shown, (share) => this.#onItsWay(share)) : sendText(this.#server, id, text);
        for await (const event of answer) {
          taken = true;
          this.#show(event);
        }
      });
    } catch (err) {
      this.#captions.sending([]);
      this.$('sent').hidden = true;
      if (!taken && !err.begun) { // not lost
        this.$('text').value ||= text;
        this.#photos.giveBack(shown);
      }
      if (!this.#voiced) this.#face.state('');
      this.#face.trouble(err);
    }
  }

  #show(event) {
    if (!this.#once.isNew(event)) return;
    switch (event.type) {
      case 'state': if (this.#voiced) this.#face.state(event.state); break;
      case 'conversation.started': if (!this.#language && event.language) this.#follow(event.language); break;
      case 'turn.started': if (!this.#voiced) this.#face.state('thinking'); break;
      case 'turn.ended': this.#turnEnded(event); break;
      case 'transcript.final': if (event.source === 'text') this.#typed.add(`${event.conversation}/${event.turn}`); break;
      case 'reply.done': if (!this.#voiced) this.#face.announce(event.text); break; // a call is heard, and reading over it would interrupt it
      case 'tool.confirmation': if (this.#voiced) this.#face.announce(this.#face.say('confirm')); break;
      case 'error': this.#face.problem(this.#face.say('failed')); break;
      case 'rejected': this.#face.problem(this.#face.say('rejected', { why: event.message })); break;
      default:
    }
    this.#captions.show(event, this.#voiced);
    this.$('welcome').hidden = !this.#captions.empty;
    this.#following.grown();
    this.#tell('event', event);
    const said = utterance(event);
    if (said) this.#tell('transcript', said);
  }

  #turnEnded(event) {
    if (!this.#voiced) this.#face.state('');
    const asTyped = this.#typed.has(`${event.conversation}/${event.turn}`);
    if (!drawWaterfall(this.$('waterfall'), event.timings, asTyped)) return;
    this.$('timings-from').textContent = asTyped ? 'since your message' : 'since you stopped speaking';
    this.$('timings').hidden = false;
  }

  // speak changes the language of the page's own words.
  speak(language) { return this.#face.speak(language); }

  // choose takes another language: for the page at once, for the agent in a new
  // conversation, unless there is a call, in which it follows what it hears.
  async #choose(language) {
    this.#language = language;
    if (!this.#call) this.#leave();
    await this.speak(language);
  }

  // leave ends the conversation, when what was asked in it is answered: shops bound how
  // many a customer may hold at once.
  async #leave() {
    const [left, answers] = [this.#conversation, this.#answers];
    this.#conversation = null;
    if (!left) return;
    try {
      const id = await left;
      await answers;
      await endConversation(this.#server, id);
    } catch { /* it ends by itself */ }
  }

  // follow shows the language that a conversation has begun in, which a token may say.
  #follow(language) {
    this.$('language').value = language;
    this.speak(language);
  }

  async #begun() {
    const begun = this.#conversation ??= beginConversation(this.#server, this.#language);
    try {
      return await begun;
    } catch (err) {
      if (this.#conversation === begun) this.#conversation = null;
      throw err;
    }
  }

  // withConversation does something in the conversation, in a new one if that has ended.
  async #withConversation(act) {
    const known = this.#conversation !== null;
    try {
      return await act(await this.#begun());
    } catch (err) {
      if (err.status !== 404 && err.status !== 410) throw err;
      this.#conversation = null;
      if (!known) throw err;
      return act(await this.#begun());
    }
  }

  async #connect() {
    this.$('talk').setAttribute('aria-disabled', 'true');
    this.#face.progress('connecting');
    try {
      await this.#withConversation(async (id) => {
        this.#call = new Call(this.#server, id, this.$('voice'));
        this.#face.progress('microphone');
        this.#listenTo(this.#call);
        await this.#call.start(() => { this.#face.progress('connecting'); });
      });
      this.#face.announce(this.#face.say('speak'));
    } catch (err) {
      if (this.#call) this.#closed(null);
      this.#face.state('');
      throw err;
    } finally {
      this.$('talk').removeAttribute('aria-disabled');
    }
  }

  #listenTo(call) {
    call.addEventListener('event', ({ detail }) => {
      if (!this.#voiced && detail.type !== 'rejected') this.#up();
      this.#show(detail);
    });
    call.addEventListener('unsteady', ({ detail }) => this.#face.problem(detail ? this.#face.say('falters') : ''));
    call.addEventListener('muted', () => this.#face.problem(this.#face.say('muted')));
    call.addEventListener('deaf', () => this.#face.problem(this.#face.say('deaf'), true));
    call.addEventListener('closed', ({ detail }) => { if (call === this.#call) this.#closed(detail); });
  }

  // up shows that there is a call: its channel has spoken.
  #up() {
    this.#voiced = true;
    this.#face.calling(true);
    this.#face.state('listening');
    this.#tell('calling', true);
  }

  #closed(why) {
    const wasUp = this.#voiced;
    this.#call = null;
    this.#voiced = false;
    if (this.#root.activeElement === this.$('quiet')) this.$('talk').focus();
    this.#face.calling(false);
    this.#face.state('');
    if (!wasUp) return;
    this.#captions.hungUp();
    this.#tell('calling', false);
    if (why === 'hung up') this.#face.announce(this.#face.say('hungUp'));
    else if (why === 'lost') this.#callAgain();
    else this.#face.problem(this.#face.say('ended'), true);
  }

  // callAgain takes up a conversation whose call was lost.
  async #callAgain() {
    for (let n = 1; n <= callAgain.tries; n++) {
      this.#face.problem(this.#face.say('calling'));
      await new Promise((wait) => { setTimeout(wait, callAgain.after * n); });
      if (this.#call) return; // the shopper was quicker
      try {
        await this.#connect();
        this.#face.problem('');
        return;
      } catch { /* once more */ }
    }
    this.#face.problem(this.#face.say('lost'), true);
  }

  // onItsWay tells how far photos have got.
  #onItsWay(share) {
    if (!this.#voiced) this.#face.progress(share < 1 ? 'sending' : 'looking', { n: Math.round(share * 100) });
    this.$('sent').hidden = share === 1;
    this.$('sent').value = share;
  }

  #listen() {
    for (const id of ['camera', 'photo']) {
      this.$(id).addEventListener('change', async ({ target }) => {
        const files = [...target.files];
        target.value = ''; // the same one may be picked again
        const wrong = await this.#photos.add(files);
        if (wrong) this.#face.trouble(wrong);
        else this.#face.problem('');
        this.$('text').focus();
      });
    }
    this.$('language').addEventListener('change', ({ target }) => this.#choose(target.value));
    this.$('talk').addEventListener('click', () => this.talk());
    this.$('again').addEventListener('click', () => {
      this.$('talk').focus();
      if (this.#voiced) this.#call.hangUp().then(() => this.talk());
      else this.talk();
    });
    this.$('quiet').addEventListener('click', () => this.#call?.send({ type: 'silence' }));
    this.$('composer').addEventListener('submit', (event) => {
      event.preventDefault();
      const text = this.$('text').value.trim();
      if (!text && !this.#photos.count) return;
      this.$('text').value = '';
      this.type(text);
    });
    this.$('ideas').addEventListener('click', ({ target }) => {
      if (!target.classList.contains('idea')) return;
      this.$('conversation').focus({ preventScroll: true }); // the button goes away
      this.type(target.textContent);
    });
    this.#root.addEventListener('click', () => {
      if (this.#voiced && this.$('voice').paused) this.$('voice').play().then(() => this.#face.problem(''), () => {});
    });
    this.#root.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && this.#voiced) this.#call.send({ type: 'silence' });
    });
    addEventListener('pagehide', () => { this.hangUp(); });
  }

  #tell(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}
