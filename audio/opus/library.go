package opus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"

	"parley/audio"
)

var (
	// ErrClosed is returned by everything that is used after Library.Close.
	ErrClosed = errors.New("opus: the library is closed")

	// ErrNotReady is returned by NewEncoder and NewRecording while libopus is
	// still being compiled. [Library.Ready] waits for that.
	ErrNotReady = errors.New("opus: libopus is still being compiled")

	// errIdle is why an instance without states was closed.
	errIdle = errors.New("opus: not needed any more")
)

const (
	// crowd is how many states an instance has before another is made, as long as
	// there are fewer than instancesPerCPU for each processor. A goroutine that
	// loses its processor while it holds an instance delays the others there, so
	// they are spread wider than the number of processors alone asks for.
	crowd           = 16
	instancesPerCPU = 4
)

// Library is libopus as WebAssembly, compiled once, and the instances of it that
// the encoders and decoders of all conversations share. Its methods, and the
// functions of its Codec, may be called from any goroutine.
type Library struct {
	log *slog.Logger

	// compiled is closed when compiling ended, well or not; err and the fields up
	// to mu are set before and only read after.
	compiled chan struct{}
	err      error
	runtime  wazero.Runtime
	cache    wazero.CompilationCache
	module   wazero.CompiledModule

	mu        sync.Mutex
	closed    bool
	instances []*instance
}

// Open starts compiling the wasm file at wasmPath in the background and returns
// at once. The machine code is kept in cacheDir, which is made when it is
// missing, so that the next start takes milliseconds; with an empty cacheDir it
// is not kept. Whoever can write to cacheDir can run code in this process.
func Open(wasmPath, cacheDir string, log *slog.Logger) *Library {
	l := &Library{log: log, compiled: make(chan struct{})}
	go func() {
		defer close(l.compiled)
		start := time.Now()
		if l.err = l.compile(wasmPath, cacheDir); l.err != nil {
			l.err = fmt.Errorf("preparing Opus: %w", l.err)
			log.Error("Opus cannot be used", "err", l.err)
			return
		}
		log.Info("Opus is ready", "took", time.Since(start).Round(time.Millisecond))
	}()
	return l
}

// Ready waits until encoders can be made, and says why they never can when the
// wasm file is missing or wrong.
func (l *Library) Ready(ctx context.Context) error {
	select {
	case <-l.compiled:
	case <-ctx.Done():
		return fmt.Errorf("waiting for Opus: %w", context.Cause(ctx))
	}
	return l.state()
}

// state says without waiting whether encoders can be made.
func (l *Library) state() error {
	select {
	case <-l.compiled:
	default:
		return ErrNotReady
	}
	if l.err != nil {
		return l.err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	return nil
}

// Codec returns Opus as the rest of the program knows it. NewHearing works at
// once; the other two need Ready. What NewEncoder returns is an *[Encoder].
func (l *Library) Codec() audio.Codec {
	return audio.Codec{
		Name:      "opus",
		ClockRate: 48000,
		Silence:   []byte(silence),
		Pause:     []byte(pause),
		NewEncoder: func() (audio.Encoder, error) {
			e := &Encoder{state: state{lib: l, encoder: true}}
			e.set = e.setUp
			if err := l.attach(&e.state); err != nil {
				return nil, err
			}
			return e, nil
		},
		NewHearing:   func() (audio.Decoder, error) { return newHearing(l) },
		NewRecording: l.newRecording,
	}
}

// newRecording makes a decoder of libopus.
func (l *Library) newRecording() (audio.Decoder, error) {
	d := &recording{state: state{lib: l}}
	d.set = d.setUp
	if err := l.attach(&d.state); err != nil {
		return nil, err
	}
	return d, nil
}

// Close waits for the compiler and frees everything. Encoders and decoders that
// are still in use return ErrClosed from then on.
func (l *Library) Close() error {
	<-l.compiled
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	for _, in := range l.instances {
		// The lock waits for a call that is under way.
		in.mu.Lock()
		in.retire(ErrClosed)
		in.mu.Unlock()
	}
	l.instances = nil
	var errs []error
	if l.runtime != nil {
		errs = append(errs, l.runtime.Close(context.Background()))
	}
	if l.cache != nil {
		errs = append(errs, l.cache.Close(context.Background()))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("closing Opus: %w", err)
	}
	return nil
}

// attach finds an instance for s and sets s up in it.
func (l *Library) attach(s *state) error {
	if err := l.state(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	l.instances = slices.DeleteFunc(l.instances, func(in *instance) bool {
		in.mu.Lock()
		defer in.mu.Unlock()
		return in.gone != nil
	})
	slices.SortFunc(l.instances, func(a, b *instance) int { return a.states - b.states })
	roomy := len(l.instances) > 0 && l.instances[0].states < crowd
	if roomy || len(l.instances) >= instancesPerCPU*runtime.GOMAXPROCS(0) {
		// The emptiest has the most room.
		in := l.instances[0]
		if err := l.enter(s, in); !errors.Is(err, errFull) {
			return err
		}
	}
	in, err := l.instantiate()
	if err != nil {
		return fmt.Errorf("making another instance of Opus: %w", err)
	}
	l.instances = append(l.instances, in)
	return l.enter(s, in)
}

// enter sets s up in an instance.
func (l *Library) enter(s *state, in *instance) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if err := s.enter(in); err != nil {
		return err
	}
	in.states++
	return nil
}

// detach frees what s has, and the instance when it was the last there.
func (l *Library) detach(s *state) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	in := s.in
	in.mu.Lock()
	defer in.mu.Unlock()
	in.states--
	if in.gone != nil {
		return nil
	}
	if in.states == 0 && len(l.instances) > 1 {
		in.retire(errIdle)
		l.instances = slices.DeleteFunc(l.instances, func(other *instance) bool { return other == in })
		return nil
	}
	if _, err := in.call(in.free, s.ptr); err != nil {
		return fmt.Errorf("freeing an Opus state: %w", err)
	}
	return nil
}
