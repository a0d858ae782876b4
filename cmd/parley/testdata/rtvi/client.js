// The page of a shop that uses Pipecat's client as it comes.
import { PipecatClient, RTVIMessageType } from '@pipecat-ai/client-js';
import { SmallWebRTCTransport, WavMediaManager } from '@pipecat-ai/small-webrtc-transport';

const told = []; // what the client has told its app, in order
let loudest = 0; // of the agent's voice, 0 to 1
let transport, client;
const shown = document.body.appendChild(document.createElement('pre')); // for whoever reads a test that failed

function note(type, data) {
  told.push({ type, data: JSON.parse(JSON.stringify(data ?? null)) });
  shown.append(`${Math.round(performance.now())} ${type} ${JSON.stringify(data ?? '')}\n`);
}

// listen measures the agent's voice as the browser plays it.
function listen(track) {
  const stream = new MediaStream([track]);
  const audio = document.createElement('audio');
  Object.assign(audio, { srcObject: stream, autoplay: true });
  document.body.append(audio);
  const context = new AudioContext();
  const meter = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(meter);
  const samples = new Float32Array(meter.fftSize);
  setInterval(() => {
    meter.getFloatTimeDomainData(samples);
    loudest = Math.max(loudest, ...samples.map(Math.abs));
  }, 50);
}

const callbacks = Object.fromEntries(
  `Connected Disconnected TransportStateChanged BotConnected BotReady BotDisconnected Error MessageError ServerMessage Metrics
  UserStartedSpeaking UserStoppedSpeaking UserTranscript UserLlmText BotOutput BotTranscript BotLlmText BotLlmStarted BotLlmStopped
  BotTtsText BotTtsStarted BotTtsStopped BotStartedSpeaking BotStoppedSpeaking
  LLMFunctionCallStarted LLMFunctionCallInProgress LLMFunctionCallStopped`
    .split(/\s+/).map((name) => [`on${name}`, (data) => note(name, data)]),
);
callbacks.onTrackStarted = (track, who) => {
  if (!who?.local && track.kind === 'audio') listen(track);
};

// openPage is a function that the app runs.
const openPage = {
  type: 'function', name: 'open_page', description: 'Opens a page of the shop in the app.',
  parameters: { type: 'object', properties: { page: { type: 'string' } }, required: ['page'] },
};

// connect begins a session, whose answer says where the offer goes; connectDirectly
// makes the offer at once.
async function connect(agent) {
  return make().startBotAndConnect({ endpoint: `${agent}/start`, headers: await vouched(), requestData: { body: { page: 'shop', tools: [openPage] } } });
}

async function connectDirectly(agent) {
  return make().connect({ webrtcRequestParams: { endpoint: `${agent}/api/offer`, headers: await vouched(), requestData: { tools: [openPage] } } });
}

async function vouched() {
  const { token } = await (await fetch('/token', { method: 'POST' })).json();
  return new Headers({ Authorization: `Bearer ${token}` });
}

function make() {
  if (!client) {
    transport = new SmallWebRTCTransport({ mediaManager: new WavMediaManager() });
    client = new PipecatClient({ transport, enableMic: true, callbacks });
    client.registerFunctionCallHandler('open_page', async ({ arguments: { page } }) => {
      note('opened', page);
      return `opened ${page}`;
    });
  }
  return client;
}

// lose has the transport find that its connection has failed.
function lose() {
  const { pc, pc_id } = transport;
  Object.defineProperty(pc, 'iceConnectionState', { value: 'failed' });
  pc.dispatchEvent(new Event('iceconnectionstatechange'));
  return { pc, pc_id };
}

window.app = {
  told, connect, connectDirectly, lose,
  types: Object.values(RTVIMessageType),
  client: () => client,
  loudest: () => loudest,
  connection: () => transport,
  has: (type, words = '') => told.some((m) => m.type === type && JSON.stringify(m.data).toLowerCase().includes(words.toLowerCase())),
  since: (type) => told.slice(told.findLastIndex((m) => m.type === type)),
};
