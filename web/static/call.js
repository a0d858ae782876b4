// A call carries the shopper's voice to the agent and the agent's back, and the
// conversation's events beside them. It tells of itself by events:
//
//   "event"     detail: one event of the conversation
//   "unsteady"  detail: whether the connection falters
//   "muted"     the browser will not play the voice without a click
//   "deaf"      the microphone is gone
//   "closed"    detail: "lost", "ended" (by the shop) or "hung up"

import { openMicrophone } from './microphone.js';
import { trouble } from './words.js';

const connectWithin = 15000; // ms
const heals = 1500; // ms for which a connection may falter before another way is sought
const taken = { tries: 8, every: 400 }; // ms; how long a lost call may still hold its conversation

// quiet has an offer ask that nothing be sent while the agent is silent (DTX, RFC 7587,
// section 6.1). Of the microphone's silence, the answer asks the same.
const quiet = ({ type, sdp }) => {
  const opus = /^a=rtpmap:(\d+) opus\//im.exec(sdp)?.[1];
  return { type, sdp: sdp.replace(new RegExp(`^a=fmtp:${opus} .*`, 'm'), '$&;usedtx=1') };
};

export class Call extends EventTarget {
  #peer; #channel; #microphone; #location; #ended = false; #failOpening = () => {};

  constructor(server, conversation, audioElement) {
    super();
    this.server = server;
    this.conversation = conversation;
    this.audio = audioElement;
  }

  // start asks for the microphone and connects; connecting is called in between.
  // It throws an Error whose message can be shown to a person.
  async start(connecting) {
    this.#microphone = await openMicrophone();
    connecting();
    const track = this.#microphone.getAudioTracks()[0];
    track.onended = () => this.#tell('deaf');
    const peer = this.#peer = new RTCPeerConnection();
    peer.addTrack(track, this.#microphone);
    peer.ontrack = ({ track: voice }) => {
      this.audio.srcObject = new MediaStream([voice]);
      this.audio.play().catch((err) => { if (err.name === 'NotAllowedError') this.#tell('muted'); });
    };
    let unsteady = false;
    let healing;
    peer.onconnectionstatechange = () => {
      if (['failed', 'closed'].includes(peer.connectionState)) this.#end('lost');
      else if (unsteady !== (peer.connectionState === 'disconnected')) {
        this.#tell('unsteady', unsteady = !unsteady);
        clearTimeout(healing);
        if (unsteady) healing = setTimeout(() => this.#heal(), heals);
      }
    };
    const channel = this.#channel = peer.createDataChannel('parley');
    channel.onmessage = ({ data }) => this.#tell('event', JSON.parse(data));
    channel.onclose = () => this.#end('ended');
    let timer;
    const opened = new Promise((resolve, reject) => {
      channel.onopen = resolve;
      this.#failOpening = () => reject(trouble('no-call'));
      timer = setTimeout(this.#failOpening, connectWithin);
    });
    opened.catch(() => {}); // it may fail before it is waited for
    try {
      await peer.setLocalDescription(quiet(await peer.createOffer()));
      const response = await this.#offer(peer.localDescription.sdp);
      this.#location = response.headers.get('Location');
      await peer.setRemoteDescription({ type: 'answer', sdp: await response.text() });
      await opened;
    } catch (err) {
      this.#leave(null);
      throw err;
    } finally {
      clearTimeout(timer);
    }
  }

  // offer calls. A call that was lost just now is ended first: the shop may not
  // have noticed yet.
  async #offer(sdp) {
    const id = encodeURIComponent(this.conversation);
    for (let tries = 1; ; tries++) {
      try {
        return await this.server.ask(`v1/realtime/calls?conversation=${id}`, { method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body: sdp });
      } catch (err) {
        if (err.kind !== 'in-call' || tries === taken.tries) throw err;
        await this.server.ask(`v1/realtime/calls/${id}`, { method: 'DELETE' }).catch(() => {});
        await new Promise((resolve) => { setTimeout(resolve, taken.every); });
      }
    }
  }

  // heal looks for another way to the shop, as when a phone has left its Wi-Fi.
  async #heal() {
    if (this.#ended || !this.#location) return;
    try {
      await this.#peer.setLocalDescription(quiet(await this.#peer.createOffer({ iceRestart: true })));
      const response = await this.server.ask(this.#location, {
        method: 'PATCH', headers: { 'Content-Type': 'application/sdp' }, body: this.#peer.localDescription.sdp,
      });
      if (!this.#ended) await this.#peer.setRemoteDescription({ type: 'answer', sdp: await response.text() });
    } catch { /* the connection fails or heals by itself, and tells */ }
  }

  get open() { return this.#channel?.readyState === 'open'; }

  send(message) { if (this.open) this.#channel.send(JSON.stringify(message)); }

  async hangUp() { await this.#leave('hung up'); }

  // leave tells the shop before it closes the connection, which would end the
  // call there without a word.
  async #leave(why) {
    if (!this.#fallSilent(why)) return;
    if (this.#location) await this.server.ask(this.#location, { method: 'DELETE', keepalive: true }).catch(() => {});
    this.#peer?.close();
  }

  #end(why) { if (this.#fallSilent(why)) this.#peer.close(); }

  // fallSilent ends the call for the shopper; it reports false if that was done.
  #fallSilent(why) {
    if (this.#ended) return false;
    this.#ended = true;
    this.#failOpening();
    this.#microphone?.getTracks().forEach((track) => track.stop());
    this.audio.srcObject = null;
    if (why) this.#tell('closed', why);
    return true;
  }

  #tell(name, detail) { if (!this.#ended || name === 'closed') this.dispatchEvent(new CustomEvent(name, { detail })); }
}
