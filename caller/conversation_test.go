package caller

import (
	"testing"
	"time"

	"parley/audio"
)

// fakeAgent hears the turns of a conversation and says when it is audible.
type fakeAgent interface {
	audible(now time.Time, turns []Turn) bool
}

// delay is how long the agent's packet of a tick is on its way.
const delay = 5 * time.Millisecond

// converse runs a conversation in synthetic time, in ticks of 20 ms.
func converse(t *testing.T, o *Options, agent fakeAgent) (turns []Turn, tooShort int) {
	t.Helper()
	if err := o.check(); err != nil {
		t.Fatal(err)
	}
	c := newConversation(o, 0)
	start := time.Now()
	const limit = 10 * time.Minute
	for at := time.Duration(0); at < limit; at += audio.Tick {
		now := start.Add(at)
		if _, more := c.tick(now); !more {
			return c.result()
		}
		turns, _ := c.result()
		c.heard(now.Add(delay), agent.audible(now, turns))
	}
	t.Fatalf("the conversation was not over after %v", limit)
	return nil, 0
}

// speechOf is a speech of voiced ticks with silence around them.
func speechOf(before, voiced, after int) *Speech {
	return &Speech{Name: "test", packets: make([][]byte, before+voiced+after), first: before, last: before + voiced - 1}
}

func options(turns int) *Options {
	return &Options{
		URL: "http://127.0.0.1/", Shape: Raw, Turns: turns,
		Speeches: []*Speech{speechOf(10, 50, 20), speechOf(0, 30, 0)},
	}
}

// polite answers after a while, for a while, and stops a while after a barge-in.
type polite struct {
	after, length, stop time.Duration
	// resumes says that the agent goes on with the old answer after this pause.
	resumes time.Duration
	// pause is a hole of the agent's own in each answer, this far into it.
	pause, pauseLength time.Duration
}

func (p polite) audible(now time.Time, turns []Turn) bool {
	if len(turns) == 0 {
		return false
	}
	current := turns[len(turns)-1]
	if current.BargedIn && now.Sub(current.Asked) < p.stop {
		return true
	}
	if !current.Ended.IsZero() {
		if into := now.Sub(current.Ended) - p.after; into >= 0 {
			if p.pauseLength > 0 && into >= p.pause && into < p.pause+p.pauseLength {
				return false
			}
			return into < p.length
		}
	}
	if current.BargedIn {
		return p.resumes > 0 && now.Sub(current.Asked) > p.stop+p.resumes
	}
	return false
}

func expectTime(t *testing.T, what string, from, to time.Time, want time.Duration) {
	t.Helper()
	got := to.Sub(from)
	if to.IsZero() || got < want-audio.Tick || got > want+audio.Tick {
		t.Errorf("%s took %v, want %v", what, got, want)
	}
}

func TestQuestionsAndAnswers(t *testing.T) {
	turns, _ := converse(t, options(3), polite{after: 640 * time.Millisecond, length: 3 * time.Second})
	if len(turns) != 3 {
		t.Fatalf("%d turns", len(turns))
	}
	for i, turn := range turns {
		if turn.Missed || turn.Early || turn.BargedIn {
			t.Errorf("turn %d is %+v", i, turn)
		}
		expectTime(t, "the question", turn.Asked, turn.Ended, []time.Duration{49 * audio.Tick, 29 * audio.Tick}[i%2])
		expectTime(t, "the answer", turn.Ended, turn.Answered, 640*time.Millisecond)
	}
	// Pauses between sentences do not end an answer: the next question comes after it.
	turns, _ = converse(t, options(2), polite{after: 300 * time.Millisecond, length: 4 * time.Second, pause: time.Second, pauseLength: 700 * time.Millisecond})
	if got := turns[1].Asked.Sub(turns[0].Answered); got < 5*time.Second {
		t.Errorf("the second question came %v into the answer", got)
	}
}

