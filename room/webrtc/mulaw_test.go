package webrtc

import "parley/audio"

// mulaw is a rough mu-law codec.
func mulaw() audio.Codec {
	silence := make([]byte, 160)
	for i := range silence {
		silence[i] = 0xff
	}
	return audio.Codec{
		Name: "PCMU", ClockRate: 8000, Silence: silence,
		NewEncoder:   func() (audio.Encoder, error) { return ulaw{}, nil },
		NewHearing:   func() (audio.Decoder, error) { return ulaw{}, nil },
		NewRecording: func() (audio.Decoder, error) { return ulaw{}, nil },
	}
}

type ulaw struct{}

func (ulaw) Close() error { return nil }
func (ulaw) Encode(dst []byte, pcm []int16) ([]byte, error) {
	for i := 0; i+2 < len(pcm); i += 3 {
		dst = append(dst, lin2u((int(pcm[i])+int(pcm[i+1])+int(pcm[i+2]))/3))
	}
	return dst, nil
}
func (ulaw) Decode(dst []int16, p []byte) ([]int16, error) {
	for _, b := range p {
		v := u2lin(b)
		dst = append(dst, v, v)
	}
	return dst, nil
}
func (ulaw) Conceal(dst []int16, n int, _ []byte) ([]int16, error) {
	return append(dst, make([]int16, n)...), nil
}

func lin2u(s int) byte {
	sign := byte(0)
	if s < 0 {
		s, sign = -s, 0x80
	}
	s = min(s, 32635) + 132
	e := 7
	for m := 0x4000; s&m == 0 && e > 0; m >>= 1 {
		e--
	}
	return ^(sign | byte(e)<<4 | byte(s>>(e+3)&15))
}

func u2lin(b byte) int16 {
	b = ^b
	t := (int(b&15)<<3 + 132) << (b >> 4 & 7)
	if b&0x80 != 0 {
		return int16(132 - t)
	}
	return int16(t - 132)
}
