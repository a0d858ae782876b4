// Types of parley.js, which the agent's server serves.

/** One event of the conversation, as docs/protocols.md lists them. */
export interface ParleyEvent {
  type: string;
  conversation: string;
  seq: number;
  turn?: number;
  at_ms: number;
  [field: string]: unknown;
}

/** What the agent does: `idle` where there is no call and no answer under way. */
export interface ParleyState { state: 'idle' | 'listening' | 'hearing' | 'thinking' | 'speaking' }

/** What somebody said. Of the agent's answers it is what was heard of them. */
export interface ParleyTranscript {
  who: 'customer' | 'agent';
  text: string;
  /** Whether the words may still change, as they do while the customer speaks. */
  final: boolean;
  turn?: number;
  interrupted: boolean;
}

/**
 * The element `<parley-agent>`.
 *
 * Attributes, read when it is put on the page:
 * - `token-url`: where the shop's own server mints a token for the shopper who is signed
 *   in. It is asked by POST, with the page's cookies, and answers `{"token": "…"}`; again
 *   when a token has expired. Without it the agent's server must be open.
 * - `token-method`: `get` to ask by GET.
 * - `server`: the agent's address, when it is not where parley.js came from.
 * - `lang`: the language to begin in, such as `id`.
 * - `label`: what the button in the corner says.
 * - `inline`: the conversation stands where the element does, without a button.
 * - `timings`: where the time of each answer went is shown, for developers.
 * - `open`: the conversation is open. It may be set and removed at any time.
 *
 * Custom properties for its looks: `--parley-brand`, `--parley-on-brand`, `--parley-paper`,
 * `--parley-card`, `--parley-ink`, `--parley-soft`, `--parley-line`, `--parley-edge`, `--parley-mine`,
 * `--parley-alert`, `--parley-alert-paper`, `--parley-font`, `--parley-round`. It is dark where the
 * page's own `color-scheme` is.
 */
export class ParleyAgent extends HTMLElement {
  open: boolean;
  /** Asked for a token in place of `token-url`, also when the last one has expired. */
  tokens: (() => Promise<string>) | null;
  /** Opens the conversation and begins a call. */
  start(): Promise<void>;
  /** Ends the call. */
  stop(): Promise<void>;
  /** Opens the conversation and sends what the shopper would have typed. */
  say(text: string): Promise<void>;
}

declare global {
  interface HTMLElementTagNameMap { 'parley-agent': ParleyAgent }
  interface HTMLElementEventMap {
    'parley:ready': CustomEvent<undefined>;
    'parley:open': CustomEvent<boolean>;
    'parley:calling': CustomEvent<boolean>;
    'parley:state': CustomEvent<ParleyState>;
    'parley:transcript': CustomEvent<ParleyTranscript>;
    'parley:error': CustomEvent<{ message: string }>;
    'parley:event': CustomEvent<ParleyEvent>;
  }
}
