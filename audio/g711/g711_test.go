package g711

import (
	"math"
	"slices"
	"testing"

	"parley/audio"
)

// The character signals and quantised values of G.711, tables 1a and 2a (column
// 7, "value at decoder output", times 8 and times 4), at the ends of segments.
func TestExpandReference(t *testing.T) {
	mu := map[byte]int16{0x80: 8031, 0x8f: 4191, 0x9f: 2079, 0xaf: 1023, 0xbf: 495, 0xcf: 231, 0xdf: 99, 0xef: 33, 0xfe: 2, 0xff: 0}
	for code, value := range mu {
		if got := expandMu(code); got != 4*value {
			t.Errorf("µ-law %#x is %d, want %d", code, got, 4*value)
		}
		if got := expandMu(code &^ 0x80); got != -4*value {
			t.Errorf("µ-law %#x is %d, want %d", code&^0x80, got, -4*value)
		}
	}
	// Before the inversion of even bits.
	a := map[byte]int16{0xff: 4032, 0xf0: 2112, 0xe0: 1056, 0xd0: 528, 0xc0: 264, 0xb0: 132, 0xa0: 66, 0x90: 33, 0x81: 3, 0x80: 1}
	for code, value := range a {
		if got := expandA(code ^ 0x55); got != 8*value {
			t.Errorf("A-law %#x is %d, want %d", code, got, 8*value)
		}
		if got := expandA(code&^0x80 ^ 0x55); got != -8*value {
			t.Errorf("A-law %#x is %d, want %d", code&^0x80, got, -8*value)
		}
	}
}

// The decision values of tables 1a and 2a, column 5: from each one on, the code
// of the segment above begins.
func TestCompressReference(t *testing.T) {
	mu := map[int16]byte{4063: 0x8f, 2015: 0x9f, 991: 0xaf, 479: 0xbf, 223: 0xcf, 95: 0xdf, 31: 0xef, 1: 0xfe}
	for decision, code := range mu {
		if got := compressMu(4 * decision); got != code {
			t.Errorf("µ-law of %d is %#x, want %#x", 4*decision, got, code)
		}
		if got := compressMu(4*decision - 1); got != code+1 {
			t.Errorf("µ-law of %d is %#x, want %#x", 4*decision-1, got, code+1)
		}
	}
	a := map[int16]byte{2048: 0xf0, 1024: 0xe0, 512: 0xd0, 256: 0xc0, 128: 0xb0, 64: 0xa0, 32: 0x90, 2: 0x81}
	for decision, code := range a {
		if got := compressA(8*decision) ^ 0x55; got != code {
			t.Errorf("A-law of %d is %#x, want %#x", 8*decision, got, code)
		}
		if got := compressA(8*decision-1) ^ 0x55; got != code-1 {
			t.Errorf("A-law of %d is %#x, want %#x", 8*decision-1, got, code-1)
		}
	}
	for _, tt := range []struct {
		s     int16
		mu, a byte
	}{{0, 0xff, 0xd5}, {-1, 0x7f, 0x55}, {32767, 0x80, 0xaa}, {-32768, 0x00, 0x2a}} {
		if mu, a := compressMu(tt.s), compressA(tt.s); mu != tt.mu || a != tt.a {
			t.Errorf("%d is %#x and %#x, want %#x and %#x", tt.s, mu, a, tt.mu, tt.a)
		}
	}
}

// Every sample must come back within half a step, which is a 32nd of it and some
// steps of the finest kind, and every code must come back as itself.
func TestLawsInvert(t *testing.T) {
	for name, l := range map[string]*law{"µ": newLaw(compressMu, expandMu), "A": newLaw(compressA, expandA)} {
		for code := range 256 {
			b := byte(code)
			if name == "µ" && b == 0x7f {
				continue // the negative zero
			}
			if got := l.compress(l.expand[b]); got != b {
				t.Errorf("%s-law: %#x comes back as %#x", name, b, got)
			}
		}
		for s := -32768; s <= 32767; s++ {
			got := int(l.expand[l.compress(int16(s))])
			if off, most := max(got-s, s-got), (max(s, -s)+132)/32+8; off > most {
				t.Fatalf("%s-law: %d becomes %d, which is more than %d off", name, s, got, most)
			}
		}
	}
}

// buzz makes n samples of a voice-like tone.
func buzz(rate int, n int, hz float64) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		for h := 1.0; h <= 5; h++ {
			pcm[i] += int16(6000 / h * math.Sin(2*math.Pi*hz*h*float64(i)/float64(rate)))
		}
	}
	return pcm
}

func codecs() []audio.Codec { return []audio.Codec{MuLaw(), ALaw()} }

// open makes one encoder and one decoder.
func open(t testing.TB, c audio.Codec) (audio.Encoder, audio.Decoder) {
	t.Helper()
	e, err := c.NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	d, err := c.NewRecording()
	if err != nil {
		t.Fatal(err)
	}
	return e, d
}

// best compares got with want in dB at the shift that suits best.
func best(want, got []int16, from, to int) float64 {
	top := math.Inf(-1)
	for shift := from; shift <= to; shift++ {
		var signal, noise float64
		for i := 800; i+shift < len(got) && i < len(want); i++ {
			d := float64(want[i]) - float64(got[i+shift])
			signal += float64(want[i]) * float64(want[i])
			noise += d * d
		}
		top = max(top, 10*math.Log10(signal/noise))
	}
	return top
}

