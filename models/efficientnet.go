package models

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/nlpodyssey/gopickle/pytorch"
	"github.com/nlpodyssey/gopickle/types"
)

const (
	efficientnetWeights = "efficientnet-lite0.pth"
	efficientnetFile    = "efficientnet-lite0.onnx"
	efficientnetSide    = 224  // pixels of its square input
	efficientnetFeature = 1280 // numbers that say what a picture shows

	// normEpsilon is EfficientNet's, which is not PyTorch's default.
	normEpsilon = 1e-3
)

// convertEfficientnet makes of EfficientNet-lite0's weights as PyTorch saves
// them an ONNX file that gives the 1280 numbers before the classifier.
func convertEfficientnet(folder *os.Root) error {
	weights, err := loadTensors(filepath.Join(folder.Name(), efficientnetWeights))
	if err != nil {
		return fmt.Errorf("reading the weights: %w", err)
	}
	net := &efficientnet{weights: weights}
	file := net.build()
	if net.err != nil {
		return fmt.Errorf("building the network: %w", net.err)
	}
	if err := folder.WriteFile(efficientnetFile, file, 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", efficientnetFile, err)
	}
	if err := folder.Remove(efficientnetWeights); err != nil {
		return fmt.Errorf("removing the weights: %w", err)
	}
	return nil
}

// tensor is weights in C order.
type tensor struct {
	shape  []int
	values []float32
}

// loadTensors reads the tensors of floats from a file that PyTorch saved: a
// dictionary of them by name. Nothing that the file says is run.
func loadTensors(path string) (map[string]tensor, error) {
	loaded, err := pytorch.Load(path)
	if err != nil {
		return nil, err
	}
	dict, ok := loaded.(*types.OrderedDict)
	if !ok {
		return nil, fmt.Errorf("it holds a %T, not a dictionary", loaded)
	}
	tensors := make(map[string]tensor, dict.Len())
	for key, entry := range dict.Map {
		name, isName := key.(string)
		t, isTensor := entry.Value.(*pytorch.Tensor)
		if !isName || !isTensor {
			return nil, fmt.Errorf("%v is a %T, not a tensor", key, entry.Value)
		}
		floats, ok := t.Source.(*pytorch.FloatStorage)
		if !ok {
			continue // counters
		}
		values, err := inOrder(floats.Data, t.StorageOffset, t.Size, t.Stride)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		tensors[name] = tensor{shape: t.Size, values: values}
	}
	return tensors, nil
}

// inOrder copies a tensor out of its storage, last dimension fastest, whatever
// the order in which it lies there.
func inOrder(storage []float32, offset int, size, stride []int) ([]float32, error) {
	if len(size) != len(stride) {
		return nil, fmt.Errorf("it has %d sizes and %d strides", len(size), len(stride))
	}
	count, last := 1, offset
	for i, n := range size {
		if n < 1 || n > 1<<16 || stride[i] < 0 || stride[i] > 1<<24 || count > 1<<26 {
			return nil, fmt.Errorf("its sizes %v and strides %v are out of range", size, stride)
		}
		count *= n
		last += (n - 1) * stride[i]
	}
	if offset < 0 || count > len(storage) || last >= len(storage) {
		return nil, errors.New("it lies outside its storage")
	}
	values := make([]float32, 0, count)
	var walk func(dimension, at int)
	walk = func(dimension, at int) {
		if dimension == len(size) {
			values = append(values, storage[at])
			return
		}
		for range size[dimension] {
			walk(dimension+1, at)
			at += stride[dimension]
		}
	}
	walk(0, offset)
	return values, nil
}

// efficientnet builds the network. The first error stays.
type efficientnet struct {
	weights map[string]tensor
	graph   onnxGraph
	err     error
}

// efficientnetBlocks are the strides of the inverted residual blocks (Tan and
// Le, arXiv:1905.11946, table 1; lite0 has neither squeeze-and-excitation nor
// swish). All other sizes are in the weights' shapes.
func efficientnetBlocks() []int {
	return []int{1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1}
}

