package silero

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto),
// only those on the way to a tensor of floats.
const (
	modelGraph = 7 // ModelProto.graph

	graphInitializer = 5 // GraphProto.initializer

	tensorDims      = 1 // TensorProto.dims
	tensorDataType  = 2 // TensorProto.data_type
	tensorFloatData = 4 // TensorProto.float_data
	tensorName      = 8 // TensorProto.name
	tensorRawData   = 9 // TensorProto.raw_data

	elemFloat = 1 // TensorProto.DataType.FLOAT
)

// Bounds on what is read, far above what the model needs.
const (
	maxTensors = 256
	maxDims    = 8
)

// tensor is one initialiser: its name, shape and values in row-major order.
type tensor struct {
	name string
	dims []int64
	data []float32
}

// readTensors returns the float initialisers of the main graph of an ONNX model
// by name. It reads nothing else, so it says nothing about whether the rest of
// the model makes sense. Memory is bounded by the length of model.
func readTensors(model []byte) (map[string]tensor, error) {
	out := make(map[string]tensor)
	err := eachField(model, func(num protowire.Number, typ protowire.Type, v []byte) error {
		if num != modelGraph || typ != protowire.BytesType {
			return nil
		}
		return eachField(v, func(num protowire.Number, typ protowire.Type, v []byte) error {
			if num != graphInitializer || typ != protowire.BytesType {
				return nil
			}
			t, float, err := readTensor(v)
			if err != nil {
				return fmt.Errorf("reading initialiser %q: %w", t.name, err)
			}
			if !float {
				return nil
			}
			if len(out) == maxTensors {
				return fmt.Errorf("more than %d initialisers", maxTensors)
			}
			out[t.name] = t
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// readTensor reads a TensorProto; float says whether it holds 32-bit floats (if
// not, only its name is filled in).
func readTensor(msg []byte) (t tensor, float bool, err error) {
	var elem uint64
	var packed []byte
	err = eachField(msg, func(num protowire.Number, typ protowire.Type, v []byte) error {
		switch {
		case num == tensorName && typ == protowire.BytesType:
			t.name = string(v[:min(len(v), 200)])
		case num == tensorDataType && typ == protowire.VarintType:
			elem, _ = protowire.ConsumeVarint(v)
		case num == tensorDims: // repeated int64: one at a time, or packed
			for len(v) > 0 {
				d, n := protowire.ConsumeVarint(v)
				if n < 0 {
					return fmt.Errorf("a dimension: %w", protowire.ParseError(n))
				}
				if len(t.dims) == maxDims {
					return fmt.Errorf("more than %d dimensions", maxDims)
				}
				t.dims = append(t.dims, int64(d))
				v = v[n:]
			}
		case (num == tensorRawData || num == tensorFloatData) && typ == protowire.BytesType:
			packed = v // both are little-endian 32-bit floats, one after another
		}
		return nil
	})
	if err != nil || elem != elemFloat {
		return t, false, err
	}
	size := int64(1)
	for _, d := range t.dims {
		if d <= 0 || d > int64(len(packed)) || size > int64(len(packed))/d {
			return t, true, fmt.Errorf("shape %v does not fit %d bytes of values", t.dims, len(packed))
		}
		size *= d
	}
	if int64(len(packed)) != 4*size {
		return t, true, fmt.Errorf("shape %v wants %d bytes of values, there are %d", t.dims, 4*size, len(packed))
	}
	t.data = make([]float32, size)
	for i := range t.data {
		v := math.Float32frombits(binary.LittleEndian.Uint32(packed[4*i:]))
		if v != v || math.IsInf(float64(v), 0) {
			return t, true, errors.New("a value is not a finite number")
		}
		t.data[i] = v
	}
	return t, true, nil
}

// eachField calls f with each field of a message: the content of a
// length-delimited field, the encoded number of any other.
func eachField(msg []byte, f func(protowire.Number, protowire.Type, []byte) error) error {
	for len(msg) > 0 {
		num, typ, n := protowire.ConsumeTag(msg)
		if n < 0 {
			return fmt.Errorf("not a protobuf message: %w", protowire.ParseError(n))
		}
		msg = msg[n:]
		n = protowire.ConsumeFieldValue(num, typ, msg)
		if n < 0 {
			return fmt.Errorf("not a protobuf message: field %d: %w", num, protowire.ParseError(n))
		}
		v := msg[:n]
		if typ == protowire.BytesType {
			v, _ = protowire.ConsumeBytes(v)
		}
		if err := f(num, typ, v); err != nil {
			return err
		}
		msg = msg[n:]
	}
	return nil
}
