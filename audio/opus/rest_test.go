package opus

import (
	"slices"
	"testing"

	"parley/audio"
)

// Silence that is not decoded must sound, and leave what follows, as if it had been.
func TestRestIsNoDifferentFromDecoding(t *testing.T) {
	lib := open(t)
	encoder, err := lib.Codec().NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	var packets [][]byte
	for i := range 40 {
		pcm := make([]int16, audio.SpeakTick)
		if i < 5 || i >= 30 {
			for j := range pcm {
				pcm[j] = int16(6000 - 12000*((i*audio.SpeakTick+j)/40%2))
			}
		}
		if i >= 5 && i < 30 {
			packets = append(packets, []byte(silence))
			continue
		}
		p, err := encoder.Encode(nil, pcm)
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, p)
	}
	decode := func(rest bool) (out []int16, skipped int) {
		d, err := newHearing(lib)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		h := d.(*hearing)
		for _, p := range packets {
			if !rest {
				h.rest = ""
			} else if h.rest == string(p) {
				skipped++
			}
			if out, err = h.Decode(out, p); err != nil {
				t.Fatal(err)
			}
		}
		return out, skipped
	}
	plain, _ := decode(false)
	resting, skipped := decode(true)
	if skipped < 10 {
		t.Errorf("%d of 25 packets of silence were not decoded", skipped)
	}
	if !slices.Equal(plain, resting) {
		t.Error("what is heard differs")
	}
}
