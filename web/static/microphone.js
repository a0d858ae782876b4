// openMicrophone asks for the microphone. It throws an Error that says in plain
// words what to do.
export async function openMicrophone() {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Error('This browser gives the page no microphone. Open the page by https, or type instead.');
  }
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
  } catch (err) {
    throw new Error(reasons[err.name] ?? 'The microphone could not be opened. You can type instead.');
  }
}

const reasons = {
  NotFoundError: 'No microphone was found. Plug one in and press Talk again, or type instead.',
  NotAllowedError: 'The microphone is not allowed. Allow it for this page beside the address above and press Talk again, or type instead.',
  NotReadableError: 'The microphone is in use by another program. Close that and press Talk again, or type instead.',
};
