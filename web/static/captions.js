// Captions show both sides of a conversation as it goes: what was understood of
// the shopper, what the agent says, and how much of that was heard.

export class Captions {
  #list; #scroller; #turns = new Map(); #partial = null;

  constructor(list, scroller) {
    this.#list = list;
    this.#scroller = scroller;
  }

  get empty() { return this.#list.childElementCount === 0; }

  // show takes one event of the conversation.
  show(event) {
    switch (event.type) {
      case 'transcript.partial':
        this.#partial ??= this.#add('user partial');
        this.#partial.textContent = event.text;
        break;
      case 'transcript.final':
        this.#partial?.remove();
        this.#partial = null;
        this.#add('user').textContent = event.text;
        break;
      case 'tool.started': {
        const item = this.#add('tool');
        item.textContent = `Looking: ${event.name.replaceAll('_', ' ')} …`;
        item.dataset.call = event.call;
        break;
      }
      case 'tool.finished': {
        const item = this.#list.querySelector(`[data-call="${CSS.escape(event.call)}"]`);
        if (item) item.textContent = `${event.ok ? 'Looked up' : 'Could not'}: ${event.name.replaceAll('_', ' ')}`;
        break;
      }
      case 'reply.delta': this.#reply(event.turn, (r) => { r.text += event.text; }); break;
      case 'reply.spoken': this.#reply(event.turn, (r) => { r.heard = event.text; r.spoken = true; }); break;
      case 'playout.held': this.#mark(event.turn, 'listening to you …'); break;
      case 'playout.resumed': this.#mark(event.turn, ''); break;
      case 'reply.done':
        this.#reply(event.turn, (r) => {
          Object.assign(r, { text: event.text, heard: event.heard, spoken: true, cut: event.interrupted });
        });
        this.#mark(event.turn, event.interrupted ? 'you spoke here' : '');
        break;
      default: return;
    }
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #reply(turn, change) {
    let reply = this.#turns.get(turn);
    if (!reply) {
      reply = { item: this.#add('agent'), text: '', heard: '', spoken: false, cut: false };
      this.#turns.set(turn, reply);
    }
    change(reply);
    // The heard words are found again in the text by their number, because the
    // voice is given the text without its layout.
    const words = reply.text.trim().split(/(?<=\s)(?=\S)/);
    const heard = reply.spoken ? reply.heard.split(/\s+/).filter(Boolean).length : 0;
    const said = document.createElement('span');
    said.textContent = words.slice(0, heard).join('');
    const rest = document.createElement('span');
    rest.className = 'unheard';
    rest.textContent = words.slice(heard).join('');
    reply.item.classList.toggle('cut', reply.cut);
    reply.item.replaceChildren(said, rest, ...reply.item.querySelectorAll('.mark'));
  }

  #mark(turn, text) {
    const item = this.#turns.get(turn)?.item;
    if (!item) return;
    item.querySelector('.mark')?.remove();
    if (text) {
      const mark = document.createElement('span');
      mark.className = 'mark';
      mark.textContent = text;
      item.append(mark);
    }
  }

  #add(kind) {
    const item = document.createElement('li');
    item.className = kind;
    this.#list.append(item);
    return item;
  }
}
