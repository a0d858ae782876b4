// <parley-agent> puts the shop's agent on any page:
//
//   <script type="module" src="https://agent.example/parley.js"></script>
//   <parley-agent token-url="/token"></parley-agent>
//
// What it takes and gives is described in parley.d.ts.

import { Server } from './server.js';
import { Shopper } from './shopper.js';
import { trouble } from './words.js';

const home = new URL('.', import.meta.url).href;

export class ParleyAgent extends HTMLElement {
  static observedAttributes = ['open'];
  #shopper = null; #ready = null;

  connectedCallback() { this.#ready ??= this.#build(); }

  disconnectedCallback() { this.#shopper?.hangUp(); }

  attributeChangedCallback(_name, before, now) {
    if (this.#shopper && (before === null) !== (now === null)) this.#turn(now !== null);
  }

  get open() { return this.hasAttribute('open'); }

  set open(open) { this.toggleAttribute('open', Boolean(open)); }

  // start opens the conversation and begins a call.
  async start() {
    await this.#ready;
    this.open = true;
    if (!this.#calling) await this.#shopper.talk();
  }

  // stop ends the call.
  async stop() { await this.#shopper?.hangUp(); }

  // say opens the conversation and sends what the shopper would have typed.
  async say(text) {
    await this.#ready;
    this.open = true;
    await this.#shopper.type(text);
  }

  #calling = false;

  async #build() {
    const base = new URL(this.getAttribute('server') ?? home, document.baseURI).href;
    const [markup, ...styles] = await Promise.all(['index.html', 'style.css', 'conversation.css', 'agent.css'].map((name) => textOf(home + name)));
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = await Promise.all(styles.map((css) => new CSSStyleSheet().replace(css)));
    const page = new DOMParser().parseFromString(trusted(markup), 'text/html');
    page.querySelector('.top img').remove(); // before it is loaded, from the wrong place
    const frame = document.importNode(page.getElementById('frame'), true);
    frame.classList.remove('page');
    frame.querySelector('.top').append(button('close', '×', 'Close the conversation', () => { this.open = false; }));
    const panel = document.createElement('section');
    panel.id = 'panel';
    panel.setAttribute('aria-labelledby', 'shop');
    panel.append(frame);
    panel.hidden = !this.hasAttribute('inline');
    const launcher = button('launcher', this.getAttribute('label') ?? 'Talk to us', '', () => { this.open = true; });
    launcher.setAttribute('aria-expanded', 'false');
    root.append(launcher, panel);
    const shopper = new Shopper(root, new Server(base, () => this.#token()));
    shopper.addEventListener('event', ({ detail }) => this.#tell('parley:event', detail));
    shopper.addEventListener('words', ({ detail: words }) => {
      root.getElementById('close').setAttribute('aria-label', words.say('close'));
      if (!this.hasAttribute('label')) launcher.textContent = words.say('launcher');
    });
    for (const name of ['state', 'transcript', 'error']) shopper.addEventListener(name, ({ detail }) => this.#tell(`parley:${name}`, detail));
    shopper.addEventListener('calling', ({ detail }) => { this.#calling = detail; this.#tell('parley:calling', detail); });
    root.addEventListener('keydown', (event) => { if (event.key === 'Escape' && !this.#calling && !this.hasAttribute('inline')) this.open = false; });
    this.#shopper = shopper;
    await shopper.speak(this.#language());
    if (this.open || this.hasAttribute('inline')) this.#turn(true, false);
    this.#tell('parley:ready');
  }

  // tokens, where the page sets it, is asked for a token in place of token-url.
  tokens = null;

  // token fetches one from the shop's own server; null without any.
  async #token() {
    if (this.tokens) return this.tokens();
    const from = this.getAttribute('token-url');
    if (!from) return null;
    const method = (this.getAttribute('token-method') ?? 'post').toUpperCase();
    const response = await fetch(new URL(from, document.baseURI), { method, credentials: 'same-origin', cache: 'no-store' }).catch(() => null);
    const { token } = response?.ok ? await response.json().catch(() => ({})) : {};
    if (!token) throw trouble('no-token');
    return token;
  }

  // language is the element's or that of the page around, for the button's words.
  #language() { return this.closest('[lang]')?.lang ?? ''; }

  #introduced = false;

  // turn opens and closes; focuses says that the focus goes along.
  #turn(open, focuses = true) {
    const inline = this.hasAttribute('inline');
    const $ = (id) => this.shadowRoot.getElementById(id);
    $('panel').hidden = !open && !inline;
    $('launcher').hidden = open || inline;
    $('close').hidden = inline;
    $('launcher').setAttribute('aria-expanded', String(open));
    if (open && !this.#introduced) {
      this.#introduced = true;
      this.#shopper.introduce(this.getAttribute('lang') ?? '');
    }
    if (inline) return;
    if (!open) this.#shopper.hangUp(); // no microphone stays open behind a closed panel
    if (focuses) $(open ? 'talk' : 'launcher').focus({ preventScroll: true });
    this.#tell('parley:open', open);
  }

  #tell(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true })); }
}

// trusted names the agent's own markup, for pages that ask for it (Trusted Types).
function trusted(markup) {
  const policy = globalThis.trustedTypes?.createPolicy('parley', { createHTML: (own) => own });
  return policy ? policy.createHTML(markup) : markup;
}

async function textOf(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} is answered with ${response.status}`);
  return response.text();
}

function button(id, text, label, act) {
  const made = document.createElement('button');
  made.id = made.className = id;
  made.type = 'button';
  made.textContent = text;
  if (label) made.setAttribute('aria-label', label);
  made.addEventListener('click', act);
  return made;
}

if (!customElements.get('parley-agent')) customElements.define('parley-agent', ParleyAgent);
