package opus

import (
	"errors"
	"testing"

	"parley/audio"
)

// fuzzDecoder feeds what the fuzzer finds to one decoder, which keeps its state
// over all inputs, as in a call.
func fuzzDecoder(f *testing.F, make func() (audio.Decoder, error)) {
	seeds := [][]byte{nil, {0}, []byte(silence), {0x48, 0x80, 1, 2, 3}, {0x4b, 0xc3, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9},
		{0x7c, 0x5a, 9, 8, 7, 6, 5, 4, 3, 2, 1}, {0x59, 1, 2, 3, 4}, {0xfa, 2, 1, 2, 3, 4, 5}, {0xff, 0x48, 255, 255, 0}}
	for _, s := range seeds {
		f.Add(s)
	}
	d, err := make()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = d.Close() })
	var pcm []int16
	f.Fuzz(func(t *testing.T, payload []byte) {
		got, err := d.Decode(pcm[:0], payload)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("Decode: %v", err)
			}
		} else if n, err := samples(payload); err == nil && len(got) != n {
			t.Fatalf("%d samples, the header says %d", len(got), n)
		}
		if got, err = d.Conceal(pcm[:0], audio.HearTick, payload); err != nil || len(got) != audio.HearTick {
			t.Fatalf("Conceal: %d samples, %v", len(got), err)
		}
		pcm = got
	})
}

func FuzzHearing(f *testing.F) {
	// No libopus: the fuzzer is to reach pion.
	l := &Library{compiled: make(chan struct{})}
	fuzzDecoder(f, l.Codec().NewHearing)
}

func FuzzRecording(f *testing.F) { fuzzDecoder(f, open(f).Codec().NewRecording) }
