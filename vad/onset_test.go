package vad

import (
	"math"
	"math/rand/v2"
	"testing"
)

const frame = 320

// hiss returns a maker of frames of white noise at a level in dB.
func hiss(db float64, seed uint64) func() []int16 {
	r := rand.New(rand.NewPCG(seed, seed))
	amplitude := 32768 * math.Pow(10, db/20)
	return func() []int16 {
		pcm := make([]int16, frame)
		for i := range pcm {
			pcm[i] = int16(max(-32768, min(32767, r.NormFloat64()*amplitude)))
		}
		return pcm
	}
}

// hum is a sine at a level in dB.
func hum(db float64) []int16 {
	pcm := make([]int16, frame)
	for i := range pcm {
		pcm[i] = int16(32768 * math.Sqrt2 * math.Pow(10, db/20) * math.Sin(2*math.Pi*200*float64(i)/Rate))
	}
	return pcm
}

func TestEnergy(t *testing.T) {
	square := make([]int16, frame)
	for i := range square {
		square[i] = int16(32767 - 65534*(i/40%2))
	}
	offset := make([]int16, frame)
	for i := range offset {
		offset[i] = 1234
	}
	faint := make([]int16, frame)
	faint[7] = 1
	tests := []struct {
		name string
		pcm  []int16
		want float64
	}{
		{"nothing", nil, Quietest},
		{"digital silence", make([]int16, frame), Quietest},
		{"an offset", offset, Quietest},
		{"a full square", square, 0},
		{"a full sine", hum(-3.02), -3.02},
		{"a sine", hum(-30), -30},
		{"the faintest", faint, -115.4},
		{"the lowest value", []int16{-32768, 32767, -32768, 32767}, 0},
	}
	for _, tt := range tests {
		if got := Energy(tt.pcm); math.Abs(got-tt.want) > 0.1 {
			t.Errorf("%s: %.2f dB, want %.2f", tt.name, got, tt.want)
		}
	}
}

// steady pushes n frames and returns how many were loud.
func steady(o *Onset, n int, next func() []int16) (loud int) {
	for range n {
		if o.Push(next()) {
			loud++
		}
	}
	return loud
}

func TestOnsetNoticesAtOnce(t *testing.T) {
	silence := func() []int16 { return make([]int16, frame) }
	tests := []struct {
		name  string
		room  func() []int16
		voice []int16
		want  bool
		later bool // by a frame
	}{
		{"a voice in silence", silence, hum(-30), true, true},
		{"a soft voice in silence", silence, hum(-48), true, true},
		{"a whisper of the line", silence, hum(-55), false, true},
		{"a voice in a room", hiss(-55, 1), hum(-35), true, false},
		{"a voice in a noisy room", hiss(-38, 2), hum(-25), true, false},
		{"a voice as loud as the room", hiss(-30, 3), hum(-30), false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var o Onset
			for run := range 2 { // the second after Reset
				if n := steady(&o, 200, tt.room); n != 0 {
					t.Errorf("run %d: %d frames of the room were loud", run, n)
				}
				mixed := tt.room()
				for i, v := range tt.voice {
					mixed[i] += v
				}
				if tt.later && o.Push(mixed) {
					t.Errorf("run %d: a single frame after digital silence is loud", run)
				}
				if got := o.Push(mixed); got != tt.want {
					t.Errorf("run %d: the first frame of the voice: %v (the room is at %.0f dB)", run, got, o.Noise())
				}
				o.Reset()
			}
		})
	}
}

// TestOnsetOfSuppressedSilence: the noise of a room that is heard for one frame in
// twenty, as of a sender that suppresses its silence, is no rise; a voice in it is.
func TestOnsetOfSuppressedSilence(t *testing.T) {
	var o Onset
	n, room := 0, hiss(-40, 5)
	next := func() []int16 {
		if n++; n%20 == 0 {
			return room()
		}
		return make([]int16, frame)
	}
	if n := steady(&o, 500, next); n != 0 {
		t.Errorf("%d frames were loud", n)
	}
	if o.Push(hum(-25)); !o.Push(hum(-25)) {
		t.Error("the second frame of a voice is not loud")
	}
}

func TestOnsetGetsUsedToNoise(t *testing.T) {
	var o Onset
	steady(&o, 100, hiss(-70, 1))
	frames := int(OnsetDelay / (20e6))
	next := hiss(-35, 2) // a fan starts
	if n := steady(&o, 10, next); n != 10 {
		t.Errorf("a sudden noise: %d of its first 10 frames were loud", n)
	}
	steady(&o, frames-10, next)
	if n := steady(&o, 200, next); n != 0 {
		t.Errorf("%d frames of the noise were loud after %v", n, OnsetDelay)
	}
	if math.Abs(o.Noise()+35) > 2 {
		t.Errorf("the noise is at %.1f dB, not −35", o.Noise())
	}
	steady(&o, 5, hiss(-70, 3)) // and stops
	if o.Noise() > -55 {
		t.Errorf("the noise is at %.1f dB after it stopped", o.Noise())
	}
}

// TestOnsetIsOneRise: a voice that wavers around the margin is one rise.
func TestOnsetIsOneRise(t *testing.T) {
	var o Onset
	steady(&o, 100, hiss(-60, 1))
	rises, before := 0, false
	for i := range 40 {
		loud := o.Push(hum(-47 - 5*float64(i%2)))
		if loud && !before {
			rises++
		}
		before = loud
	}
	if rises != 1 {
		t.Errorf("%d rises", rises)
	}
}

func TestOnsetDoesNotAllocate(t *testing.T) {
	var o Onset
	pcm := hum(-20)
	if n := testing.AllocsPerRun(200, func() { o.Push(pcm) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkOnset(b *testing.B) {
	b.ReportAllocs()
	var o Onset
	pcm := hum(-20)
	for b.Loop() {
		o.Push(pcm)
	}
}
