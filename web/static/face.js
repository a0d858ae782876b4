// Face is what the page shows and says of a conversation beside the captions: what the
// agent does, what went wrong, and its own words in the shopper's language.

import { languageOptions, Words } from './words.js';

export class Face {
  #root; #tell; #notice = {}; #doing = ''; #busy = { call: false, photos: 0 };

  // root holds the page's elements; tell is called with the name and the detail of each
  // event that the page around may want to know: "state", "error" and "words".
  constructor(root, tell) {
    this.#root = root;
    this.#tell = tell;
    this.words = new Words();
  }

  $(id) { return this.#root.getElementById(id); }

  say(key, values) { return this.words.say(key, values); }

  // introduce shows the shop by its name; chosen is the language that is offered first.
  introduce({ shop, photos, recorded, notice = '', languages = [] }, chosen) {
    this.$('shop').textContent = shop;
    this.$('add-photos').hidden = !photos;
    this.#notice = { notice, recorded };
    this.#showNotice();
    this.$('language').replaceChildren(...languageOptions(languages, chosen));
    this.$('language-label').hidden = languages.length < 2;
  }

  // showNotice tells what a shopper has to know before they talk.
  #showNotice() {
    const { notice, recorded } = this.#notice;
    const told = [notice, recorded ? this.say('recorded') : ''].filter(Boolean).join(' ');
    this.$('notice').textContent = told;
    this.$('notice').hidden = !told;
  }

  // speak changes the language of the page's own words.
  async speak(language) {
    await this.words.speak(language).catch(() => {}); // it goes on in the one before
    const frame = this.$('frame');
    frame.lang = this.words.language;
    frame.dir = frame.lang === 'ar' ? 'rtl' : 'ltr';
    this.words.write(frame);
    this.#showNotice();
    this.calling(this.#busy.call);
    this.attached(this.#busy.photos);
    this.progress(this.#doing || 'ready');
    this.#tell('words', this.words);
  }

  // state shows what the agent does; '' is nothing.
  state(name) {
    if (name) this.$('frame').dataset.state = name;
    else delete this.$('frame').dataset.state;
    this.progress(name || 'ready');
    this.$('quiet').setAttribute('aria-disabled', String(name !== 'speaking'));
    if (name !== this.#doing) this.#tell('state', { state: (this.#doing = name) || 'idle' });
  }

  // progress shows in words how far something has got.
  progress(key, values) { this.$('status').textContent = this.say(key, values); }

  // calling shows whether there is a call.
  calling(call) {
    this.#busy.call = call;
    this.$('frame').classList.toggle('in-call', call);
    this.$('talk-label').textContent = this.say(call ? 'hangUp' : 'talk');
    this.$('quiet').hidden = !call;
  }

  // attached shows that photos go with what is written next.
  attached(photos) {
    this.#busy.photos = photos;
    this.$('text').placeholder = this.say(photos ? 'aboutPhoto' : 'placeholder');
  }

  // announce tells those who hear the page read.
  announce(text) { this.$('announcer').textContent = text; }

  // trouble tells of an error, problem of anything, with a way to call again; '' takes
  // it away.
  trouble(err) { this.problem(this.words.problem(err)); }

  problem(text, again = false) {
    this.$('problem-text').textContent = text;
    this.$('again').hidden = !again;
    this.$('problem').hidden = !text;
    if (text) this.#tell('error', { message: text });
  }
}
