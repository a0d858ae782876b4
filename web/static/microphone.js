import { trouble } from './words.js';

// openMicrophone asks for the microphone. It throws an Error that says in plain
// words what to do.
export async function openMicrophone() {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw trouble('no-voice');
  }
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
  } catch (err) {
    throw trouble(['NotFoundError', 'NotAllowedError', 'NotReadableError'].includes(err.name) ? err.name : 'broken-microphone');
  }
}
