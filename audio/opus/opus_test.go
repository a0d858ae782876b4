package opus

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"parley/audio"
	"parley/models/modeltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cacheDir keeps compiled code for the tests of one run and the next, where only
// this user can write.
func cacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "parley", "test-opus")
}

// open gives a library that is ready, and closes it at the end of the test.
func open(t testing.TB) *Library {
	t.Helper()
	l := Open(modeltest.Path(t, "opus/simd.wasm"), cacheDir(), slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := l.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l
}

// must stops a test at an error.
func must[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// voice makes n samples at SpeakRate of something like speech: a buzz whose
// pitch and loudness move.
func voice(n int) []int16 {
	pcm := make([]int16, n)
	var phase float64
	for i := range pcm {
		at := float64(i) / audio.SpeakRate
		phase += 2 * math.Pi * (140 + 30*math.Sin(2*math.Pi*1.3*at)) / audio.SpeakRate
		var v float64
		for h := 1; h <= 20; h++ {
			v += math.Sin(float64(h)*phase) / float64(h)
		}
		pcm[i] = int16(4000 * v * (0.55 + 0.45*math.Sin(2*math.Pi*2.1*at)))
	}
	return pcm
}

// encodeAll makes packets of all of pcm.
func encodeAll(t testing.TB, e audio.Encoder, pcm []int16) [][]byte {
	t.Helper()
	var packets [][]byte
	for ; len(pcm) >= audio.SpeakTick; pcm = pcm[audio.SpeakTick:] {
		packets = append(packets, must(e.Encode(nil, pcm[:audio.SpeakTick]))(t))
	}
	return packets
}

// level is the root mean square of pcm.
func level(pcm []int16) float64 {
	var sum float64
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return math.Sqrt(sum / float64(max(len(pcm), 1)))
}

// snr compares got with want in dB, trying every shift of got up to maxShift.
func snr(want, got []int16, maxShift int) float64 {
	best := math.Inf(-1)
	for shift := -maxShift; shift <= maxShift; shift++ {
		var signal, noise float64
		for i, w := range want {
			if j := i + shift; j >= 0 && j < len(got) {
				d := float64(w) - float64(got[j])
				signal += float64(w) * float64(w)
				noise += d * d
			}
		}
		best = max(best, 10*math.Log10(signal/(noise+1)))
	}
	return best
}

func TestDecodersAgree(t *testing.T) {
	codec := open(t).Codec()
	pcm := voice(2 * audio.SpeakRate)
	for _, lossy := range []bool{false, true} {
		e := must(codec.NewEncoder())(t).(*Encoder)
		if lossy {
			if err := e.ExpectLoss(0.1); err != nil {
				t.Fatal(err)
			}
		}
		hear, record := must(codec.NewHearing())(t), must(codec.NewRecording())(t)
		var heard, recorded []int16
		for i, p := range encodeAll(t, e, pcm) {
			heard = must(hear.Decode(heard, p))(t)
			recorded = must(record.Decode(recorded, p))(t)
			if want := (i + 1) * audio.HearTick; len(heard) != want || len(recorded) != want {
				t.Fatalf("after %d packets: %d heard, %d recorded, want %d samples", i+1, len(heard), len(recorded), want)
			}
		}
		if l := level(recorded); l < 1000 {
			t.Fatalf("lossy %v: nothing came through, level %.0f", lossy, l)
		}
		if got := snr(recorded[1600:], heard[1600:], 4); got < 30 {
			t.Errorf("lossy %v: pion and libopus agree to %.1f dB only", lossy, got)
		}
		for _, c := range []io.Closer{e, hear, record} {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestSilence(t *testing.T) {
	codec := open(t).Codec()
	e := must(codec.NewEncoder())(t)
	defer e.Close()
	loud := encodeAll(t, e, voice(audio.SpeakRate))
	quiet := encodeAll(t, e, make([]int16, audio.SpeakRate))
	if last := quiet[len(quiet)-1]; !bytes.Equal(last, codec.Silence) {
		t.Errorf("zeros are encoded as % x, Silence is % x", last, codec.Silence)
	}
	for name, make := range map[string]func() (audio.Decoder, error){"hearing": codec.NewHearing, "recording": codec.NewRecording} {
		t.Run(name, func(t *testing.T) {
			d := must(make())(t)
			defer d.Close()
			for range 3 {
				if got := must(d.Decode(nil, codec.Silence))(t); len(got) != audio.HearTick || level(got) != 0 {
					t.Fatalf("silence decodes to %d samples of level %.2f", len(got), level(got))
				}
			}
			for _, p := range loud {
				must(d.Decode(nil, p))(t)
			}
			// What is left of the last sound rings out in one packet.
			must(d.Decode(nil, codec.Silence))(t)
			got := must(d.Decode(nil, codec.Silence))(t)
			for _, s := range got {
				if s < -1 || s > 1 {
					t.Fatalf("silence after sound decodes to %d", s)
				}
			}
		})
	}
}

// Sound that goes on after packets of Silence which the encoder knows nothing of
// must come through at once and at full level.
func TestSilenceBetweenPackets(t *testing.T) {
	codec := open(t).Codec()
	e, straight, gap := must(codec.NewEncoder())(t), must(codec.NewRecording())(t), must(codec.NewRecording())(t)
	defer e.Close()
	defer straight.Close()
	defer gap.Close()
	var want, got []int16
	for i, p := range encodeAll(t, e, voice(audio.SpeakRate)) {
		w := must(straight.Decode(nil, p))(t)
		if i == 25 {
			for range 10 {
				must(gap.Decode(nil, codec.Silence))(t)
			}
		}
		g := must(gap.Decode(nil, p))(t)
		if i >= 25 {
			// The first 2.5 ms overlap with the packet before.
			want, got = append(want, w[shortest:]...), append(got, g[shortest:]...)
		}
		if i == 26 {
			break
		}
	}
	if s := snr(want, got, 0); s < 20 {
		t.Errorf("sound after silence differs: %.1f dB", s)
	}
}

func TestConceal(t *testing.T) {
	codec := open(t).Codec()
	for _, lossy := range []bool{false, true} {
		e := must(codec.NewEncoder())(t).(*Encoder)
		if lossy {
			if err := e.ExpectLoss(0.1); err != nil {
				t.Fatal(err)
			}
		}
		packets := encodeAll(t, e, voice(4*audio.SpeakRate))
		whole, plc, fec := must(codec.NewRecording())(t), must(codec.NewRecording())(t), must(codec.NewRecording())(t)
		var plcNoise, fecNoise, signal float64
		for i, p := range packets {
			w := must(whole.Decode(nil, p))(t)
			if i%10 != 9 || i+1 == len(packets) {
				must(plc.Decode(nil, p))(t)
				must(fec.Decode(nil, p))(t)
				continue
			}
			a := must(plc.Conceal(nil, audio.HearTick, nil))(t)
			b := must(fec.Conceal(nil, audio.HearTick, packets[i+1]))(t)
			if len(a) != audio.HearTick || len(b) != audio.HearTick {
				t.Fatalf("concealed %d and %d samples, want %d", len(a), len(b), audio.HearTick)
			}
			for j, s := range w {
				signal += float64(s) * float64(s)
				plcNoise += math.Pow(float64(s)-float64(a[j]), 2)
				fecNoise += math.Pow(float64(s)-float64(b[j]), 2)
			}
		}
		plcSNR, fecSNR := 10*math.Log10(signal/plcNoise), 10*math.Log10(signal/fecNoise)
		t.Logf("lossy %v: concealment %.1f dB, with FEC %.1f dB", lossy, plcSNR, fecSNR)
		if plcSNR < 0 {
			t.Errorf("lossy %v: concealment is worse than silence: %.1f dB", lossy, plcSNR)
		}
		if lossy && fecSNR < plcSNR+3 {
			t.Errorf("FEC (%.1f dB) does not help over concealment (%.1f dB)", fecSNR, plcSNR)
		}
		for _, c := range []io.Closer{e, whole, plc, fec} {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestConcealAnyLength(t *testing.T) {
	codec := open(t).Codec()
	e := must(codec.NewEncoder())(t).(*Encoder)
	if err := e.ExpectLoss(1); err != nil {
		t.Fatal(err)
	}
	packets := encodeAll(t, e, voice(audio.SpeakRate/2))
	if err := e.ExpectLoss(0); err != nil {
		t.Fatal(err)
	}
	celt := encodeAll(t, e, voice(audio.SpeakRate/2))
	nexts := map[string][]byte{"none": nil, "silk": packets[20], "celt": celt[20], "dtx": packets[20][:1], "garbage": {0x0b, 0x3f, 1, 2}, "silence": codec.Silence}
	for _, make := range []func() (audio.Decoder, error){codec.NewHearing, codec.NewRecording} {
		d := must(make())(t)
		for _, p := range packets {
			must(d.Decode(nil, p))(t)
		}
		for name, next := range nexts {
			for _, n := range []int{-1, 0, 1, 39, 40, 41, 319, 320, 321, 640, 1919, 1921, 8000, 50000} {
				got := must(d.Conceal([]int16{7}, n, next))(t)
				if len(got) != 1+max(n, 0) || got[0] != 7 {
					t.Errorf("next %s: concealing %d gave %d samples", name, n, len(got)-1)
				}
			}
		}
		must(d.Decode(nil, packets[0]))(t)
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestPacketKinds(t *testing.T) {
	codec := open(t).Codec()
	e := must(codec.NewEncoder())(t).(*Encoder)
	defer e.Close()
	celt := encodeAll(t, e, voice(audio.SpeakRate/2))[10]
	frame := celt[1:]
	tests := []struct {
		name    string
		payload []byte
		samples int // 0: an error
	}{
		{"empty is DTX", nil, 320},
		{"DTX of one byte", []byte{celt[0]}, 320},
		{"DTX of two bytes", []byte{celt[0], 0}, 320},
		{"DTX of 60 ms", []byte{11 << 3}, 960},
		{"two equal frames", append(append([]byte{celt[0] | 1}, frame...), frame...), 640},
		{"three frames", append(append(append([]byte{celt[0] | 3, 3}, frame...), frame...), frame...), 960},
		{"one frame, padded", append(append([]byte{celt[0] | 3, 0x41, 5}, frame...), 0, 0, 0, 0, 0), 320},
		{"no frames", []byte{celt[0] | 3, 0, 1}, 0},
		{"too many frames", append([]byte{celt[0] | 3, 63}, frame...), 0},
		{"uneven halves", append([]byte{celt[0] | 1}, bytes.Repeat([]byte{1}, 7)...), 0},
		{"too long", bytes.Repeat([]byte{celt[0]}, maxPacket+1), 0},
	}
	for name, make := range map[string]func() (audio.Decoder, error){"hearing": codec.NewHearing, "recording": codec.NewRecording} {
		d := must(make())(t)
		for _, tt := range tests {
			must(d.Decode(nil, celt))(t)
			got, err := d.Decode([]int16{7}, tt.payload)
			if len(got) != 1+tt.samples || got[0] != 7 || (err != nil) != (tt.samples == 0) {
				t.Errorf("%s: %s: %d samples and %v, want %d", name, tt.name, len(got)-1, err, tt.samples)
			}
			if err != nil && !errors.Is(err, ErrMalformed) {
				t.Errorf("%s: %s: the error is no ErrMalformed: %v", name, tt.name, err)
			}
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Every configuration (mode, bandwidth, frame length), mono and stereo, as
// browsers may send them: libopus is made to encode it, both decoders must agree.
func TestAllConfigurations(t *testing.T) {
	l := open(t)
	for _, stereo := range []bool{false, true} {
		for _, ms := range []float64{2.5, 5, 10, 20, 40, 60} {
			for _, mode := range []uint64{1000, 1001, 1002} { // SILK, hybrid, CELT
				if mode != 1002 && ms < 10 || mode == 1001 && ms > 20 {
					continue
				}
				packets := foreign(t, l, stereo, ms, mode)
				hear, record := must(l.Codec().NewHearing())(t), must(l.Codec().NewRecording())(t)
				var heard, recorded []int16
				for _, p := range packets {
					if got := p[0]&4 != 0; got != stereo {
						t.Fatalf("stereo %v, %v ms, mode %d: TOC %#x", stereo, ms, mode, p[0])
					}
					heard, recorded = must(hear.Decode(heard, p))(t), must(record.Decode(recorded, p))(t)
				}
				if want := int(float64(len(packets)) * ms * 16); len(heard) != want || len(recorded) != want {
					t.Errorf("stereo %v, %v ms, mode %d: %d and %d samples, want %d", stereo, ms, mode, len(heard), len(recorded), want)
					continue
				}
				got := snr(recorded[3200:], heard[3200:], 2)
				t.Logf("stereo %v, %v ms, mode %d, TOC %#x: level %.0f, pion against libopus %.1f dB", stereo, ms, mode, packets[0][0], level(recorded), got)
				if got < 25 || level(recorded) < 500 {
					t.Errorf("stereo %v, %v ms, mode %d: the decoders agree to %.1f dB at level %.0f", stereo, ms, mode, got, level(recorded))
				}
				_ = hear.Close()
				_ = record.Close()
			}
		}
	}
}

// foreign encodes 0.75 s at 48 kHz as another program would.
func foreign(t testing.TB, l *Library, stereo bool, ms float64, mode uint64) [][]byte {
	t.Helper()
	in := must(l.instantiate())(t)
	defer in.retire(errIdle)
	channels := uint64(1)
	if stereo {
		channels = 2
	}
	call := func(name string, args ...uint64) int32 {
		t.Helper()
		got := must(in.call(in.mod.ExportedFunction(name), args...))(t)
		if got < 0 {
			t.Fatalf("%s%v: %v", name, args, failure(got))
		}
		return got
	}
	e := uint64(call(fnMalloc, uint64(call(fnEncoderGetSize, channels))))
	buffer := uint64(call(fnMalloc, 4*2880))
	call(fnEncoderInit, e, 48000, channels, applicationAudio)
	call(fnEncoderSet, e, 4022, channels) // OPUS_SET_FORCE_CHANNELS
	call(fnEncoderSet, e, setBitrate, 64000)
	call(fnEncoderSet, e, 11002, mode) // OPUS_SET_FORCE_MODE
	if mode == 1000 {
		call(fnEncoderSet, e, 4008, 1103) // OPUS_SET_BANDWIDTH, wideband
	}
	var packets [][]byte
	n, phase := int(ms*48), 0.0
	for at := 0; at+n <= 48000*3/4; at += n {
		for i := range n {
			sec := float64(at+i) / 48000
			phase += 2 * math.Pi * (150 + 30*math.Sin(8*sec)) / 48000
			v := 5000 * (math.Sin(phase) + math.Sin(2*phase)/2 + math.Sin(5*phase)/4)
			for c := range channels {
				in.memory.WriteUint16Le(uint32(buffer)+uint32(2*(uint64(i)*channels+c)), uint16(int16(v*(1-0.6*float64(c)))))
			}
		}
		size := call(fnEncode, e, buffer, uint64(n), uint64(in.packet), maxPacket)
		b, _ := in.memory.Read(in.packet, uint32(size))
		packets = append(packets, bytes.Clone(b))
	}
	return packets
}

// A trap must cost the other states of the instance no more than their past.
func TestTrap(t *testing.T) {
	l := open(t)
	codec := l.Codec()
	bad, good := must(codec.NewRecording())(t).(*recording), must(codec.NewEncoder())(t).(*Encoder)
	if bad.in != good.in {
		t.Fatal("the two are not in one instance")
	}
	pcm := voice(audio.SpeakTick)
	packet := must(good.Encode(nil, pcm))(t)
	for i := range maxTraps {
		bad.ptr = 0xffffff00 // outside the memory
		if _, err := bad.Decode(nil, packet); err == nil || errors.Is(err, ErrMalformed) {
			t.Fatalf("trap %d: %v", i, err)
		}
		if got := must(good.Encode(nil, pcm))(t); len(got) < 10 {
			t.Fatalf("after trap %d: a packet of %d bytes", i, len(got))
		}
		if i+1 < maxTraps {
			if got := must(bad.Decode(nil, packet))(t); len(got) != audio.HearTick {
				t.Fatalf("after trap %d: %d samples", i, len(got))
			}
		}
	}
	if _, err := bad.Decode(nil, packet); err == nil {
		t.Error("a state that trapped again and again is still served")
	}
	if n := len(l.instances); n != 1 {
		t.Errorf("%d instances are left, want 1", n)
	}
	if err := errors.Join(bad.Close(), good.Close()); err != nil {
		t.Error(err)
	}
}

func TestManyStates(t *testing.T) {
	l := open(t)
	codec := l.Codec()
	packet := []byte(silence)
	const pairs = 250
	var wg sync.WaitGroup
	for i := range pairs {
		wg.Go(func() {
			e, err := codec.NewEncoder()
			if err != nil {
				t.Error(err)
				return
			}
			d, err := codec.NewRecording()
			if err != nil {
				t.Error(err)
				return
			}
			pcm := voice(2 * audio.SpeakTick)
			for range 5 {
				if _, err := e.Encode(nil, pcm[i:i+audio.SpeakTick]); err != nil {
					t.Error(err)
				}
				if _, err := d.Decode(nil, packet); err != nil {
					t.Error(err)
				}
			}
			if i%2 == 0 {
				if err := errors.Join(e.Close(), d.Close()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	states := 0
	for _, in := range l.instances {
		states += in.states
	}
	if states != pairs {
		t.Errorf("%d states are left, want %d", states, pairs)
	}
}

func TestInstanceFills(t *testing.T) {
	l := open(t)
	in := must(l.instantiate())(t)
	defer in.retire(errIdle)
	var n int
	for ; n < 1000; n++ {
		if _, err := in.allocate(in.encoderSize); errors.Is(err, errFull) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("room for %d encoders of %d bytes (decoder: %d)", n, in.encoderSize, in.decoderSize)
	if n < 180 || n == 1000 {
		t.Errorf("room for %d encoders", n)
	}
}

func TestClose(t *testing.T) {
	l := Open(modeltest.Path(t, "opus/simd.wasm"), cacheDir(), slog.New(slog.DiscardHandler))
	if err := l.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	codec := l.Codec()
	e, d := must(codec.NewEncoder())(t), must(codec.NewRecording())(t)
	closed := must(codec.NewEncoder())(t)
	if err := errors.Join(closed.Close(), closed.Close()); err != nil {
		t.Error(err)
	}
	if _, err := closed.Encode(nil, make([]int16, audio.SpeakTick)); err == nil {
		t.Error("a closed encoder encodes")
	}
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Error(err)
	}
	if _, err := e.Encode(nil, voice(audio.SpeakTick)); !errors.Is(err, ErrClosed) {
		t.Errorf("encoding after Close: %v", err)
	}
	if _, err := d.Decode(nil, []byte(silence)); !errors.Is(err, ErrClosed) {
		t.Errorf("decoding after Close: %v", err)
	}
	if _, err := codec.NewEncoder(); !errors.Is(err, ErrClosed) {
		t.Errorf("making an encoder after Close: %v", err)
	}
	if err := l.Ready(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("ready after Close: %v", err)
	}
	if err := errors.Join(e.Close(), d.Close()); err != nil {
		t.Error(err)
	}
}

func TestOpenFails(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := []struct{ name, path, want string }{
		{"missing", filepath.Join(dir, "none.wasm"), "no such file"},
		{"a folder", dir, "directory"},
		{"no wasm", write("text.wasm", "hello, this is no wasm"), "compiling"},
		{"cut short", write("short.wasm", "\x00asm\x01\x00\x00\x00\x01"), "compiling"},
		{"other wasm", write("other.wasm", "\x00asm\x01\x00\x00\x00"), "not the expected build"},
		{"a cache that is a file", write("again.wasm", "\x00asm\x01\x00\x00\x00"), "not the expected build"},
		{"huge", write("huge.wasm", strings.Repeat("x", maxModule+1)), "more than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cache := filepath.Join(dir, "cache")
			if strings.Contains(tt.name, "cache") {
				cache = tt.path
			}
			l := Open(tt.path, cache, slog.New(slog.DiscardHandler))
			defer l.Close()
			err := l.Ready(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("Ready: %v, want something with %q", err, tt.want)
			}
			if _, err := l.Codec().NewEncoder(); err == nil {
				t.Error("an encoder was made")
			}
			hear := must(l.Codec().NewHearing())(t)
			if got := must(hear.Decode(nil, l.Codec().Silence))(t); len(got) != audio.HearTick {
				t.Errorf("hearing does not work without libopus: %d samples", len(got))
			}
		})
	}
}

func TestReadyGivesUp(t *testing.T) {
	l := &Library{compiled: make(chan struct{}), log: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the caller left")
	cancel(why)
	if err := l.Ready(ctx); !errors.Is(err, why) {
		t.Errorf("Ready: %v", err)
	}
	if _, err := l.Codec().NewEncoder(); !errors.Is(err, ErrNotReady) {
		t.Errorf("NewEncoder before compiling ended: %v", err)
	}
}

// A damaged cache is noticed, made anew, and good the next time.
func TestDamagedCache(t *testing.T) {
	wasm := modeltest.Path(t, "opus/simd.wasm")
	open(t) // fills cacheDir
	if cacheDir() == "" {
		t.Skip("there is no place for a cache")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(cacheDir())); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return os.Truncate(path, info.Size()/2)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, damaged := range []bool{true, false} {
		var said bytes.Buffer
		l := Open(wasm, dir, slog.New(slog.NewTextHandler(&said, nil)))
		if err := l.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if warned := strings.Contains(said.String(), "level=WARN"); warned != damaged {
			t.Errorf("damaged is %v, the log says:\n%s", damaged, said.String())
		}
		e := must(l.Codec().NewEncoder())(t)
		if got := must(e.Encode(nil, voice(audio.SpeakTick)))(t); len(got) < 10 {
			t.Errorf("a packet of %d bytes", len(got))
		}
		if err := errors.Join(e.Close(), l.Close()); err != nil {
			t.Error(err)
		}
	}
}

// Packets of noise with a good header, over and over on the same states.
func TestGarbage(t *testing.T) {
	codec := open(t).Codec()
	random := rand.New(rand.NewPCG(1, 2))
	hear, record, e := must(codec.NewHearing())(t), must(codec.NewRecording())(t), must(codec.NewEncoder())(t)
	defer hear.Close()
	defer record.Close()
	defer e.Close()
	var pcm []int16
	for range 3000 {
		p := make([]byte, 1+random.IntN(200))
		for i := range p {
			p[i] = byte(random.Uint32())
		}
		for _, d := range []audio.Decoder{hear, record} {
			got, err := d.Decode(pcm[:0], p)
			if err != nil && !errors.Is(err, ErrMalformed) {
				t.Fatalf("% x: %v", p, err)
			}
			if err == nil {
				if n, _ := samples(p); len(got) != n {
					t.Fatalf("% x: %d samples, the header says %d", p, len(got), n)
				}
			}
		}
		must(record.Conceal(pcm[:0], audio.HearTick, p))(t)
	}
	for _, p := range encodeAll(t, e, voice(audio.SpeakRate)) {
		pcm = must(record.Decode(pcm[:0], p))(t)
	}
	if l := level(pcm); l < 500 || l > 20000 {
		t.Errorf("after garbage, sound has level %.0f", l)
	}
}

func TestEncodeWrongLength(t *testing.T) {
	e := must(open(t).Codec().NewEncoder())(t)
	defer e.Close()
	for _, n := range []int{0, 1, 479, 481, 960} {
		if _, err := e.Encode(nil, make([]int16, n)); err == nil {
			t.Errorf("%d samples were encoded", n)
		}
	}
}
