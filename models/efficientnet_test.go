package models

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestInOrder(t *testing.T) {
	storage := []float32{9, 0, 1, 2, 3, 4, 5}
	tests := []struct {
		name         string
		offset       int
		size, stride []int
		want         []float32
	}{
		{"in order", 1, []int{2, 3}, []int{3, 1}, []float32{0, 1, 2, 3, 4, 5}},
		{"turned", 1, []int{3, 2}, []int{1, 3}, []float32{0, 3, 1, 4, 2, 5}},
		{"one number", 0, nil, nil, []float32{9}},
		{"past the end", 2, []int{2, 3}, []int{3, 1}, nil},
		{"before the start", -1, []int{1}, []int{1}, nil},
		{"no numbers", 0, []int{0}, []int{1}, nil},
		{"backwards", 6, []int{2}, []int{-1}, nil},
		{"far more than there is", 0, []int{1 << 16, 1 << 16, 1 << 16, 1 << 16}, []int{0, 0, 0, 0}, nil},
		{"sizes without strides", 0, []int{2}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := inOrder(storage, tt.offset, tt.size, tt.stride)
			if (err == nil) != (tt.want != nil) || !slices.Equal(got, tt.want) {
				t.Errorf("got %v, %v; want %v", got, err, tt.want)
			}
		})
	}
}

// tiny is EfficientNet-lite0 with two channels everywhere.
func tiny() map[string]tensor {
	weights := make(map[string]tensor)
	layer := func(convolution, norm string, shape ...int) {
		values := make([]float32, shape[0]*shape[1]*shape[2]*shape[3])
		for i := range values {
			values[i] = float32(i)
		}
		weights[convolution+".weight"] = tensor{shape: shape, values: values}
		for name, v := range map[string]float32{"weight": 3, "bias": 1, "running_mean": 2, "running_var": 9 - normEpsilon} {
			weights[norm+"."+name] = tensor{shape: []int{shape[0]}, values: slices.Repeat([]float32{v}, shape[0])}
		}
	}
	layer("_conv_stem", "_bn0", 2, 3, 3, 3)
	for i := range efficientnetBlocks() {
		block := fmt.Sprintf("_blocks.%d.", i)
		if i > 0 {
			layer(block+"_expand_conv", block+"_bn0", 2, 2, 1, 1)
		}
		layer(block+"_depthwise_conv", block+"_bn1", 2, 1, 3, 3)
		layer(block+"_project_conv", block+"_bn2", 2, 2, 1, 1)
	}
	layer("_conv_head", "_bn1", 2, 2, 1, 1)
	return weights
}

func TestEfficientnet(t *testing.T) {
	net := &efficientnet{weights: tiny()}
	file := net.build()
	if net.err != nil {
		t.Fatal(net.err)
	}
	// γ/√(σ²+ε) is 1, so weights stay and the bias is β−μ = −1.
	var folded onnxGraph
	folded.weight("_conv_head.weight", []int{2, 2, 1, 1}, []float32{0, 1, 2, 3})
	folded.weight("_conv_head.bias", []int{2}, []float32{-1, -1})
	if !bytes.Contains(file, folded.weights) {
		t.Error("the head's weights are not folded with its normalisation")
	}
	// Where nothing shrinks, what goes into a block is added to what comes out.
	if got := strings.Count(string(file), "sum\"\x03Add"); got != 12 {
		t.Errorf("%d blocks add, want 12 of 16", got)
	}
	for _, change := range []func(map[string]tensor){
		func(w map[string]tensor) { delete(w, "_conv_stem.weight") },
		func(w map[string]tensor) { delete(w, "_blocks.7._bn1.running_var") },
		func(w map[string]tensor) { w["_bn1.bias"] = tensor{shape: []int{1}, values: []float32{0}} },
	} {
		weights := tiny()
		change(weights)
		broken := &efficientnet{weights: weights}
		if broken.build(); broken.err == nil {
			t.Error("built without all weights")
		}
	}
}
