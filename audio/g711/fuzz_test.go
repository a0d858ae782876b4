package g711

import (
	"testing"

	"parley/audio"
)

func FuzzDecode(f *testing.F) {
	f.Add([]byte{}, 320)
	f.Add([]byte{0xff, 0x00, 0x80, 0x7f}, 1)
	f.Add(make([]byte, tick), 959)
	_, mu := open(f, MuLaw())
	_, a := open(f, ALaw())
	var pcm []int16
	f.Fuzz(func(t *testing.T, payload []byte, lost int) {
		lost %= audio.HearRate
		for _, d := range []audio.Decoder{mu, a} {
			got, err := d.Decode(pcm[:0], payload)
			if wrong := len(payload) == 0 || len(payload) > maxPayload; (err != nil) != wrong {
				t.Fatalf("%d bytes: %v", len(payload), err)
			}
			if err == nil && len(got) != 2*len(payload) {
				t.Fatalf("%d bytes became %d samples", len(payload), len(got))
			}
			if got, err = d.Conceal(pcm[:0], lost, payload); err != nil || len(got) != max(lost, 0) {
				t.Fatalf("%d samples concealed, want %d, %v", len(got), lost, err)
			}
			pcm = got
		}
	})
}
