package silero

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// field, message and number build protobuf by hand.
func field(num protowire.Number, content ...[]byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), message(content...))
}

func message(content ...[]byte) (out []byte) {
	for _, c := range content {
		out = append(out, c...)
	}
	return out
}

func number(num protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, num, protowire.VarintType), v)
}

func floats(v ...float32) (out []byte) {
	for _, f := range v {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(f))
	}
	return out
}

// model wraps initialisers in a graph and a model, between other fields.
func model(tensors ...[]byte) []byte {
	graph := field(2, []byte("torch_jit"))
	for _, t := range tensors {
		graph = append(graph, field(graphInitializer, t)...)
	}
	return message(number(1, 8), field(2, []byte("pytorch")), field(modelGraph, graph), number(99, 1))
}

func TestReadTensors(t *testing.T) {
	name := field(tensorName, []byte("w"))
	kind := number(tensorDataType, elemFloat)
	values := field(tensorRawData, floats(1, 2, 3, 4, 5, 6))
	packedDims := field(tensorDims, protowire.AppendVarint(protowire.AppendVarint(nil, 2), 3))
	dims := message(number(tensorDims, 2), number(tensorDims, 3))
	tests := []struct {
		name   string
		model  []byte
		errors string // part of the error; empty when w has the six values
	}{
		{"raw data", model(message(dims, kind, name, values)), ""},
		{"packed dimensions, other order", model(message(values, name, packedDims, kind)), ""},
		{"float data", model(message(dims, kind, name, field(tensorFloatData, floats(1, 2, 3, 4, 5, 6)))), ""},
		{"after an integer tensor", model(message(number(tensorDims, 9), number(tensorDataType, 7)), message(dims, kind, name, values)), ""},
		{"too few values", model(message(dims, kind, name, field(tensorRawData, floats(1, 2, 3, 4, 5)))), "shape"},
		{"too many values", model(message(dims, kind, name, field(tensorRawData, floats(1, 2, 3, 4, 5, 6, 7)))), "wants 24 bytes"},
		{"a huge shape", model(message(number(tensorDims, 1<<40), number(tensorDims, 1<<40), kind, name, values)), "shape"},
		{"a negative dimension", model(message(number(tensorDims, math.MaxUint64), kind, name, values)), "shape"},
		{"no dimension left", model(message(number(tensorDims, 0), kind, name, values)), "shape"},
		{"many dimensions", model(message(field(tensorDims, make([]byte, 9)), kind, name, values)), "dimensions"},
		{"not a number", model(message(number(tensorDims, 1), kind, name, field(tensorRawData, floats(float32(math.NaN()))))), "finite"},
		{"cut short", model(message(dims, kind, name, values))[:60], "field 7"},
		{"a page of HTML", []byte("<!DOCTYPE html><html>not found</html>"), "protobuf"},
		{"a broken dimension", model(message(field(tensorDims, []byte{0x80}), kind, name, values)), "a dimension"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readTensors(tt.model)
			if tt.errors != "" {
				if err == nil || !strings.Contains(err.Error(), tt.errors) {
					t.Fatalf("the error is %v, want one about %q", err, tt.errors)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			w := got["w"]
			if len(got) != 1 || len(w.dims) != 2 || w.dims[0] != 2 || w.dims[1] != 3 || len(w.data) != 6 || w.data[5] != 6 {
				t.Fatalf("got %+v", got)
			}
		})
	}
}

func TestReadTensorsIsBounded(t *testing.T) {
	var tensors [][]byte
	for range maxTensors + 1 {
		tensors = append(tensors, message(number(tensorDims, 1), number(tensorDataType, elemFloat),
			field(tensorName, protowire.AppendVarint(nil, uint64(len(tensors)))), field(tensorRawData, floats(1))))
	}
	if _, err := readTensors(model(tensors...)); err == nil {
		t.Error("no end of initialisers")
	}
	if got, err := readTensors(model(tensors[1:]...)); err != nil || len(got) != maxTensors {
		t.Errorf("%d initialisers, %v", len(got), err)
	}
}

func FuzzReadTensors(f *testing.F) {
	one := message(number(tensorDims, 2), number(tensorDataType, elemFloat), field(tensorName, []byte("w")), field(tensorRawData, floats(1, 2)))
	f.Add(model(one))
	f.Add(model(one, message(field(tensorDims, []byte{2, 3}))))
	f.Add([]byte("<html>"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		tensors, err := readTensors(raw)
		if err != nil {
			return
		}
		total := 0
		for name, tensor := range tensors {
			size := int64(1)
			for _, d := range tensor.dims {
				size *= d
			}
			if name != tensor.name || size != int64(len(tensor.data)) || size <= 0 {
				t.Fatalf("%q has the shape %v and %d values", name, tensor.dims, len(tensor.data))
			}
			total += 4 * len(tensor.data)
		}
		if total > len(raw) {
			t.Fatalf("%d bytes became %d", len(raw), total)
		}
		if _, err := parse(raw); err == nil {
			t.Fatal("a network out of nothing")
		}
	})
}