func TestBargeIn(t *testing.T) {
	for _, stop := range []time.Duration{0, audio.Tick, 4 * audio.Tick, 23 * audio.Tick, 60 * audio.Tick} {
		after := max(400*time.Millisecond, stop) // never without a silence between
		o := options(4)
		o.BargeIn = 1200 * time.Millisecond
		turns, tooShort := converse(t, o, polite{after: after, length: 5 * time.Second, stop: stop})
		if len(turns) != 4 || tooShort != 0 {
			t.Fatalf("%d turns, %d too short", len(turns), tooShort)
		}
		for i, turn := range turns {
			if turn.BargedIn != (i > 0) || turn.Missed || turn.Early || turn.PausedItself {
				t.Errorf("turn %d is %+v", i, turn)
			}
			expectTime(t, "the answer", turn.Ended, turn.Answered, after)
			if i > 0 {
				expectTime(t, "silence", turn.Asked, turn.Silent, max(0, stop-audio.Tick+delay))
				expectTime(t, "the barge-in", turns[i-1].Answered, turn.Asked, o.BargeIn)
			}
		}
	}
}

// What an agent says of the old answer after it had been silent is not the new one.
func TestAgentResumes(t *testing.T) {
	o := options(2)
	o.BargeIn = time.Second
	turns, _ := converse(t, o, polite{after: 500 * time.Millisecond, length: 5 * time.Second, stop: 60 * time.Millisecond, resumes: 400 * time.Millisecond})
	if turn := turns[1]; !turn.Early || turn.Missed {
		t.Errorf("the turn is %+v", turn)
	} else {
		expectTime(t, "silence", turn.Asked, turn.Silent, 60*time.Millisecond-audio.Tick+delay)
	}
}

func TestShortAnswers(t *testing.T) {
	o := options(3)
	o.BargeIn = 2 * time.Second
	turns, tooShort := converse(t, o, polite{after: 100 * time.Millisecond, length: time.Second})
	for i, turn := range turns {
		if turn.BargedIn || turn.Missed {
			t.Errorf("turn %d is %+v", i, turn)
		}
	}
	if tooShort != 2 {
		t.Errorf("%d answers were too short, want 2", tooShort)
	}
}

// A barge-in that is due in a pause waits for the voice to come back.
func TestBargeInWaitsForVoice(t *testing.T) {
	o := options(2)
	o.BargeIn = 1100 * time.Millisecond
	turns, _ := converse(t, o, polite{after: 200 * time.Millisecond, length: 4 * time.Second, stop: 60 * time.Millisecond, pause: time.Second, pauseLength: 600 * time.Millisecond})
	turn := turns[1]
	if !turn.BargedIn || turn.PausedItself {
		t.Fatalf("the turn is %+v", turn)
	}
	expectTime(t, "the barge-in", turns[0].Answered, turn.Asked, 1600*time.Millisecond)
}

type mute struct{}

func (mute) audible(time.Time, []Turn) bool { return false }

func TestNoAnswer(t *testing.T) {
	turns, _ := converse(t, options(2), mute{})
	for i, turn := range turns {
		if !turn.Missed || !turn.Answered.IsZero() {
			t.Errorf("turn %d is %+v", i, turn)
		}
	}
}

// endless answers once and never stops.
type endless struct{}

func (endless) audible(now time.Time, turns []Turn) bool {
	return len(turns) > 0 && !turns[0].Ended.IsZero() && now.Sub(turns[0].Ended) > 300*time.Millisecond
}

func TestNeverSilent(t *testing.T) {
	o := options(2)
	o.BargeIn = time.Second
	turns, _ := converse(t, o, endless{})
	if turns[0].Missed || !turns[1].Missed || !turns[1].Silent.IsZero() {
		t.Errorf("the turns are %+v", turns)
	}
	report := newReport(o, []outcome{{turns: turns}}, time.Minute)
	if report.OK() || report.BargeIns.Missed != 1 || report.Turns.Missed != 1 {
		t.Errorf("the report is %+v", report)
	}
}

