package local

import (
	"crypto/sha256"
	"math"

	"parley/asr"
)

const (
	// longest is what one recognition takes. Moonshine tiny in sherpa-onnx 1.13.8
	// fails with an empty text on more than 9.2 s, and begins to repeat itself
	// before that.
	longest = 7 * asr.Rate
	// least is the shortest piece that is cut off in front: a shorter one has too
	// few words for the model to guess well.
	least = 3 * asr.Rate
	// quiet is the length of the pause that is looked for, and hop how finely.
	quiet = asr.Rate / 5
	hop   = asr.Rate / 50

	// lead and tail are the silence put around each piece. Without them the model
	// gets one word in five wrong in short utterances cut close to the voice;
	// longer ones gain nothing.
	lead = asr.Rate / 10
	tail = asr.Rate * 3 / 10
)

// piece is a stretch of sound that the model can take at once, with the silence
// around it.
type piece []float32

type digest [sha256.Size]byte

// digest identifies what is heard in p.
func (p piece) digest() digest {
	h := sha256.New()
	var b [4096]byte
	n := 0
	for _, s := range p {
		v := math.Float32bits(s)
		b[n], b[n+1], b[n+2], b[n+3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
		if n += 4; n == len(b) {
			h.Write(b[:])
			n = 0
		}
	}
	h.Write(b[:n])
	return digest(h.Sum(nil))
}

// cut copies pcm into pieces of at most longest, cut at the quietest moment.
// Where it cuts depends only on what comes before the end of a piece, so an
// utterance that grows keeps its first pieces.
func cut(pcm []int16) []piece {
	var pieces []piece
	for len(pcm) > longest {
		at := pause(pcm[least:longest]) + least
		pieces = append(pieces, padded(pcm[:at]))
		pcm = pcm[at:]
	}
	return append(pieces, padded(pcm))
}

// pause returns the middle of the quietest stretch of pcm; of equally quiet
// ones, the last.
func pause(pcm []int16) int {
	best, at := int64(math.MaxInt64), len(pcm)
	e := energy(pcm[:quiet])
	for i := 0; ; i += hop {
		if e <= best {
			best, at = e, i+quiet/2
		}
		if i+hop+quiet > len(pcm) {
			return at
		}
		e += energy(pcm[i+quiet:i+quiet+hop]) - energy(pcm[i:i+hop])
	}
}

// padded is pcm as the model wants it.
func padded(pcm []int16) piece {
	p := make(piece, lead+len(pcm)+tail)
	for i, s := range pcm {
		p[lead+i] = float32(s) / 32768
	}
	return p
}
