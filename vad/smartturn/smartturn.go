// Package smartturn judges from the sound alone, melody and hesitation rather
// than words, whether a person has finished, with the Smart Turn v3 network
// (https://github.com/pipecat-ai/smart-turn, BSD-2) run by ONNX Runtime.
package smartturn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"parley/internal/onnx"
	"parley/vad"
)

// DefaultLibrary is the ONNX Runtime that sherpa-onnx has brought into the
// process.
const DefaultLibrary = onnx.DefaultLibrary

// ErrClosed is returned by Complete after Close.
var ErrClosed = errors.New("the turn model is closed")

// Options say how a model is run. The zero value is good.
type Options struct {
	// Library is the path of ONNX Runtime's shared library; DefaultLibrary when
	// empty. The first Load in a process decides for all.
	Library string
	// Parallel is how many judgements may be computed at once, each on one
	// processor core for some 60 ms; others wait. Half the cores when 0, so that
	// sound always has the other half.
	Parallel int
}

// Model judges turns. Any number of goroutines may use it.
type Model struct {
	bank    *melBank
	session *ort.DynamicAdvancedSession
	slots   chan *slot // those not in use
	made    int        // slots in all
	once    sync.Once
	closed  chan struct{}
}

var _ vad.TurnModel = (*Model)(nil)

// slot is what one judgement works with. ONNX Runtime reads and writes the
// tensors in Go's memory, which the pinner holds in place.
type slot struct {
	room   melRoom
	pinner runtime.Pinner
	input  *ort.Tensor[float32]
	output *ort.Tensor[float32]
	run    *ort.RunOptions
}

// Load reads the network from the ONNX file at path and tries it once. The error
// wraps fs.ErrNotExist when there is no such file. Whoever gets an error decides
// by silence alone.
func Load(path string, o Options) (*Model, error) {
	if o.Library == "" {
		o.Library = DefaultLibrary
	}
	if o.Parallel <= 0 {
		o.Parallel = max(1, runtime.NumCPU()/2)
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("loading the turn model: %w", err)
	}
	if err := onnx.Start(o.Library); err != nil {
		return nil, fmt.Errorf("loading the turn model: %w", err)
	}
	m := &Model{slots: make(chan *slot, o.Parallel), closed: make(chan struct{})}
	if err := m.open(path); err != nil {
		return nil, fmt.Errorf("loading the turn model from %s: %w", path, errors.Join(err, m.free()))
	}
	if _, err := m.Complete(context.Background(), nil); err != nil {
		return nil, fmt.Errorf("trying the turn model from %s: %w", path, errors.Join(err, m.free()))
	}
	return m, nil
}

// open makes the session and all slots.
func (m *Model) open(path string) error {
	var err error
	if m.bank, err = newMelBank(); err != nil {
		return err
	}
	options, err := ort.NewSessionOptions()
	if err != nil {
		return err
	}
	defer func() { _ = options.Destroy() }() // it fails only the second time
	// One thread a judgement: it never waits for another core, and no pool of
	// threads spins for work.
	err = errors.Join(
		options.SetIntraOpNumThreads(1),
		options.SetInterOpNumThreads(1),
		options.SetExecutionMode(ort.ExecutionModeSequential),
		options.SetGraphOptimizationLevel(ort.GraphOptimizationLevelEnableAll),
		// The model has weights of 8 bits. Processors without VNNI, such as EPYC before its
		// fourth generation, multiply those in 16 bits, which overflow, and the judgement is
		// another; ONNX Runtime then takes longer and is right
		// (kOrtSessionOptionsAvx2PrecisionMode in onnxruntime_session_options_config_keys.h).
		options.AddSessionConfigEntry("session.x64quantprecision", "1"),
	)
	if err != nil {
		return err
	}
	m.session, err = ort.NewDynamicAdvancedSession(path, []string{"input_features"}, []string{"logits"}, options)
	if err != nil {
		return err
	}
	for range cap(m.slots) {
		s := &slot{}
		m.slots <- s
		m.made++
		input, output := make([]float32, mels*frames), make([]float32, 1)
		s.pinner.Pin(&input[0])
		s.pinner.Pin(&output[0])
		if s.input, err = ort.NewTensor(ort.NewShape(1, mels, frames), input); err != nil {
			return err
		}
		if s.output, err = ort.NewTensor(ort.NewShape(1, 1), output); err != nil {
			return err
		}
		if s.run, err = ort.NewRunOptions(); err != nil {
			return err
		}
	}
	return nil
}

// Complete returns the probability in [0, 1] that whoever speaks in pcm, at
// [vad.Rate], has finished. Only the last 8 s count. pcm is not kept. When ctx
// ends, waiting or computing ends at once with ctx's cause; after Close, it is
// [ErrClosed].
func (m *Model) Complete(ctx context.Context, pcm []int16) (float32, error) {
	if ctx.Err() != nil {
		return 0, fmt.Errorf("judging a turn: %w", context.Cause(ctx))
	}
	select {
	case <-m.closed:
		return 0, fmt.Errorf("judging a turn: %w", ErrClosed)
	default:
	}
	select {
	case s := <-m.slots:
		defer func() { m.slots <- s }()
		return m.judge(ctx, s, pcm)
	case <-ctx.Done():
		return 0, fmt.Errorf("judging a turn: %w", context.Cause(ctx))
	case <-m.closed:
		return 0, fmt.Errorf("judging a turn: %w", ErrClosed)
	}
}

func (m *Model) judge(ctx context.Context, s *slot, pcm []int16) (float32, error) {
	m.bank.features(s.input.GetData(), pcm, &s.room)

	// A turn that goes on, or a caller who leaves, gives the core back early.
	over := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(over)
		_ = s.run.Terminate() // without it the judgement ends by itself
	})
	err := m.session.RunWithOptions([]ort.Value{s.input}, []ort.Value{s.output}, s.run)
	if !stop() {
		<-over
		if reset := s.run.UnsetTerminate(); reset != nil {
			err = errors.Join(err, reset)
		}
	}
	if ctx.Err() != nil {
		return 0, fmt.Errorf("judging a turn: %w", context.Cause(ctx))
	}
	if err != nil {
		return 0, fmt.Errorf("judging a turn: %w", err)
	}
	p := s.output.GetData()[0]
	if !(p >= 0 && p <= 1) {
		return 0, fmt.Errorf("judging a turn: the model says %v, which is no probability", p)
	}
	return p, nil
}

// Close waits for the judgements that are being computed, sends those that wait
// away with [ErrClosed], and frees the model. It may be called more than once.
func (m *Model) Close() error {
	var err error
	m.once.Do(func() {
		close(m.closed)
		err = m.free()
	})
	return err
}

// free takes every slot, which waits for those in use, and frees all.
func (m *Model) free() error {
	var errs []error
	for range m.made {
		s := <-m.slots
		if s.input != nil {
			errs = append(errs, s.input.Destroy())
		}
		if s.output != nil {
			errs = append(errs, s.output.Destroy())
		}
		if s.run != nil {
			errs = append(errs, s.run.Destroy())
		}
		s.pinner.Unpin()
	}
	if m.session != nil {
		errs = append(errs, m.session.Destroy())
	}
	return errors.Join(errs...)
}