func (n *efficientnet) build() []byte {
	n.graph.weight("zero", nil, []float32{0})
	n.graph.weight("six", nil, []float32{6})
	x := n.clip(n.convolve("image", "_conv_stem", "_bn0", 2))
	for i, stride := range efficientnetBlocks() {
		block := fmt.Sprintf("_blocks.%d.", i)
		y := x
		in := n.channels(block+"_depthwise_conv", 0)
		if _, expands := n.weights[block+"_expand_conv.weight"]; expands {
			in = n.channels(block+"_expand_conv", 1)
			y = n.clip(n.convolve(y, block+"_expand_conv", block+"_bn0", 1))
		}
		y = n.clip(n.convolve(y, block+"_depthwise_conv", block+"_bn1", stride))
		y = n.convolve(y, block+"_project_conv", block+"_bn2", 1)
		if stride == 1 && in == n.channels(block+"_project_conv", 0) {
			y = n.graph.node("Add", block+"sum", []string{x, y})
		}
		x = y
	}
	x = n.clip(n.convolve(x, "_conv_head", "_bn1", 1))
	x = n.graph.node("GlobalAveragePool", "pooled", []string{x})
	n.graph.node("Flatten", "features", []string{x})
	return n.graph.file("efficientnet-lite0", "image", []int{0, 3, efficientnetSide, efficientnetSide},
		"features", []int{0, efficientnetFeature})
}

func (n *efficientnet) fail(format string, args ...any) {
	n.err = errors.Join(n.err, fmt.Errorf(format, args...))
}

// channels is one of a convolution's sizes: 0 what it gives, 1 what it takes.
func (n *efficientnet) channels(convolution string, which int) int {
	shape := n.weights[convolution+".weight"].shape
	if len(shape) != 4 {
		n.fail("%s has no weights of four dimensions", convolution)
		return 0
	}
	return shape[which]
}

// convolve adds a convolution with the batch normalisation that follows it
// folded in: w·γ/√(σ²+ε) and β−μ·γ/√(σ²+ε).
func (n *efficientnet) convolve(input, convolution, norm string, stride int) string {
	w := n.weights[convolution+".weight"]
	out := n.channels(convolution, 0)
	gamma, beta := n.weights[norm+".weight"].values, n.weights[norm+".bias"].values
	mean, variance := n.weights[norm+".running_mean"].values, n.weights[norm+".running_var"].values
	if out == 0 || len(gamma) != out || len(beta) != out || len(mean) != out || len(variance) != out {
		n.fail("%s and %s do not fit", convolution, norm)
		return ""
	}
	folded, bias := make([]float32, len(w.values)), make([]float32, out)
	each := len(w.values) / out
	for c := range out {
		scale := float64(gamma[c]) / math.Sqrt(float64(variance[c])+normEpsilon)
		for i := c * each; i < (c+1)*each; i++ {
			folded[i] = float32(float64(w.values[i]) * scale)
		}
		shift := float64(float64(mean[c]) * scale) // rounded here, so that every processor gives the same file
		bias[c] = float32(float64(beta[c]) - shift)
	}
	group := 1
	if w.shape[1] == 1 { // one filter a channel
		group = out
	}
	return n.graph.node("Conv", convolution, []string{
		input,
		n.graph.weight(convolution+".weight", w.shape, folded),
		n.graph.weight(convolution+".bias", []int{out}, bias),
	},
		onnxAttribute{"auto_pad", "SAME_UPPER"}, // as TensorFlow pads, where the weights come from
		onnxAttribute{"group", group},
		onnxAttribute{"kernel_shape", w.shape[2:]},
		onnxAttribute{"strides", []int{stride, stride}},
	)
}

// clip adds ReLU6.
func (n *efficientnet) clip(input string) string {
	return n.graph.node("Clip", input+".clip", []string{input, "zero", "six"})
}
