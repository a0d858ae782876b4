package opus

import (
	"slices"
	"testing"

	"parley/audio"
)

func TestSamples(t *testing.T) {
	// RFC 6716 table 2: the lengths of one frame in ms times 10, by configuration.
	lengths := [32]int{
		100, 200, 400, 600, 100, 200, 400, 600, 100, 200, 400, 600,
		100, 200, 100, 200,
		25, 50, 100, 200, 25, 50, 100, 200, 25, 50, 100, 200, 25, 50, 100, 200,
	}
	for config, length := range lengths {
		for code, frames := range map[byte]int{0: 1, 1: 2, 2: 2, 3: 5} {
			want := frames * length * 16 / 10
			got, err := samples([]byte{byte(config)<<3 | code, 5})
			if want > maxSamples {
				if err == nil {
					t.Errorf("configuration %d, code %d: %d samples, want an error", config, code, got)
				}
			} else if err != nil || got != want {
				t.Errorf("configuration %d, code %d: %d samples and %v, want %d", config, code, got, err, want)
			}
		}
	}
}

// The flag is compared with what libopus makes of the packet: where there is a
// copy of the one before, concealing with it differs from concealing without.
func TestHasFEC(t *testing.T) {
	codec := open(t).Codec()
	e := must(codec.NewEncoder())(t).(*Encoder)
	defer e.Close()
	pcm := voice(2 * audio.SpeakRate)
	for _, p := range encodeAll(t, e, pcm) {
		if hasFEC(p) {
			t.Fatalf("a CELT packet seems to have FEC: % x", p)
		}
	}
	if err := e.ExpectLoss(0.1); err != nil {
		t.Fatal(err)
	}
	packets, flagged := encodeAll(t, e, pcm), 0
	for i, p := range packets[1:] {
		with, without := must(codec.NewRecording())(t), must(codec.NewRecording())(t)
		for _, before := range packets[max(i-3, 0):i] {
			must(with.Decode(nil, before))(t)
			must(without.Decode(nil, before))(t)
		}
		a, b := must(with.Conceal(nil, audio.HearTick, p))(t), must(without.Conceal(nil, audio.HearTick, nil))(t)
		if differ := !slices.Equal(a, b); differ != hasFEC(p) {
			t.Errorf("packet %d: hasFEC says %v, libopus %v", i+1, hasFEC(p), differ)
		}
		if hasFEC(p) {
			flagged++
		}
		_, _ = with.Close(), without.Close()
	}
	if flagged < 50 {
		t.Errorf("only %d of %d packets have FEC", flagged, len(packets))
	}
	for _, p := range [][]byte{nil, {0}, {2, 255}, {2, 255, 1}, {3, 1}, {1, 0}} {
		if hasFEC(p) {
			t.Errorf("% x seems to have FEC", p)
		}
	}
	for _, stereo := range []bool{false, true} {
		for _, ms := range []float64{10, 20, 40, 60} {
			for _, p := range foreign(t, e.lib, stereo, ms, 1000) {
				if hasFEC(p) {
					t.Fatalf("a packet without FEC (stereo %v, %v ms) seems to have it", stereo, ms)
				}
			}
		}
	}
}

// A stream with FEC goes over to libopus and stays one stream.
func TestHearingHandsOver(t *testing.T) {
	l := open(t)
	e := must(l.Codec().NewEncoder())(t).(*Encoder)
	defer e.Close()
	if err := e.ExpectLoss(0.1); err != nil {
		t.Fatal(err)
	}
	d, reference := must(l.Codec().NewHearing())(t).(*hearing), must(l.Codec().NewRecording())(t)
	defer d.Close()
	defer reference.Close()
	var got, want []int16
	for _, p := range encodeAll(t, e, voice(audio.SpeakRate)) {
		got, want = must(d.Decode(got, p))(t), must(reference.Decode(want, p))(t)
	}
	if d.handed == nil {
		t.Fatal("the stream was not handed over")
	}
	if s := snr(want[3200:], got[3200:], 4); s < 20 {
		t.Errorf("what is heard differs from what is recorded: %.1f dB", s)
	}
}
