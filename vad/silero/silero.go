// Package silero judges whether sound is speech with the Silero VAD network,
// version 6, at 16 kHz, computed in Go.
//
// # The network
//
// It is read from silero_vad_16k_op15.onnx of the silero-vad package
// (https://github.com/snakers4/silero-vad, MIT), whose graph and
// tinygrad_model.py describe it. For each window of 512 samples:
//
//  1. The last 64 samples of the window before stand in front of it, and its own
//     last 64 samples, mirrored, behind it: 640 samples.
//  2. Four frames of 256 samples, 128 apart, under a Hann window, give the
//     magnitudes of 129 frequencies each. (The model holds the transform as a
//     convolution. [Load] checks that it is the Fourier transform, and a fast
//     one takes its place: 264,000 multiplications less.)
//  3. Four convolutions over time, three taps wide, each followed by max(0, x):
//     129→128 channels, 128→64 and 64→64 with a step of 2, 64→128. Four frames
//     become two, then one, so that of the last layer only the middle tap counts
//     and of the third only two.
//  4. A recurrent cell (LSTM) of 128 units, which is all the memory there is.
//  5. max(0, x), a weighted sum and a sigmoid give the probability.
package silero

import (
	"fmt"
	"io"
	"math"
	"os"

	"parley/vad"
	"parley/vad/internal/fft"
)

const (
	contextLen = 64             // samples of the window before
	mirrorLen  = 64             // samples mirrored behind
	frameLen   = 256            // samples in a frame
	frameStep  = 128            // samples from frame to frame
	frames     = 4              // frames in a window
	bins       = frameLen/2 + 1 // frequencies
	binsPadded = 136            // bins, rounded up for the kernels
	units      = 128            // of the recurrent cell
	maxFile    = 16 << 20       // bytes; the file has 1.3 million
	basisError = 1e-5           // how far the model's transform may be off
	heardLen   = contextLen + vad.Window
	framedLen  = heardLen + mirrorLen
)

// Model is the network's weights. It never changes: any number of goroutines
// and detectors share one.
type Model struct {
	gemv   gemv
	plan   *fft.Plan
	hann   [frameLen]float64
	conv   [4]layer
	cell   layer // rows: input, forget, cell and output gates; columns: input, then state
	out    [units]float32
	outAdd float32
}

// layer is a matrix with one row for each output, and what is added to each.
// The columns of a convolution are the channels of its first tap, then those of
// the second and so on, so that a patch of frames stored one after another is
// the vector to multiply with.
type layer struct {
	w, bias []float32
	columns int
}

// Load reads the network from the ONNX file at path.
func Load(path string) (*Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("loading the Silero model: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("loading the Silero model from %s: %w", path, err)
	}
	if len(raw) > maxFile {
		return nil, fmt.Errorf("loading the Silero model from %s: the file has more than %d bytes", path, maxFile)
	}
	m, err := parse(raw)
	if err != nil {
		return nil, fmt.Errorf("loading the Silero model from %s: %w", path, err)
	}
	return m, nil
}

// parse makes a Model of an ONNX file.
func parse(raw []byte) (*Model, error) {
	tensors, err := readTensors(raw)
	if err != nil {
		return nil, err
	}
	get := func(name string, dims ...int64) []float32 {
		if err != nil {
			return nil
		}
		t, ok := tensors[name]
		if !ok {
			err = fmt.Errorf("it has no weights named %s: this is not silero_vad_16k_op15.onnx", name)
			return nil
		}
		if fmt.Sprint(t.dims) != fmt.Sprint(dims) {
			err = fmt.Errorf("%s has the shape %v, not %v", name, t.dims, dims)
			return nil
		}
		return t.data
	}
	basis := get("model.stft.forward_basis_buffer", 2*bins, 1, frameLen)
	var weights, biases [4][]float32
	for i, s := range [4][2]int64{{128, bins}, {64, 128}, {64, 64}, {128, 64}} {
		name := fmt.Sprintf("model.encoder.%d.reparam_conv.", i)
		weights[i] = get(name+"weight", s[0], s[1], 3)
		biases[i] = get(name+"bias", s[0])
	}
	fromInput := get("model.decoder.rnn.weight_ih", 4*units, units)
	fromState := get("model.decoder.rnn.weight_hh", 4*units, units)
	addInput := get("model.decoder.rnn.bias_ih", 4*units)
	addState := get("model.decoder.rnn.bias_hh", 4*units)
	out := get("model.decoder.decoder.2.weight", 1, units, 1)
	outAdd := get("model.decoder.decoder.2.bias", 1)
	if err != nil {
		return nil, err
	}

	m := &Model{gemv: fastestGemv(), outAdd: outAdd[0]}
	copy(m.out[:], out)
	if m.plan, err = fft.New(frameLen); err != nil {
		return nil, err
	}
	for i := range m.hann {
		m.hann[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/frameLen)
	}
	if err := m.checkBasis(basis); err != nil {
		return nil, err
	}
	// Taps that only ever meet the zeros around the window are left out.
	m.conv[0] = convolution(weights[0], biases[0], bins, binsPadded, 0, 3)
	m.conv[1] = convolution(weights[1], biases[1], 128, 128, 0, 3)
	m.conv[2] = convolution(weights[2], biases[2], 64, 64, 1, 3)
	m.conv[3] = convolution(weights[3], biases[3], 64, 64, 1, 2)
	m.cell = layer{columns: 2 * units, bias: make([]float32, 4*units)}
	for i := range 4 * units {
		m.cell.w = append(m.cell.w, fromInput[i*units:(i+1)*units]...)
		m.cell.w = append(m.cell.w, fromState[i*units:(i+1)*units]...)
		m.cell.bias[i] = addInput[i] + addState[i]
	}
	return m, nil
}

// checkBasis says whether the model's first convolution is the Fourier
// transform that stands in for it: the cosines of all frequencies, then the
// negative sines, under the Hann window.
func (m *Model) checkBasis(basis []float32) error {
	for k := range bins {
		for i := range frameLen {
			sin, cos := math.Sincos(2 * math.Pi * float64(k*i%frameLen) / frameLen)
			re, im := basis[k*frameLen+i], basis[(bins+k)*frameLen+i]
			if math.Abs(float64(re)-m.hann[i]*cos) > basisError || math.Abs(float64(im)+m.hann[i]*sin) > basisError {
				return fmt.Errorf("its first layer is not the Fourier transform (frequency %d, sample %d)", k, i)
			}
		}
	}
	return nil
}

// convolution lays the taps from first to before last of weights (outputs ×
// channels × 3) out as rows, with each tap's channels padded with zeros.
func convolution(weights, bias []float32, channels, padded, first, last int) layer {
	l := layer{bias: bias, columns: (last - first) * padded}
	l.w = make([]float32, len(bias)*l.columns)
	for o := range bias {
		for tap := first; tap < last; tap++ {
			for c := range channels {
				l.w[o*l.columns+(tap-first)*padded+c] = weights[(o*channels+c)*3+tap]
			}
		}
	}
	return l
}

// New returns a detector for one conversation. It holds about 25 kB and shares
// the weights.
func (m *Model) New() vad.Detector { return m.newDetector() }
