// Package local recognises speech on this machine, with Moonshine models run by
// sherpa-onnx (https://github.com/k2-fsa/sherpa-onnx). The model of choice is
// Moonshine tiny, which understands English only.
package local

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	sherpa "github.com/k2-fsa/sherpa-onnx-go/sherpa_onnx"

	"parley/asr"
	"parley/internal/native"
)

var (
	// ErrBusy is the answer to a partial utterance when there is no slot to spare,
	// and to any utterance when too many wait already.
	ErrBusy = errors.New("asr/local: all recognisers are busy")
	// ErrClosed is the answer of a closed recogniser.
	ErrClosed = errors.New("asr/local: closed")
)

// Options says which model to load and how much of the machine it may use.
type Options struct {
	// Dir holds encoder_model.ort, decoder_model_merged.ort and tokens.txt.
	Dir string
	// Threads is the number of threads of one recognition; 0 means 1. More gain
	// nothing, because the model is small, and on a busy machine they wait for each
	// other by spinning: two took three to five times as long as one.
	Threads int
	// Parallel is the number of recognitions that run at once; 0 means 2. Partial
	// utterances leave one of them free for final ones.
	Parallel int
	// Queue is the number of final utterances that may wait; 0 means 64.
	Queue int
}

// Recognizer is a loaded model. It implements [asr.Recognizer].
type Recognizer struct {
	pool   *native.Pool
	decode func(samples []float32) string // safe for several goroutines at once
	free   func()
	known  *memory
}

var _ asr.Recognizer = (*Recognizer)(nil)

// Load reads the model from o.Dir, which takes some tenths of a second. The
// caller closes the recogniser when it is no longer needed.
func Load(o Options) (*Recognizer, error) {
	encoder := filepath.Join(o.Dir, "encoder_model.ort")
	decoder := filepath.Join(o.Dir, "decoder_model_merged.ort")
	tokens := filepath.Join(o.Dir, "tokens.txt")
	// sherpa-onnx ends the whole process when a file is missing.
	for _, name := range []string{encoder, decoder, tokens} {
		if err := readable(name); err != nil {
			return nil, fmt.Errorf("loading the recogniser: %w", err)
		}
	}
	c := sherpa.OfflineRecognizerConfig{DecodingMethod: "greedy_search"}
	c.FeatConfig.SampleRate = asr.Rate
	c.FeatConfig.FeatureDim = 80
	c.ModelConfig.Moonshine.Encoder = encoder
	c.ModelConfig.Moonshine.MergedDecoder = decoder
	c.ModelConfig.Tokens = tokens
	c.ModelConfig.NumThreads = max(o.Threads, 1)
	c.ModelConfig.Provider = "cpu"
	model := sherpa.NewOfflineRecognizer(&c)
	if model == nil {
		return nil, fmt.Errorf("loading the recogniser: sherpa-onnx refuses the model in %s", o.Dir)
	}
	decode := func(samples []float32) string {
		stream := sherpa.NewOfflineStream(model)
		defer sherpa.DeleteOfflineStream(stream)
		stream.AcceptWaveform(asr.Rate, samples)
		model.Decode(stream)
		return stream.GetResult().Text
	}
	return newRecognizer(o, decode, func() { sherpa.DeleteOfflineRecognizer(model) }), nil
}

func newRecognizer(o Options, decode func([]float32) string, free func()) *Recognizer {
	if o.Parallel == 0 {
		o.Parallel = 2
	}
	if o.Queue == 0 {
		o.Queue = 64
	}
	return &Recognizer{
		pool:   native.NewPool(o.Parallel, o.Queue),
		decode: decode,
		free:   free,
		known:  newMemory(),
	}
}

// readable says whether name is a file that has something in it.
func readable(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() == 0 {
		return fmt.Errorf("%s is not a model file", name)
	}
	return nil
}

