package match

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"runtime"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"parley/internal/onnx"
)

// What EfficientNet-lite0 takes and gives.
const (
	inputSide    = 224
	featureCount = 1280
)

// ErrClosed is returned after Close.
var ErrClosed = errors.New("the photo network is closed")

// Options say how a network is run. The zero value is good.
type Options struct {
	// Library is the path of ONNX Runtime's shared library; what sherpa-onnx has
	// brought into the process when empty.
	Library string
	// Parallel is how many views may be computed at once, each on one core; others
	// wait. Half the cores when 0, so that sound always has the other half.
	Parallel int
}

// Network turns views of photos into features. Any number of goroutines may use
// it; it starts none.
type Network struct {
	session *ort.DynamicAdvancedSession
	slots   chan *slot // those not in use
	made    int
	once    sync.Once
	closed  chan struct{}
}

// slot is what one view is computed with. ONNX Runtime reads and writes the
// tensors in Go's memory, which the pinner holds in place.
type slot struct {
	pinner runtime.Pinner
	input  *ort.Tensor[float32]
	output *ort.Tensor[float32]
	run    *ort.RunOptions
	view   *image.RGBA
}

// LoadNetwork reads EfficientNet-lite0 from the ONNX file at path. The error
// wraps fs.ErrNotExist when there is no such file.
func LoadNetwork(path string, o Options) (*Network, error) {
	if o.Library == "" {
		o.Library = onnx.DefaultLibrary
	}
	if o.Parallel <= 0 {
		o.Parallel = max(1, runtime.NumCPU()/2)
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("loading the photo network: %w", err)
	}
	if err := onnx.Start(o.Library); err != nil {
		return nil, fmt.Errorf("loading the photo network: %w", err)
	}
	n := &Network{slots: make(chan *slot, o.Parallel), closed: make(chan struct{})}
	if err := n.open(path); err != nil {
		return nil, fmt.Errorf("loading the photo network from %s: %w", path, errors.Join(err, n.free()))
	}
	return n, nil
}

func (n *Network) open(path string) error {
	options, err := ort.NewSessionOptions()
	if err != nil {
		return err
	}
	defer func() { _ = options.Destroy() }() // it fails only the second time
	err = errors.Join(
		options.SetIntraOpNumThreads(1),
		options.SetInterOpNumThreads(1),
		options.SetExecutionMode(ort.ExecutionModeSequential),
		options.SetGraphOptimizationLevel(ort.GraphOptimizationLevelEnableAll),
	)
	if err != nil {
		return err
	}
	if n.session, err = ort.NewDynamicAdvancedSession(path, []string{"image"}, []string{"features"}, options); err != nil {
		return err
	}
	for range cap(n.slots) {
		s := &slot{view: image.NewRGBA(image.Rect(0, 0, inputSide, inputSide))}
		n.slots <- s
		n.made++
		input, output := make([]float32, 3*inputSide*inputSide), make([]float32, featureCount)
		s.pinner.Pin(&input[0])
		s.pinner.Pin(&output[0])
		if s.input, err = ort.NewTensor(ort.NewShape(1, 3, inputSide, inputSide), input); err != nil {
			return err
		}
		if s.output, err = ort.NewTensor(ort.NewShape(1, featureCount), output); err != nil {
			return err
		}
		if s.run, err = ort.NewRunOptions(); err != nil {
			return err
		}
	}
	return nil
}

// features computes what one view of the picture shows: featureCount numbers.
// When ctx ends, waiting or computing ends at once with ctx's cause.
func (n *Network) features(ctx context.Context, img *image.RGBA, v view) ([]float32, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	select {
	case <-n.closed:
		return nil, ErrClosed
	default:
	}
	select {
	case s := <-n.slots:
		defer func() { n.slots <- s }()
		v.draw(s.view, img)
		fill(s.input.GetData(), s.view)
		return n.compute(ctx, s)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-n.closed:
		return nil, ErrClosed
	}
}

// fill lays a view out as the network wants it: red, green, blue, from −1 to 1
// (mean 0.498 and deviation 0.502, as the weights were trained).
func fill(input []float32, img *image.RGBA) {
	const plane = inputSide * inputSide
	for i := range plane {
		p := img.Pix[4*i:][:3]
		input[i] = (float32(p[0]) - 127) / 128
		input[plane+i] = (float32(p[1]) - 127) / 128
		input[2*plane+i] = (float32(p[2]) - 127) / 128
	}
}

func (n *Network) compute(ctx context.Context, s *slot) ([]float32, error) {
	over := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(over)
		_ = s.run.Terminate() // without it the view ends by itself
	})
	err := n.session.RunWithOptions([]ort.Value{s.input}, []ort.Value{s.output}, s.run)
	if !stop() {
		<-over
		err = errors.Join(err, s.run.UnsetTerminate())
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("computing a view: %w", err)
	}
	return append([]float32(nil), s.output.GetData()...), nil
}

// Close waits for what is being computed, sends those that wait away with
// [ErrClosed], and frees the network. It may be called more than once.
func (n *Network) Close() error {
	var err error
	n.once.Do(func() {
		close(n.closed)
		err = n.free()
	})
	return err
}

func (n *Network) free() error {
	var errs []error
	for range n.made {
		s := <-n.slots
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
	if n.session != nil {
		errs = append(errs, n.session.Destroy())
	}
	return errors.Join(errs...)
}
