package models

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// onnxGraph builds an ONNX file: nodes in the order in which they run, and the
// weights that they name. The numbers of fields and types are those of
// onnx.proto3 (https://github.com/onnx/onnx, IR version 8).
type onnxGraph struct {
	nodes, weights []byte
}

// What onnx.proto3 calls the types that are used.
const (
	onnxFloat      = 1  // TensorProto.FLOAT
	onnxInt        = 2  // AttributeProto.INT
	onnxInts       = 7  // AttributeProto.INTS
	onnxString     = 3  // AttributeProto.STRING
	onnxIRVersion  = 8  // of the file
	onnxOperations = 13 // the operator set
)

// onnxAttribute says how an operator works: an int, some ints or a string.
type onnxAttribute struct {
	name  string
	value any
}

// node adds an operator and returns the name of its one output.
func (g *onnxGraph) node(operator, output string, inputs []string, attributes ...onnxAttribute) string {
	var body []byte
	for _, input := range inputs {
		body = appendField(body, 1, input)
	}
	body = appendField(body, 2, output)
	body = appendField(body, 3, output) // its own name
	body = appendField(body, 4, operator)
	for _, a := range attributes {
		attribute := appendField(nil, 1, a.name)
		switch v := a.value.(type) {
		case int:
			attribute = appendNumber(attribute, 3, v)
			attribute = appendNumber(attribute, 20, onnxInt)
		case string:
			attribute = appendField(attribute, 4, v)
			attribute = appendNumber(attribute, 20, onnxString)
		case []int:
			for _, n := range v {
				attribute = appendNumber(attribute, 8, n)
			}
			attribute = appendNumber(attribute, 20, onnxInts)
		}
		body = appendField(body, 5, string(attribute))
	}
	g.nodes = appendField(g.nodes, 1, string(body))
	return output
}

// weight adds a tensor and returns its name.
func (g *onnxGraph) weight(name string, shape []int, values []float32) string {
	var body []byte
	for _, n := range shape {
		body = appendNumber(body, 1, n)
	}
	body = appendNumber(body, 2, onnxFloat)
	body = appendField(body, 8, name)
	raw := make([]byte, 0, 4*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	body = appendField(body, 9, string(raw))
	g.weights = appendField(g.weights, 5, string(body))
	return name
}

// file is the ONNX file of a graph with one input and one output. A size of 0
// in a shape is free.
func (g *onnxGraph) file(name, input string, inputShape []int, output string, outputShape []int) []byte {
	graph := appendField(g.nodes, 2, name)
	graph = append(graph, g.weights...)
	graph = appendField(graph, 11, string(onnxValue(input, inputShape)))
	graph = appendField(graph, 12, string(onnxValue(output, outputShape)))

	out := appendNumber(nil, 1, onnxIRVersion)
	out = appendField(out, 7, string(graph))
	return appendField(out, 8, string(appendNumber(nil, 2, onnxOperations)))
}

// onnxValue is a ValueInfoProto.
func onnxValue(name string, shape []int) []byte {
	var dims []byte
	for _, n := range shape {
		dim := appendField(nil, 2, "n")
		if n > 0 {
			dim = appendNumber(nil, 1, n)
		}
		dims = appendField(dims, 1, string(dim))
	}
	tensor := appendField(appendNumber(nil, 1, onnxFloat), 2, string(dims))
	return appendField(appendField(nil, 1, name), 2, string(appendField(nil, 1, string(tensor))))
}

// appendNumber appends a protobuf field that holds a whole number.
func appendNumber(to []byte, number protowire.Number, value int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(to, number, protowire.VarintType), uint64(value))
}