// hasty answers in the middle of a question.
type hasty struct{}

func (hasty) audible(now time.Time, turns []Turn) bool {
	if len(turns) == 0 || turns[len(turns)-1].Asked.IsZero() {
		return false
	}
	into := now.Sub(turns[len(turns)-1].Asked)
	return into > 300*time.Millisecond && into < 3*time.Second
}

func TestAgentSpeaksIntoTheQuestion(t *testing.T) {
	turns, _ := converse(t, options(2), hasty{})
	for i, turn := range turns {
		if !turn.Early || turn.Missed {
			t.Errorf("turn %d is %+v", i, turn)
		}
	}
}

// greeter speaks by itself for three seconds.
type greeter struct {
	polite
	start time.Time
}

func (g *greeter) audible(now time.Time, turns []Turn) bool {
	if g.start.IsZero() {
		g.start = now
	}
	if into := now.Sub(g.start); into > time.Second && into < 4*time.Second {
		return true
	}
	return g.polite.audible(now, turns)
}

func TestGreetingIsHeardOut(t *testing.T) {
	g := &greeter{polite: polite{after: 300 * time.Millisecond, length: time.Second}}
	turns, _ := converse(t, options(1), g)
	if asked := turns[0].Asked.Sub(g.start); asked < 4*time.Second+endOfAnswer {
		t.Errorf("the question came %v after the beginning", asked)
	}
	expectTime(t, "the answer", turns[0].Ended, turns[0].Answered, 300*time.Millisecond)
}

// One or two audible packets are a click, not an answer.
func TestClicksAreNoAnswer(t *testing.T) {
	var e ear
	start := time.Now()
	at := func(n int) time.Time { return start.Add(time.Duration(n) * audio.Tick) }
	e.packet(at(0), true)
	e.packet(at(1), true)
	for i := 2; i < 10; i++ {
		e.packet(at(i), false)
	}
	e.packet(at(10), true)
	if e.speaking {
		t.Fatal("three packets 200 ms apart are taken for speech")
	}
	e.packet(at(11), true)
	e.packet(at(12), true)
	if !e.speaking || !e.onset.Equal(at(10)) {
		t.Errorf("speaking %v since %v", e.speaking, e.onset.Sub(start))
	}
	// Packets that stop coming are silence too.
	e.settle(at(12).Add(quiet))
	if e.speaking {
		t.Error("still speaking without packets")
	}
}

func TestVoicedPart(t *testing.T) {
	tone := func(ticks int, amplitude int16) []int16 {
		pcm := make([]int16, ticks*audio.SpeakTick)
		for i := range pcm {
			if pcm[i] = amplitude; i/24%2 == 0 {
				pcm[i] = -amplitude
			}
		}
		return pcm
	}
	var pcm []int16
	for _, part := range [][]int16{tone(10, 20), tone(1, 9000), tone(10, 20), tone(30, 9000), tone(5, 600), tone(10, 100)} {
		pcm = append(pcm, part...)
	}
	first, last, err := voicedPart(pcm)
	if err != nil || first != 21 || last != 55 {
		t.Errorf("voiced from %d to %d (%v), want 21 to 55", first, last, err)
	}
	if _, _, err := voicedPart(tone(50, 30)); err == nil {
		t.Error("a recording of nothing is taken for speech")
	}
}

func TestSummarize(t *testing.T) {
	var times []time.Duration
	for i := 100; i >= 1; i-- {
		times = append(times, time.Duration(i)*time.Millisecond)
	}
	if got, want := summarize(times), (Summary{100, 1, 50, 95, 100}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := summarize([]time.Duration{7 * time.Millisecond}), (Summary{1, 7, 7, 7, 7}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := summarize(nil); got != (Summary{}) {
		t.Errorf("of nothing: %+v", got)
	}
}
