package smartturn

import (
	"math"

	"parley/vad"
	"parley/vad/internal/fft"
)

// The features are those of Whisper (A. Radford and others, "Robust speech
// recognition via large-scale weak supervision", 2022), as transformers'
// WhisperFeatureExtractor(chunk_length=8) makes them with do_normalize=True, and
// as Pipecat, which trains and ships the model, feeds them to it.
const (
	seconds  = 8
	samples  = seconds * vad.Rate // the model hears no more and no less
	frameLen = 400                // samples in a frame: 25 ms
	hop      = 160                // samples from frame to frame: 10 ms
	frames   = samples / hop      // the one after the last is computed by others and dropped
	bins     = frameLen/2 + 1     // frequencies
	mels     = 80

	varianceFloor = 1e-7  // added to the variance that the sound is divided by
	powerFloor    = 1e-10 // below the logarithm
	range10       = 8     // decades of power below the loudest that are told apart
)

// melBank turns sound into features. It never changes: goroutines share it, each
// with its own melRoom.
type melBank struct {
	plan    *fft.Plan
	hann    [frameLen]float64
	filters [mels]filter
}

// filter is one triangle over the frequencies: weights for bins from first on.
type filter struct {
	first   int
	weights []float64
}

// melRoom is the working room of one computation.
type melRoom struct {
	sound      [samples + frameLen]float64 // normalised, mirrored at both ends
	fft1, fft2 [frameLen]complex128
	power      [2][bins]float64
}

func newMelBank() (*melBank, error) {
	plan, err := fft.New(frameLen)
	if err != nil {
		return nil, err
	}
	b := &melBank{plan: plan}
	for i := range b.hann {
		b.hann[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/frameLen)
	}
	// Each triangle rises from the centre of the one before to its own and falls
	// to that of the next; the centres are evenly spaced in mel. All have the same
	// area (M. Slaney, Auditory Toolbox, 1998).
	var centre [mels + 2]float64
	top := hertzToMel(vad.Rate / 2)
	for i := range centre {
		centre[i] = melToHertz(top * float64(i) / (mels + 1))
	}
	for i := range b.filters {
		f := &b.filters[i]
		low, mid, high := centre[i], centre[i+1], centre[i+2]
		for k := range bins {
			hz := float64(k) * vad.Rate / frameLen
			w := min((hz-low)/(mid-low), (high-hz)/(high-mid))
			if w <= 0 {
				continue
			}
			if f.weights == nil {
				f.first = k
			}
			f.weights = append(f.weights, w*2/(high-low))
		}
	}
	return b, nil
}

// The mel scale of Slaney's Auditory Toolbox: linear to 1 kHz, which is 15 mel,
// and logarithmic above, where 27 mel are a factor of 6.4.
func hertzToMel(hz float64) float64 {
	if hz < 1000 {
		return hz * 15 / 1000
	}
	return 15 + math.Log(hz/1000)*27/math.Log(6.4)
}

func melToHertz(mel float64) float64 {
	if mel < 15 {
		return mel * 1000 / 15
	}
	return 1000 * math.Exp((mel-15)*math.Log(6.4)/27)
}

// features writes the log-mel features of the last 8 s of pcm to dst: mels rows
// of frames values. Shorter sound stands at the end, after silence, as it did
// when the model was trained.
func (b *melBank) features(dst []float32, pcm []int16, room *melRoom) {
	dst = dst[:mels*frames]
	pcm = pcm[max(0, len(pcm)-samples):]
	padding := samples - len(pcm)

	// The whole 8 s, silence included, gets mean 0 and variance 1.
	var sum, squares int64
	for _, v := range pcm {
		sum += int64(v)
		squares += int64(v) * int64(v)
	}
	mean := float64(sum) / samples
	variance := float64(squares)/samples - mean*mean
	scale := 1 / math.Sqrt(variance+varianceFloor*32768*32768)
	const edge = frameLen / 2 // a frame is centred on its time
	sound := room.sound[edge:][:samples]
	for i := range padding {
		sound[i] = -mean * scale
	}
	for i, v := range pcm {
		sound[padding+i] = (float64(v) - mean) * scale
	}
	for i := range edge {
		room.sound[edge-1-i] = sound[i+1]
		room.sound[edge+samples+i] = sound[samples-2-i]
	}

	// Frames wholly in the silence in front are all the same; one is enough.
	same := max(0, (padding-edge)/hop)
	loudest := math.Inf(-1)
	for t := max(0, same-1) &^ 1; t < frames; t += 2 {
		b.powers(room, t)
		for m := range b.filters {
			f := &b.filters[m]
			var p0, p1 float64
			for k, w := range f.weights {
				p0 += w * room.power[0][f.first+k]
				p1 += w * room.power[1][f.first+k]
			}
			l0, l1 := math.Log10(max(p0, powerFloor)), math.Log10(max(p1, powerFloor))
			loudest = max(loudest, l0, l1)
			dst[m*frames+t], dst[m*frames+t+1] = float32(l0), float32(l1)
		}
	}
	if same > 0 {
		from := (same - 1) &^ 1
		for m := range mels {
			row := dst[m*frames:][:frames]
			for t := range from {
				row[t] = row[from]
			}
		}
	}
	floor := float32(loudest - range10)
	for i, v := range dst {
		dst[i] = (max(v, floor) + 4) / 4
	}
}

// powers fills room.power with the power spectra of frames t and t+1.
func (b *melBank) powers(room *melRoom, t int) {
	x, y := room.sound[t*hop:][:frameLen], room.sound[(t+1)*hop:][:frameLen]
	for i, w := range b.hann {
		room.fft1[i] = complex(x[i]*w, y[i]*w)
	}
	z := b.plan.Transform(room.fft1[:], room.fft2[:])
	for k := range bins {
		room.power[0][k], room.power[1][k] = fft.Power2(z[k], z[(frameLen-k)%frameLen])
	}
}
