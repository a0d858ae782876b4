// Once tells new events from those the page has shown: a call's channel begins
// with what has happened so far, and an answer by text may still be streaming.

export class Once {
  #conversations = new Map(); // by id: the numbers seen, and the newest of them

  // isNew says whether an event has yet to be shown.
  isNew({ conversation, seq, type }) {
    if (seq === undefined) return true; // of the channel itself, as "rejected"
    if (!this.#conversations.has(conversation)) this.#conversations.set(conversation, { seen: new Set(), newest: 0 });
    const known = this.#conversations.get(conversation);
    if (known.seen.has(seq)) return false;
    known.seen.add(seq);
    const late = seq < known.newest;
    known.newest = Math.max(known.newest, seq);
    return !(late && type === 'state'); // what it was doing then is of no use now
  }
}
