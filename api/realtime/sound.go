package realtime

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"time"

	"parley/agent"
	"parley/audio"
	"parley/audio/g711"
	"parley/audio/pace"
	"parley/audio/resample"
)

const (
	// maxPending bounds the caller's sound that waits to be heard: five minutes.
	maxPending = 5 * 60 * audio.HearRate
	// preRoll is how much of the past is recorded when somebody begins to speak.
	preRoll = 600 * audio.HearRate / 1000
	// patience is how many ticks a client's sound may be late before what is missing
	// counts as silence: without it a client that sends nothing while nobody speaks
	// would never have its turn ended.
	patience = 5
	// unsent is how many ticks of the agent's voice may wait to be sent: two seconds.
	unsent = 100
)

// sound is a WebSocket's sound: what the client appends goes to the conversation, and
// the conversation's voice to the client, both in the time that they take. A client
// that sends a whole recording at once is heard as if it spoke it; and the agent's voice
// is not sent ahead, for what was sent counts as heard.
type sound struct {
	// spoken gives the agent's voice, ticks of audio.SpeakTick samples.
	spoken chan []int16
	// stuck is called when the client takes no more sound.
	stuck func()

	conversation *agent.Conversation // set before run, nil until the conversation begins

	mu      sync.Mutex
	manual  bool // nothing is heard before it is committed
	pending []int16
	down    *resample.Resampler
	hearing audio.Decoder // nil for PCM
	out     audio.Encoder // nil for PCM

	// Of the goroutine in run alone:
	at        int64
	late      int
	recording bool
	past      []int16
	silence   [audio.HearTick]int16
	voiced    [audio.SpeakTick]int16
}

func newSound(stuck func()) (*sound, error) {
	down, err := resample.New(audio.SpeakRate, audio.HearRate)
	if err != nil {
		return nil, err
	}
	return &sound{spoken: make(chan []int16, unsent), stuck: stuck, down: down}, nil
}

// use sets the kinds of sound in the client's messages.
func (s *sound) use(in, out format) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hearing, s.out = nil, nil
	var err, outErr error
	if codec, ok := lawOf(in); ok {
		s.hearing, err = codec.NewHearing()
	}
	if codec, ok := lawOf(out); ok {
		s.out, outErr = codec.NewEncoder()
	}
	return errors.Join(err, outErr)
}

func lawOf(f format) (audio.Codec, bool) {
	switch f.Type {
	case pcmu:
		return g711.MuLaw(), true
	case pcma:
		return g711.ALaw(), true
	default:
		return audio.Codec{}, false
	}
}

// append takes sound in base64. manual says that it waits for a commit.
func (s *sound) append(encoded string, manual bool) error {
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return refuse("audio", "it is no base64.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.manual = manual
	if len(s.pending)+len(data) > maxPending {
		return refuse("audio", "more than five minutes wait to be heard.")
	}
	if s.hearing != nil {
		const piece = 160 // bytes: 20 ms
		for len(data) > 0 {
			n := min(piece, len(data))
			if s.pending, err = s.hearing.Decode(s.pending, data[:n]); err != nil {
				return refuse("audio", "it cannot be read: %v.", err)
			}
			data = data[n:]
		}
		return nil
	}
	if len(data)%2 != 0 {
		return refuse("audio", "16-bit samples have two bytes each.")
	}
	pcm := make([]int16, len(data)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
	}
	s.pending = s.down.Process(s.pending, pcm)
	return nil
}

// clear forgets the sound that waits.
func (s *sound) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = nil
}

// takeAll takes all the sound that waits, at audio.HearRate.
func (s *sound) takeAll() []int16 {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.pending
	s.pending = nil
	return all
}

// take moves one tick into dst and says whether there was one.
func (s *sound) take(dst []int16) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.manual || len(s.pending) < len(dst) {
		return false
	}
	copy(dst, s.pending)
	s.pending = s.pending[len(dst):]
	if len(s.pending) == 0 {
		s.pending = nil
	}
	return true
}

// encode writes the agent's voice as the client wants it.
func (s *sound) encode(pcm []int16) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out != nil {
		packet, err := s.out.Encode(nil, pcm)
		if err == nil {
			return packet
		}
		return nil // whole ticks always encode
	}
	data := make([]byte, 0, 2*len(pcm))
	for _, v := range pcm {
		data = binary.LittleEndian.AppendUint16(data, uint16(v))
	}
	return data
}

// run carries the sound until ctx ends.
func (s *sound) run(ctx context.Context) { pace.Run(ctx, s.tick) }

// tick carries 20 ms each way.
func (s *sound) tick(time.Time, int64) {
	var pcm [audio.HearTick]int16
	switch {
	case s.take(pcm[:]):
		s.late = 0
		s.hear(pcm[:])
	case s.at > 0 && s.late < patience:
		s.late++
	case s.at > 0:
		s.hear(s.silence[:])
	}
	if !s.conversation.Next(s.voiced[:]) {
		return
	}
	select {
	case s.spoken <- slices.Clone(s.voiced[:]):
	default:
		s.stuck()
	}
}

// hear gives the conversation a tick, and what came before it when it begins to want a
// recording.
func (s *sound) hear(pcm []int16) {
	wanted := s.conversation.Hear(pcm, s.at)
	if wanted && !s.recording && len(s.past) > 0 {
		s.conversation.Record(s.past, s.at-int64(len(s.past)))
		s.past = s.past[:0]
	}
	s.recording = wanted
	if wanted {
		s.conversation.Record(pcm, s.at)
	} else {
		if extra := len(s.past) + len(pcm) - preRoll; extra > 0 {
			s.past = s.past[:copy(s.past, s.past[extra:])]
		}
		s.past = append(s.past, pcm...)
	}
	s.at += int64(len(pcm))
}

// voice says whether the conversation is to speak, or to write alone.
func (s *sound) voice(on bool) {
	if s.conversation == nil {
		return
	}
	if on {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = s.conversation.Attach(ctx) // a conversation that has ended needs no voice
	} else {
		s.conversation.Detach(errWritten)
	}
}

var errWritten = errors.New("the client wants answers written")
