// utterance is what an event says that somebody said; null for most.
export function utterance({ type, turn, text, heard, interrupted }) {
  switch (type) {
    case 'transcript.partial': return { who: 'customer', text, final: false, turn, interrupted: false };
    case 'transcript.final': return { who: 'customer', text, final: true, turn, interrupted: false };
    case 'reply.done': return { who: 'agent', text: heard ?? text, final: true, turn, interrupted: Boolean(interrupted) };
    default: return null;
  }
}
