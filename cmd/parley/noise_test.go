package main

import (
	"math"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/audio"
	"parley/audio/resample"
	"parley/config"
	"parley/internal/sounds"
	"parley/internal/standin"
)

// lecture is an answer long enough to be disturbed many times.
const lecture = "Here is what I can tell you about the kettle. It holds one and a half litres of water. It boils a full pot in under four minutes. " +
	"The handle stays cool while the water is hot. A small light shows that it is on. The lid opens with one finger. You can see the level of the water from both sides. " +
	"It turns itself off when the water boils. It also turns itself off when it is empty. The cord is about one metre long. You may wind the rest of it under the base. " +
	"The filter in the spout can be taken out and washed. We sell spare filters in packs of three. The kettle comes in white and in black. " +
	"Most people choose the black one. It is delivered in a box made of paper. The box can be recycled. You have thirty days to send it back. " +
	"The guarantee lasts for two years. Please keep the receipt for that. If anything breaks we send you a new one. You only have to write us a letter. " +
	"We also have a larger kettle for offices. That one holds three litres. It needs a little more time to boil. It has a tap instead of a spout. " +
	"Many of our customers own both of them. They use the small one at home. They use the large one at work. That is all I know about our kettles."

// startLecturer starts an agent with its real ears and voice whose brain gives
// lectures.
func startLecturer(t *testing.T) *shopAgent {
	t.Helper()
	brain := httptest.NewServer(standin.New(standin.Options{FirstSentence: 100 * time.Millisecond, Replies: []string{lecture}}))
	t.Cleanup(brain.Close)
	return startAgent(t, func(c *config.Config) {
		c.LLM = []config.LLM{{Engine: config.OpenAI, BaseURL: brain.URL + "/v1", Model: "standin"}}
	})
}

