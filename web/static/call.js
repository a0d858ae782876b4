// A call carries the shopper's voice to the agent and the agent's back, and the
// conversation's events beside them. It tells of itself by events:
// "open", "event" (detail: one event of the conversation), "closed" (detail: why).

const connectWithin = 15000; // ms

export class Call extends EventTarget {
  #peer; #channel; #microphone; #location; #ended = false;

  constructor(conversation, audioElement) {
    super();
    this.conversation = conversation;
    this.audio = audioElement;
  }

  // start asks for the microphone and connects. It throws an Error whose message
  // can be shown to a person.
  async start() {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new Error('This browser gives no microphone to this page. Open it by https, or on this very machine.');
    }
    try {
      this.#microphone = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      });
    } catch (err) {
      throw new Error(err.name === 'NotFoundError'
        ? 'There is no microphone. You can type instead.'
        : 'The microphone was not allowed. You can type instead, or allow it in the browser.');
    }
    const peer = this.#peer = new RTCPeerConnection();
    peer.addTrack(this.#microphone.getAudioTracks()[0], this.#microphone);
    peer.ontrack = ({ track }) => {
      this.audio.srcObject = new MediaStream([track]);
      this.audio.play().catch(() => this.#tell('muted'));
    };
    peer.onconnectionstatechange = () => {
      if (['failed', 'closed'].includes(peer.connectionState)) this.#end('The connection was lost.');
    };
    const channel = this.#channel = peer.createDataChannel('parley');
    channel.onmessage = ({ data }) => this.#tell('event', JSON.parse(data));
    channel.onclose = () => this.#end('The call has ended.');
    const opened = new Promise((resolve, reject) => {
      channel.onopen = resolve;
      setTimeout(() => reject(new Error('The call could not be connected.')), connectWithin);
    });

    try {
      await peer.setLocalDescription(await peer.createOffer());
      const response = await fetch(`v1/realtime/calls?conversation=${encodeURIComponent(this.conversation)}`, {
        method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body: peer.localDescription.sdp,
      });
      if (!response.ok) throw new Error(await reasonOf(response));
      this.#location = response.headers.get('Location');
      await peer.setRemoteDescription({ type: 'answer', sdp: await response.text() });
      await opened;
      this.#tell('open');
    } catch (err) {
      opened.catch(() => {});
      this.#end(null);
      throw err;
    }
  }

  get open() { return this.#channel?.readyState === 'open'; }

  send(message) { if (this.open) this.#channel.send(JSON.stringify(message)); }

  async hangUp() {
    const location = this.#location;
    this.#end('You hung up.');
    if (location) await fetch(location, { method: 'DELETE', keepalive: true }).catch(() => {});
  }

  #end(why) {
    if (this.#ended) return;
    this.#ended = true;
    this.#microphone?.getTracks().forEach((track) => track.stop());
    this.#peer?.close();
    this.audio.srcObject = null;
    if (why !== null) this.#tell('closed', why);
  }

  #tell(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}

// reasonOf is the sentence that an error of the server holds.
export async function reasonOf(response) {
  try {
    return (await response.json()).detail || `The server answered ${response.status}.`;
  } catch {
    return `The server answered ${response.status}.`;
  }
}