// Transcribe implements [asr.Recognizer]. Sound without anything loud enough to
// be speech, or shorter than 100 ms, gives no text, and so does what the model
// is known to make up for noise. A partial utterance that finds no slot to spare
// fails with ErrBusy, and so does a partial one of several pieces that is under
// way when a final one has to wait. The model gives no language.
func (r *Recognizer) Transcribe(ctx context.Context, u asr.Utterance) (asr.Transcript, error) {
	if ctx.Err() != nil {
		return asr.Transcript{}, context.Cause(ctx)
	}
	if len(u.PCM) < shortest || !audible(u.PCM) {
		return asr.Transcript{}, nil
	}
	// All samples are copied now: the native call may outlive this one, and the
	// caller's memory is not ours after that.
	pieces := cut(u.PCM)
	done := make(chan result, 1)
	work := func() { done <- r.recognise(ctx, pieces, u.Partial) }
	var err error
	if u.Partial {
		err = r.pool.TryStart(work)
	} else {
		err = r.pool.Start(ctx, time.Time{}, work)
	}
	if err != nil {
		return asr.Transcript{}, translate(err)
	}
	select {
	case res := <-done:
		return asr.Transcript{Text: res.text}, res.err
	case <-ctx.Done():
		return asr.Transcript{}, context.Cause(ctx)
	}
}

// Close refuses further utterances, waits for the native calls that still run
// (each takes some hundred milliseconds at most) and frees the model. It must be
// called once.
func (r *Recognizer) Close() error {
	r.pool.Close()
	r.free()
	return nil
}

type result struct {
	text string
	err  error
}

// recognise runs in a goroutine of the pool.
func (r *Recognizer) recognise(ctx context.Context, pieces []piece, partial bool) result {
	texts := make([]string, 0, len(pieces))
	for i, p := range pieces {
		if ctx.Err() != nil {
			return result{err: context.Cause(ctx)}
		}
		if partial && i > 0 && r.pool.Waiting() > 0 {
			return result{err: ErrBusy}
		}
		// A long utterance is recognised again and again while it grows, and its
		// finished pieces stay what they were.
		last := i == len(pieces)-1
		var key digest
		if !last {
			key = p.digest()
			if text, ok := r.known.get(key); ok {
				texts = append(texts, text)
				continue
			}
		}
		text := r.understand(p)
		if !last {
			r.known.put(key, text)
		}
		if text != "" {
			texts = append(texts, text)
		}
	}
	return result{text: strings.Join(texts, " ")}
}

// understand recognises one piece. Where the model repeats itself without end,
// it gets a second chance with a little more silence in front, which is enough
// to take it elsewhere.
func (r *Recognizer) understand(p piece) string {
	text := r.decode(p)
	if !looped(text) {
		return clean(text)
	}
	again := r.decode(append(make(piece, lead), p...))
	if looped(again) {
		return clean(unloop(text))
	}
	return clean(again)
}

// translate turns the pool's errors into this package's.
func translate(err error) error {
	switch {
	case errors.Is(err, native.ErrFull):
		return ErrBusy
	case errors.Is(err, native.ErrClosed):
		return ErrClosed
	}
	return err
}

// shortest is 100 ms: no word is shorter.
const shortest = asr.Rate / 10

// audible says whether any 20 ms of pcm are louder than -60 dB of full scale.
// Speech into a bad microphone is 20 dB above that.
func audible(pcm []int16) bool {
	const frame = asr.Rate / 50
	threshold := math.Pow(10, -60.0/20) * 32768
	limit := int64(threshold*threshold) * frame
	for len(pcm) > 0 {
		n := min(frame, len(pcm))
		if energy(pcm[:n]) > limit {
			return true
		}
		pcm = pcm[n:]
	}
	return false
}

// energy is the sum of the squares of pcm.
func energy(pcm []int16) int64 {
	var e int64
	for _, s := range pcm {
		e += int64(s) * int64(s)
	}
	return e
}
