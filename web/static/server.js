// Server is the shop's agent as a page sees it: where it is, and the token that says
// whom it speaks with. Its errors are sentences.

import { trouble } from './words.js';

export class Server {
  #tokens; #token = null;

  // base is the server's address; tokens, if given, is asked for a token when there is
  // none yet or the last one no longer works: a function that gives a promise of it, or
  // of null where the server is open.
  constructor(base, tokens = null) {
    this.base = base;
    this.#tokens = tokens;
  }

  url(path) { return new URL(path, this.base).href; }

  // authorization is the header that says who asks; anew gives up the last token.
  async authorization(anew = false) {
    if (!this.#tokens) return {};
    if (anew || !this.#token) this.#token = this.#tokens();
    try {
      const token = await this.#token;
      return token ? { Authorization: `Bearer ${token}` } : {};
    } catch (err) {
      this.#token = null;
      throw err;
    }
  }

  // renews says whether an error may go away with another token.
  renews({ status, kind }) { return this.#tokens !== null && (status === 401 || kind === 'spent-token'); }

  // ask is fetch of a path of the server's.
  async ask(path, options = {}) {
    for (const anew of [false, true]) {
      const headers = { ...options.headers, ...await this.authorization(anew) };
      const response = await fetch(this.url(path), { ...options, headers }).catch(() => {
        throw trouble('unreachable');
      });
      if (response.ok) return response;
      const reason = await reasonOf(response);
      if (anew || !this.renews(reason)) throw reason;
    }
    return undefined; // not reached
  }
}

// reasonOf is an Error with the sentence that an answer of the server holds, its
// status, and the name of the problem ("busy", "in-call", …).
export async function reasonOf(response) {
  const problem = await response.json().catch(() => ({}));
  const kind = String(problem.type ?? '').split(':').at(-1);
  const message = problem.detail || `The shop’s server answered ${response.status}.`;
  return Object.assign(new Error(message), { status: response.status, kind });
}
