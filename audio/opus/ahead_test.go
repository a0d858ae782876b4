package opus

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"parley/audio"
)

// Packets are the same to the last bit whether or not they were made ahead, and
// whatever comes in place of what was expected.
func TestAheadChangesNothing(t *testing.T) {
	codec := open(t).Codec()
	plain, e := must(codec.NewEncoder())(t).(*Encoder), must(codec.NewEncoder())(t).(*Encoder)
	defer plain.Close()
	defer e.Close()
	in := voice(20 * audio.SpeakRate)
	random := rand.New(rand.NewPCG(3, 4))
	zeros := make([]int16, audio.SpeakTick)
	ahead, turned := 0, 0
	for i := 0; (i+1)*audio.SpeakTick <= len(in); i++ {
		tick := in[i*audio.SpeakTick:][:audio.SpeakTick]
		switch random.IntN(12) {
		case 0, 1: // an interruption
			tick = zeros
		case 2: // other sound than was expected
			tick = append([]int16(nil), tick...)
			tick[random.IntN(len(tick))]++
		}
		if random.IntN(40) == 0 {
			loss := random.Float64() / 5
			if err := plain.ExpectLoss(loss); err != nil {
				t.Fatal(err)
			}
			if err := e.ExpectLoss(loss); err != nil {
				t.Fatal(err)
			}
		}
		before := e.Ahead()
		want, got := must(plain.Encode(nil, tick))(t), must(e.Encode(nil, tick))(t)
		if !bytes.Equal(got, want) {
			t.Fatalf("packet %d is %x, want %x", i, got, want)
		}
		switch after := e.Ahead(); {
		case before > 0 && after == before-1:
			ahead++
		case before > 0:
			turned++
		}
		if e.Ahead() > 0 {
			continue
		}
		next := in[(i+1)*audio.SpeakTick:]
		if err := e.Expect(next[:min(len(next), random.IntN(8)*audio.SpeakTick)]); err != nil {
			t.Fatal(err)
		}
	}
	if ahead < 100 || turned < 50 {
		t.Errorf("only %d packets were made ahead, and %d times it was for nothing", ahead, turned)
	}
}

// What was made ahead is of no use once the encoder is closed or its instance lost.
func TestAheadEnds(t *testing.T) {
	codec := open(t).Codec()
	plain, e := must(codec.NewEncoder())(t).(*Encoder), must(codec.NewEncoder())(t).(*Encoder)
	defer plain.Close()
	in := voice(audio.SpeakRate)
	if err := e.Expect(in[:3*audio.SpeakTick]); err != nil || e.Ahead() != 3 {
		t.Fatalf("%d are ahead, %v", e.Ahead(), err)
	}
	if err := e.Expect(nil); err != nil || e.Ahead() != 3 {
		t.Fatalf("%d are ahead after nothing was expected, %v", e.Ahead(), err)
	}
	e.in.mu.Lock()
	e.in.retire(errIdle)
	e.in.mu.Unlock()
	other := in[5*audio.SpeakTick:][:audio.SpeakTick]
	if want, got := must(plain.Encode(nil, other))(t), must(e.Encode(nil, other))(t); !bytes.Equal(got, want) {
		t.Errorf("after its instance was lost the encoder makes %x, a new one %x", got, want)
	}
	if err := e.Expect(in[:3*audio.SpeakTick]); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Encode(nil, in[:audio.SpeakTick]); err == nil {
		t.Error("a closed encoder encodes")
	}
	if err := e.Expect(in[:audio.SpeakTick]); err == nil && e.Ahead() == 0 {
		t.Error("a closed encoder expects")
	}
}
