package agent

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"parley/asr"
	"parley/audio"
)

// Bystander is the ear for one person beside the caller. It finds what they say by
// the same detector, has it recognised by the same recogniser, and gives the words to
// the conversation as [Conversation.Overhear] does. It takes no turns: a pause ends
// what they say, and nothing is prepared in advance.
//
// A room's goroutine calls Hear and Record, Run belongs to whoever made the
// Bystander, and Become and Finish may be called by anybody.
type Bystander struct {
	c      *Conversation
	ear    *ear
	who    atomic.Pointer[Speaker]
	voices chan voiced
	deaf   atomic.Bool
	over   chan struct{}
	finish func()
}

const (
	// bystanderVoices is how many judgements of the ear wait while words are
	// recognised: two seconds. Each says all that those before it said.
	bystanderVoices = 64
	// bystanderLongest is the longest that is recognised at once of somebody who does
	// not pause; a recording holds no more than twice as much.
	bystanderLongest = 25 * time.Second
	// bystanderSilence is how long nothing may come of somebody in the middle of what
	// they say until it counts as said: their microphone is gone.
	bystanderSilence = 2 * time.Second
)

// ErrDeaf says that a conversation has no ears for others than its caller.
var ErrDeaf = errors.New("agent: nobody but the caller can be heard here")

// Bystander makes the ear for one more person. Nothing is heard before its Run.
func (c *Conversation) Bystander(who Speaker) (*Bystander, error) {
	if c.opts.Engines.NewDetector == nil || c.opts.Engines.Recognizer == nil {
		return nil, ErrDeaf
	}
	b := &Bystander{c: c, voices: make(chan voiced, bystanderVoices), over: make(chan struct{})}
	b.finish = sync.OnceFunc(func() { close(b.over) })
	b.who.Store(&who)
	b.ear = newEar(c.opts.Engines.NewDetector(), c.opts.Tuning, b.take, time.Now)
	return b, nil
}

// Become says who the person is from now on.
func (b *Bystander) Become(who Speaker) { b.who.Store(&who) }

// Finish says that nothing more is heard of the person: Run has their last words
// recognised and returns nil.
func (b *Bystander) Finish() { b.finish() }

// Hear implements audio.Listener.
func (b *Bystander) Hear(pcm []int16, at int64) (record bool) {
	if b.deaf.Load() {
		return false
	}
	var err error
	defer func() {
		if err != nil { // survive has logged it; the conversation goes on without this person
			b.deaf.Store(true)
		}
	}()
	defer b.c.survive("ear", &err)
	return b.ear.hear(pcm, at)
}

// Record implements audio.Listener.
func (b *Bystander) Record(pcm []int16, at int64) { b.ear.rec.append(pcm, at) }

// take keeps a judgement of the ear for Run; it never waits.
func (b *Bystander) take(m message) {
	v, ok := m.(voiced)
	if !ok || v.peeked {
		return
	}
	select {
	case b.voices <- v:
	default:
	}
}

// stretch is what somebody is saying.
type stretch struct {
	start, end int64
	segment    int64         // where the newest stretch of voice in it began
	earlier    time.Duration // the voice before that
	voice      time.Duration
	told       bool // that it is long enough to give way to
}

// Run gives the conversation what the person says until Finish, or until ctx or the
// conversation ends, and returns why.
func (b *Bystander) Run(ctx context.Context) error {
	gone := time.NewTimer(time.Hour)
	defer gone.Stop()
	var s *stretch
	floor := int64(0) // the position before which all is told
	for {
		select {
		case v := <-b.voices:
			gone.Reset(bystanderSilence)
			if s = b.follow(s, v, floor); s != nil && b.whole(s, v) {
				floor = s.end
				b.tell(ctx, s)
				s = nil
			}
		case <-gone.C:
			if s != nil {
				floor = s.end
				b.tell(ctx, s)
				s = nil
			}
		case <-b.over:
			if s != nil {
				b.tell(ctx, s)
			}
			return nil
		case <-b.c.done:
			return ErrOver
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// follow takes one judgement into what somebody is saying; nil is nothing.
func (b *Bystander) follow(s *stretch, v voiced, floor int64) *stretch {
	if s == nil {
		if !v.speaking || v.silence > 0 || v.end <= floor {
			return nil
		}
		s = &stretch{start: max(v.start, floor), segment: v.start}
		b.ear.heed.Store(true)
	}
	if v.start != s.segment {
		s.segment, s.earlier = v.start, s.voice
	}
	s.end, s.voice = v.end, s.earlier+v.voice
	if !s.told && v.voice >= lingering {
		s.told = true
		b.c.postLossy(spokeUp{*b.who.Load()})
	}
	return s
}

// whole says whether somebody has said something whole.
func (b *Bystander) whole(s *stretch, v voiced) bool {
	return v.silence >= b.c.opts.Tuning.Turns.Unknown || samples(s.end-s.start) >= bystanderLongest
}

// tell has what was said recognised and gives it to the conversation.
func (b *Bystander) tell(ctx context.Context, s *stretch) {
	b.ear.heed.Store(false)
	pcm := b.ear.rec.slice(s.start-lead, s.end+tail)
	b.ear.rec.forget(s.end)
	if s.voice < b.c.opts.Tuning.MinVoice || len(pcm) == 0 {
		return
	}
	ctx, cancel := context.WithTimeoutCause(ctx, b.c.opts.Tuning.Limits.Recognition, errRecognitionLate)
	defer cancel()
	transcript, err := b.c.transcribe(ctx, asr.Utterance{PCM: pcm})
	if err != nil {
		b.c.log.Warn("what somebody beside the caller said was not recognised", "err", err)
		return
	}
	text := plausible(transcript.Text)
	if text == "" {
		return
	}
	_ = b.c.post(ctx, overheard{who: *b.who.Load(), source: "voice", text: text, language: transcript.Language}) // a conversation that is over needs no words
}

var _ audio.Listener = (*Bystander)(nil)