func TestRoundTrip(t *testing.T) {
	for _, c := range codecs() {
		e, d := open(t, c)
		speak, hear := buzz(audio.SpeakRate, audio.SpeakRate, 200), buzz(audio.HearRate, audio.HearRate, 200)
		var got []int16
		for i := 0; i < len(speak); i += audio.SpeakTick {
			p, err := e.Encode(nil, speak[i:i+audio.SpeakTick])
			if err != nil || len(p) != tick {
				t.Fatalf("%s: %d bytes, %v", c.Name, len(p), err)
			}
			before := len(got)
			if got, err = d.Decode(got, p); err != nil || len(got)-before != audio.HearTick {
				t.Fatalf("%s: %d samples, %v", c.Name, len(got)-before, err)
			}
		}
		// Two resamplers delay by 4 ms each, 128 samples together.
		if s := best(hear, got, 120, 136); s < 32 {
			t.Errorf("%s: %.1f dB", c.Name, s)
		}
		if len(c.Silence) != tick || c.ClockRate != 8000 {
			t.Errorf("%s: silence of %d bytes at %d", c.Name, len(c.Silence), c.ClockRate)
		}
		_, quiet := open(t, c)
		out, err := quiet.Decode(nil, c.Silence)
		if err != nil || slices.Max(out) > 16 || slices.Min(out) < -16 {
			t.Errorf("%s: silence decodes to %d..%d, %v", c.Name, slices.Min(out), slices.Max(out), err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestConceal(t *testing.T) {
	for _, c := range codecs() {
		for _, hz := range []float64{90, 143, 250} {
			e, whole := open(t, c)
			_, broken := open(t, c)
			speak := buzz(audio.SpeakRate, audio.SpeakRate/2, hz)
			var want, got []int16
			const lost = 12
			for i := 0; i*audio.SpeakTick < len(speak); i++ {
				p, err := e.Encode(nil, speak[i*audio.SpeakTick:][:audio.SpeakTick])
				if err != nil {
					t.Fatal(err)
				}
				if want, err = whole.Decode(want, p); err != nil {
					t.Fatal(err)
				}
				if i == lost {
					got, err = broken.Conceal(got, audio.HearTick, nil)
				} else {
					got, err = broken.Decode(got, p)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if len(got) != len(want) {
				t.Fatalf("%d samples, want %d", len(got), len(want))
			}
			from, to := lost*audio.HearTick+64, (lost+1)*audio.HearTick+64
			var signal, noise, step, usual float64
			for i := from; i < to; i++ {
				signal += math.Pow(float64(want[i]), 2)
				noise += math.Pow(float64(want[i])-float64(got[i]), 2)
			}
			for i := from - 100; i < to+100; i++ {
				step = max(step, math.Abs(float64(got[i])-float64(got[i-1])))
				usual = max(usual, math.Abs(float64(want[i])-float64(want[i-1])))
			}
			if s := 10 * math.Log10(signal/noise); s < 6 {
				t.Errorf("%s, %.0f Hz: concealed to %.1f dB", c.Name, hz, s)
			}
			if step > 1.3*usual {
				t.Errorf("%s, %.0f Hz: a click of %.0f where %.0f is usual", c.Name, hz, step, usual)
			}
		}
	}
}

func TestConcealFades(t *testing.T) {
	c := MuLaw()
	e, d := open(t, c)
	for i := range 10 {
		p, err := e.Encode(nil, buzz(audio.SpeakRate, 10*audio.SpeakTick, 150)[i*audio.SpeakTick:][:audio.SpeakTick])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Decode(nil, p); err != nil {
			t.Fatal(err)
		}
	}
	var last float64
	for i := range 5 {
		out, err := d.Conceal(nil, audio.HearTick, c.Silence)
		if err != nil {
			t.Fatal(err)
		}
		var power float64
		for _, s := range out {
			power += float64(s) * float64(s)
		}
		if i == 0 && power < 1e9 {
			t.Error("nothing is concealed")
		}
		if i > 0 && power > last || i == 4 && power != 0 {
			t.Errorf("packet %d after the loss has power %.0f, the one before %.0f", i, power, last)
		}
		last = power
	}
}

func TestConcealAnyLength(t *testing.T) {
	_, d := open(t, ALaw())
	for _, n := range []int{-1, 0, 1, 2, 3, 319, 320, 321, 5000, 100000} {
		got, err := d.Conceal([]int16{7}, n, nil)
		if err != nil || len(got) != 1+max(n, 0) || got[0] != 7 {
			t.Errorf("concealing %d: %d samples, %v", n, len(got), err)
		}
	}
}

func TestRefused(t *testing.T) {
	e, d := open(t, ALaw())
	for _, n := range []int{0, 479, 481} {
		if _, err := e.Encode(nil, make([]int16, n)); err == nil {
			t.Errorf("%d samples were encoded", n)
		}
	}
	for _, n := range []int{0, maxPayload + 1} {
		if got, err := d.Decode([]int16{1}, make([]byte, n)); err == nil || len(got) != 1 {
			t.Errorf("%d bytes were decoded", n)
		}
	}
	for _, n := range []int{1, 80, 161, 240, 480, maxPayload} {
		if got, err := d.Decode(nil, make([]byte, n)); err != nil || len(got) != 2*n {
			t.Errorf("%d bytes: %d samples, %v", n, len(got), err)
		}
	}
}

func BenchmarkTick(b *testing.B) {
	c := MuLaw()
	e, d := open(b, c)
	pcm, packet, out := buzz(audio.SpeakRate, audio.SpeakTick, 150), make([]byte, 0, 1500), make([]int16, 0, 400)
	packet, err := e.Encode(packet, pcm)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := e.Encode(packet[:0], pcm); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := d.Decode(out, packet); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("conceal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := d.Decode(out, packet); err != nil {
				b.Fatal(err)
			}
			if _, err := d.Conceal(out, audio.HearTick, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}
