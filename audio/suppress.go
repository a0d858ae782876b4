package audio

// How silence is suppressed (DTX), as libopus does it: silk/define.h has
// NB_SPEECH_FRAMES_BEFORE_DTX = 10 and MAX_CONSECUTIVE_DTX = 20.
const (
	// pauseAfter is how many ticks of silence are sent before a pause. A far end that
	// hears them knows that somebody has stopped, and no packet was lost.
	pauseAfter = 10
	// pauseTicks is how often silence is sent in a pause: 400 ms.
	pauseTicks = 20
)

// Suppressor says what a sender sends while it has nothing to say. It belongs to one
// goroutine and does not allocate.
type Suppressor struct {
	silence []byte
	pause   []byte // nil: all silence is sent
	quiet   int    // ticks of silence since the last sound
}

// NewSuppressor makes the Suppressor of one sender. Without wanted, which the far end
// says in its SDP, and for codecs that know no pause, all silence is sent.
func NewSuppressor(codec Codec, wanted bool) Suppressor {
	s := Suppressor{silence: codec.Silence}
	if wanted {
		s.pause = codec.Pause
	}
	return s
}

// Sound notes a tick in which something else was sent.
func (s *Suppressor) Sound() { s.quiet = 0 }

// Silence returns the packet for a tick in which there is nothing to say; nil means that
// none is sent.
func (s *Suppressor) Silence() []byte {
	if s.pause == nil {
		return s.silence
	}
	s.quiet++
	switch paused := s.quiet - pauseAfter; {
	case paused <= 0 || paused%pauseTicks == 0:
		return s.silence
	case paused%pauseTicks == 1:
		return s.pause
	}
	return nil
}
