// The page of a shop that uses LiveKit's components for agents as they come.
import { BarVisualizer, LiveKitRoom, RoomAudioRenderer, useLocalParticipant, useTranscriptions, useVoiceAssistant } from '@livekit/components-react';
import { useEffect } from 'react';
import { createRoot } from 'react-dom/client';

const seen = { states: [], track: '', said: [], mine: [], theirs: [] };
window.seen = seen;

function Assistant() {
  const { state, audioTrack, agentTranscriptions } = useVoiceAssistant();
  const { localParticipant } = useLocalParticipant();
  const transcriptions = useTranscriptions();
  useEffect(() => { seen.states.push(state); }, [state]);
  useEffect(() => {
    seen.track = audioTrack?.publication?.trackSid ?? '';
    seen.said = agentTranscriptions;
    seen.mine = transcriptions.filter((t) => t.participantInfo.identity === localParticipant.identity);
    seen.theirs = transcriptions.filter((t) => t.participantInfo.identity !== localParticipant.identity);
  });
  return (
    <>
      <p id="state">{state}</p>
      <style>{'.bars { display: flex; align-items: end; height: 80px; gap: 4px } .lk-audio-bar { width: 12px; background: teal }'}</style>
      <BarVisualizer className="bars" state={state} trackRef={audioTrack} barCount={7} />
      <h2>What the agent says</h2>
      <ul id="said">{agentTranscriptions.map((s) => <li key={s.id}>{s.text}{s.final ? '' : ' …'}</li>)}</ul>
      <h2>What both say</h2>
      <ul>{transcriptions.map((t) => <li key={t.streamInfo.id}>{t.participantInfo.identity === localParticipant.identity ? 'I' : 'Agent'}: {t.text}</li>)}</ul>
    </>
  );
}

window.enter = (url, token) => {
  createRoot(document.getElementById('room')).render(
    <LiveKitRoom serverUrl={url} token={token} connect audio>
      <RoomAudioRenderer />
      <Assistant />
    </LiveKitRoom>,
  );
};
