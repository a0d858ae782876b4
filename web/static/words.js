// What the page itself says to the shopper, in the language of the conversation. Here
// is the English; the other languages are loaded when one is wanted.

const english = {
  launcher: 'Talk to us', close: 'Close the conversation', language: 'Language', conversation: 'Conversation',
  welcome: 'How can we help?', how: 'Press Talk and ask, or type below. You can speak over the answer at any time: it stops and listens.',
  ideas: ['Where is my order?', 'I want to return something', 'What can you do?'],
  talk: 'Talk', hangUp: 'Hang up', again: 'Call again', quiet: 'Stop speaking',
  takePhoto: 'Take a photo', addPhoto: 'Add a photo', photos: 'Photos to send', yourPhoto: 'Your photo', removePhoto: 'Remove this photo',
  type: 'Type a message', placeholder: 'Or type here …', aboutPhoto: 'Add a word, or just send …', send: 'Send',
  ready: 'Ready when you are', listening: 'Listening', hearing: 'Hearing you', thinking: 'Thinking …', speaking: 'Speaking. Talk to interrupt',
  connecting: 'Connecting …', microphone: 'Waiting for the microphone …', sending: 'Sending {n} % …', looking: 'Looking at the photo …',
  you: 'You:', agent: 'Agent:', barge_in: 'you spoke here', superseded: 'you went on here', cancelled: 'stopped here', caller_left: 'the call ended here',
  interrupted: 'interrupted here', notHeard: 'not heard', held: 'listening to you …', photo: 'A photo', new: 'A new conversation begins here.',
  speak: 'You can speak now.', recorded: 'Calls are recorded.', hungUp: 'You hung up.', confirm: 'The shop waits for your yes.',
  lost: 'The call was lost. You can call again, or type.', calling: 'The call was lost. Calling again …', ended: 'The call has ended. You can call again, or type.',
  falters: 'The connection falters. Please wait a moment …', muted: 'The browser keeps the agent silent. Press anywhere on the page to hear it.',
  deaf: 'The microphone is gone. Plug it in again and call again, or type.', failed: 'Something did not work just now. The agent is still here: ask again.',
  rejected: 'Your message was not taken: {why}', tools: null, // these are told apart in English
  problems: {
    'no-key': 'This page may not talk to the shop’s agent: it was opened without a token. Open it from the shop again.',
    'expired-token': 'You have been away for long. Open the conversation from the shop again.',
    'spent-token': 'This page has begun as many conversations as it may. Open it from the shop again.',
    'foreign-origin': 'The shop’s agent does not answer to this web site.',
    'no-token': 'The shop gave this page no token. Load it again in a moment.',
    limit: 'This is more than the shop takes at once. Wait a moment, then try again.',
    busy: 'The shop has too many callers just now. Try again in a moment.',
    unreachable: 'The shop cannot be reached just now. Look at your connection, then try again.',
    'no-call': 'The call could not be connected. A network may be in the way; you can type instead.',
    'no-voice': 'This browser gives the page no microphone. Open the page by https, or type instead.',
    NotFoundError: 'No microphone was found. Plug one in and press Talk again, or type instead.',
    NotAllowedError: 'The microphone is not allowed. Allow it for this page beside the address above and press Talk again, or type instead.',
    NotReadableError: 'The microphone is in use by another program. Close that and press Talk again, or type instead.',
    'broken-microphone': 'The microphone could not be opened. You can type instead.',
    'broken-photo': 'The photo did not get through. Look at your connection, then try again.',
    'broken-answer': 'The answer broke off. Ask again.',
    'many-photos': 'At most {n} photos can go with one message.',
    'no-photo': '{name} cannot be opened as a photo. JPEG, PNG and WebP can.',
  },
};

export class Words {
  #own = english; // of the language that is spoken

  constructor() { this.language = 'en'; }

  // speak changes the language; one that is not known is English.
  async speak(language) {
    const tag = language.toLowerCase().split('-')[0];
    const others = tag === 'en' ? {} : (await import('./translations.js')).translations;
    this.language = Object.hasOwn(others, tag) ? tag : 'en';
    this.#own = others[this.language] ?? english;
  }

  // say gives a sentence, with {what} in it replaced.
  say(key, values = {}) { return fill(this.#own[key] ?? english[key], values); }

  // problem gives what to tell of an error, which is by its kind where that is known.
  problem({ kind, message, values }) {
    const known = Object.hasOwn(english.problems, kind) && (this.#own.problems?.[kind] ?? english.problems[kind]);
    return known ? fill(known, values) : message;
  }

  // write puts the words into a page: data-words says which of them go where, as in
  // "title:send", the text of the element being what has no name.
  write(root) {
    for (const element of root.querySelectorAll('[data-words]')) {
      for (const part of element.dataset.words.split(' ')) {
        const [key, place] = part.split(':').reverse();
        if (place) element.setAttribute(place, this.say(key));
        else element.textContent = this.say(key);
      }
    }
    root.querySelectorAll('.idea').forEach((idea, n) => { idea.textContent = this.say('ideas')[n]; });
  }
}

// languageOptions are the choices of a language, each named in itself.
export function languageOptions(languages, chosen) {
  return languages.map((tag) => {
    const option = new Option(new Intl.DisplayNames([tag], { type: 'language' }).of(tag), tag, false, tag === chosen);
    option.lang = tag;
    return option;
  });
}

function fill(text, values = {}) {
  return typeof text === 'string' ? text.replaceAll(/\{(\w+)\}/g, (_, name) => values[name] ?? '') : text;
}

// trouble is an Error of a kind that Words knows what to say of.
export function trouble(kind, values = {}) { return Object.assign(new Error(fill(english.problems[kind], values)), { kind, values }); }