// atSpeakRate brings a sound to a microphone.
func atSpeakRate(t *testing.T, pcm []float32) []int16 {
	t.Helper()
	whole := make([]int16, len(pcm))
	for i, v := range pcm {
		whole[i] = int16(max(-1, min(1, v)) * 32767)
	}
	out, err := resample.All(whole, sounds.Rate, audio.SpeakRate)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// voicedCough is 150 ms of a throat: a falling pitch with its formants, and air.
func voicedCough() []float32 {
	r := rand.New(rand.NewPCG(3, 3))
	pcm := make([]float32, sounds.Rate*150/1000)
	phase := 0.0
	for i := range pcm {
		at := float64(i) / float64(len(pcm))
		pitch := 190 - 80*at
		phase += pitch / sounds.Rate
		v := 0.25 * r.NormFloat64()
		for k := 1.0; k*pitch < 3500; k++ {
			f := k * pitch
			v += math.Sin(2*math.Pi*k*phase) * (formant(f, 650, 250) + 0.5*formant(f, 1400, 300))
		}
		pcm[i] = float32(v * math.Sin(math.Pi*math.Sqrt(at)))
	}
	return sounds.At(-20, pcm)
}

// formant is how much a throat lets through at a frequency.
func formant(f, middle, width float64) float64 {
	off := (f - middle) / width
	return math.Exp(-off * off)
}

// TestNoiseCostsNoWord plays into a long answer what is heard on calls and is no
// interruption. The agent may fall silent for a moment; it may not end its answer,
// nor answer the noise, nor lose a word. Then people really interrupt.
func TestNoiseCostsNoWord(t *testing.T) {
	t.Parallel() // nearly all of it is waiting
	a := startLecturer(t)
	p := a.dial(t, a.engines.opus.Codec(), unchanged, unchanged)
	p.must(0, 10*time.Second, "the greeting", kind("turn.ended"))
	lecturing := func() int {
		m := p.mark()
		p.send("Tell me about the kettle.")
		p.must(m, 10*time.Second, "the lecture", func(h happening) bool {
			return h.Type == "state" && strings.Contains(story([]happening{h}), "state") && len(h.Text) == 0
		})
		p.must(m, 10*time.Second, "its first words", func(h happening) bool { return h.Type == "reply.spoken" && strings.Count(h.Text, " ") > 3 })
		return m
	}
	type noise struct {
		name string
		pcm  []int16
	}
	var all []noise
	for _, s := range sounds.Others() {
		all = append(all, noise{s.Name, atSpeakRate(t, s.PCM[:sounds.Rate*6/5])})
	}
	all = append(all, noise{"a voiced cough of 150 ms", atSpeakRate(t, voicedCough())})
	hums := map[string]bool{}
	for _, hum := range []string{"hmm", "uh-huh", "okay", "hmm", "uh-huh"} {
		hums[hum] = true
		all = append(all, noise{hum, a.say(t, hum)})
	}
	begun := lecturing()
	var holds []time.Duration
	failures := 0
	for _, n := range all {
		m := p.mark()
		p.play(n.pcm)
		length := time.Duration(len(n.pcm)) * time.Second / audio.SpeakRate
		// What comes of it has come when the sound, the silence after it and the
		// recogniser are over.
		ended, cut := p.await(m, length+1300*time.Millisecond, kind("turn.ended"))
		if cut && ended.Cause != "done" {
			failures++
			// A hum that the recogniser takes for one of the words that people interrupt
			// with cannot be told from it; of five hums that may happen once.
			if !hums[n.name] || failures > 1 {
				t.Errorf("%s ended the answer:\n%s", n.name, story(p.since(m)))
			} else {
				t.Logf("%s ended the answer:\n%s", n.name, story(p.since(m)))
			}
			begun = lecturing()
			continue
		}
		if cut { // it has said it all: once more
			p.heardAll(begun)
			begun = lecturing()
			continue
		}
		var held happening
		n1 := len(holds)
		for _, h := range p.since(m) {
			switch h.Type {
			case "playout.held":
				held = h
			case "playout.resumed":
				holds = append(holds, time.Duration(h.At-held.At)*time.Millisecond)
			case "transcript.final":
				t.Errorf("%s was answered as %q", n.name, h.Text)
			}
		}
		t.Logf("%-45s held %v", n.name, holds[n1:])
	}
	p.must(begun, 2*time.Minute, "the end of the lecture", kind("turn.ended"))
	p.heardAll(begun)
	t.Logf("%d noises ended %d answers; %d holds until the voice went on: %v", len(all), failures, len(holds), holds)

	for _, words := range []string{"Stop.", "No, wait.", "What about the kettle?"} {
		lecturing()
		m := p.mark()
		p.play(a.say(t, words))
		spoke := time.Now()
		ended, ok := p.await(m, 5*time.Second, kind("turn.ended"))
		if !ok || ended.Cause != "barge_in" {
			t.Errorf("%q did not interrupt:\n%s", words, story(p.since(m)))
			continue
		}
		said := p.must(m, 5*time.Second, "the words", kind("transcript.final"))
		t.Logf("%q cut the answer after %v and was heard as %q", words, ended.came.Sub(spoke).Round(time.Millisecond), said.Text)
		p.must(m, 8*time.Second, "the next answer", func(h happening) bool { return h.Type == "turn.started" && h.Turn > ended.Turn })
	}
}

// heardAll says whether the answer since a place in the log was heard whole.
func (p *phone) heardAll(mark int) {
	p.t.Helper()
	done := p.must(mark, time.Second, "the reply's end", kind("reply.done"))
	if done.Heard != done.Text || done.Text != lecture {
		p.t.Errorf("of %q\nwas heard %q", done.Text, done.Heard)
	}
}

// proxy is a bad network between a caller and the agent.
type proxy struct {
	near, far net.PacketConn // to the caller, to the agent
	mu        sync.Mutex
	random    *rand.Rand
	caller    net.Addr
	lost      int
	passed    int
	work      sync.WaitGroup
}

// newProxy loses 5 % of the packets either way, and delays, doubles and so
// reorders as many.
func newProxy(t *testing.T, agent *net.UDPAddr) *proxy {
	t.Helper()
	x := &proxy{random: rand.New(rand.NewPCG(5, 5))}
	var err error
	if x.near, err = net.ListenPacket("udp4", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if x.far, err = net.ListenPacket("udp4", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	x.work.Go(func() {
		x.pass(x.near, func(from net.Addr, p []byte) {
			x.mu.Lock()
			x.caller = from
			x.mu.Unlock()
			_, _ = x.far.WriteTo(p, agent)
		})
	})
	x.work.Go(func() {
		x.pass(x.far, func(_ net.Addr, p []byte) {
			x.mu.Lock()
			to := x.caller
			x.mu.Unlock()
			if to != nil {
				_, _ = x.near.WriteTo(p, to)
			}
		})
	})
	t.Cleanup(func() {
		x.near.Close()
		x.far.Close()
		x.work.Wait()
	})
	return x
}

func (x *proxy) pass(from net.PacketConn, on func(net.Addr, []byte)) {
	buffer := make([]byte, 2000)
	for {
		n, addr, err := from.ReadFrom(buffer)
		if err != nil {
			return
		}
		packet := append([]byte(nil), buffer[:n]...)
		x.mu.Lock()
		x.passed++
		fate, late := x.random.IntN(100), time.Duration(20+x.random.IntN(60))*time.Millisecond
		if fate < 5 {
			x.lost++
		}
		x.mu.Unlock()
		switch {
		case fate < 5: // lost
		case fate < 10: // late, and overtaken by what comes after it
			x.work.Go(func() { <-time.After(late); on(addr, packet) })
		case fate < 15:
			on(addr, packet)
			on(addr, packet)
		default:
			on(addr, packet)
		}
	}
}

// TestABadNetwork has a caller understood and answered over a link that loses 5 %
// of all packets, delays 5 % and doubles 5 %.
func TestABadNetwork(t *testing.T) {
	t.Parallel()
	a := startAgent(t, func(*config.Config) {})
	var x *proxy
	withoutCandidates := func(sdp string) string {
		var b strings.Builder
		for l := range strings.Lines(sdp) {
			if !strings.HasPrefix(l, "a=candidate:") {
				b.WriteString(l)
			}
		}
		return b.String()
	}
	p := a.dial(t, a.engines.opus.Codec(), withoutCandidates, func(sdp string) string {
		var b strings.Builder
		for l := range strings.Lines(sdp) {
			if f := strings.Fields(l); strings.HasPrefix(l, "a=candidate:") {
				port, err := strconv.Atoi(f[5])
				if err != nil || f[2] != "udp" || f[4] != "127.0.0.1" {
					continue
				}
				if x == nil {
					x = newProxy(t, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
				}
				f[5] = strconv.Itoa(x.near.LocalAddr().(*net.UDPAddr).Port)
				l = strings.Join(f, " ") + "\r\n"
			}
			b.WriteString(l)
		}
		return b.String()
	})
	p.must(0, 10*time.Second, "the greeting", kind("turn.ended"))
	understood := 0
	const asked = 2
	for range asked {
		m := p.mark()
		p.play(a.say(t, "Where is my order W one zero zero zero two?"))
		ended := p.must(m, 20*time.Second, "the answer", kind("turn.ended"))
		done := p.must(m, time.Second, "its words", kind("reply.done"))
		said := p.must(m, time.Second, "the question", kind("transcript.final"))
		t.Logf("%q: %q %s", said.Text, done.Heard, ended.Cause)
		if strings.Contains(strings.ToLower(done.Heard), "way") && done.Heard == done.Text {
			understood++
		}
	}
	x.mu.Lock()
	t.Logf("%d of %d packets lost", x.lost, x.passed)
	x.mu.Unlock()
	if understood == 0 {
		t.Errorf("%d of %d questions were understood", understood, asked)
	}
}
