// Once tells new events from those the page has shown: a call's channel begins
// with what has happened so far, and an answer by text may still be streaming.

export class Once {
  #conversation; #seen = new Set(); #newest = 0;

  // isNew says whether an event has yet to be shown.
  isNew({ conversation, seq, type }) {
    if (seq === undefined) return true; // of the channel itself, as "rejected"
    if (conversation !== this.#conversation) {
      this.#conversation = conversation;
      this.#seen.clear();
      this.#newest = 0;
    }
    if (this.#seen.has(seq)) return false;
    this.#seen.add(seq);
    const late = seq < this.#newest;
    this.#newest = Math.max(this.#newest, seq);
    return !(late && type === 'state'); // what it was doing then is of no use now
  }
}
