package opus

import (
	"testing"

	"parley/audio"
)

// Nothing on the way of a packet allocates.
func TestNoAllocations(t *testing.T) {
	codec := open(t).Codec()
	for _, loss := range []float64{0, 0.1} {
		e := must(codec.NewEncoder())(t).(*Encoder)
		if err := e.ExpectLoss(loss); err != nil {
			t.Fatal(err)
		}
		in := voice(audio.SpeakRate)
		packets := encodeAll(t, e, in)
		hear, record := must(codec.NewHearing())(t), must(codec.NewRecording())(t)
		packet, pcm := make([]byte, 0, 1500), make([]int16, 0, 1500)
		i := 0
		work := func() {
			_, err := e.Encode(packet, in[i*audio.SpeakTick:][:audio.SpeakTick])
			if err != nil {
				t.Fatal(err)
			}
			if e.Ahead() == 0 {
				// Half of the time something else comes.
				from := (i + 1 + i%2) % (len(packets) - 3) * audio.SpeakTick
				if err := e.Expect(in[from:][:3*audio.SpeakTick]); err != nil {
					t.Fatal(err)
				}
			}
			for _, d := range []audio.Decoder{hear, record} {
				if _, err := d.Decode(pcm, packets[i]); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := record.Conceal(pcm, audio.HearTick, packets[(i+1)%len(packets)]); err != nil {
				t.Fatal(err)
			}
			i = (i + 1) % len(packets)
		}
		for range packets {
			work() // what is allocated once
		}
		if n := testing.AllocsPerRun(len(packets), work); n != 0 {
			t.Errorf("at a loss of %v: %v allocations for each packet", loss, n)
		}
		_, _, _ = e.Close(), hear.Close(), record.Close()
	}
}
