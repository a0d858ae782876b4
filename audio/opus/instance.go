package opus

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/tetratelabs/wazero/api"
)

// The exported functions of the wasm module that are used.
const (
	fnMalloc         = "malloc"
	fnFree           = "free"
	fnEncoderGetSize = "opus_encoder_get_size"
	fnEncoderInit    = "opus_encoder_init"
	fnEncoderSet     = "opus_encoder_ctl_set"
	fnEncode         = "opus_encode"
	fnDecoderGetSize = "opus_decoder_get_size"
	fnDecoderInit    = "opus_decoder_init"
	fnDecode         = "opus_decode"
)

// exports lists them with the number of their parameters.
func exports() map[string]int {
	return map[string]int{
		fnMalloc: 1, fnFree: 1,
		fnEncoderGetSize: 1, fnEncoderInit: 4, fnEncoderSet: 3, fnEncode: 5,
		fnDecoderGetSize: 1, fnDecoderInit: 3, fnDecode: 6,
	}
}

// errFull says that an instance has no room for another state.
var errFull = errors.New("the WebAssembly memory is full")

// scratchSamples is the room in samples for PCM on its way in or out.
const scratchSamples = maxSamples

// instance is one instantiated wasm module: a memory of 16 MiB and the functions
// that work on it. Every method but lock wants mu held.
type instance struct {
	mu sync.Mutex

	// gone says why the instance cannot be used any more: it trapped, or the
	// library was closed. Its states are lost then.
	gone error

	// states is how many encoders and decoders live here. Guarded by the
	// library's mutex, not by mu.
	states int

	mod    api.Module
	memory api.Memory

	malloc, free, encoderInit, encoderSet, encode, decoderInit, decode api.Function

	encoderSize, decoderSize uint64

	// stack carries the arguments and the result of a call, so that calls do not
	// allocate.
	stack [6]uint64

	// pcm and packet are scratch areas in the module's memory.
	pcm, packet uint32
}

// newInstance wraps a module that has the functions of exports.
func newInstance(mod api.Module) (*instance, error) {
	in := &instance{
		mod:         mod,
		memory:      mod.Memory(),
		malloc:      mod.ExportedFunction(fnMalloc),
		free:        mod.ExportedFunction(fnFree),
		encoderInit: mod.ExportedFunction(fnEncoderInit),
		encoderSet:  mod.ExportedFunction(fnEncoderSet),
		encode:      mod.ExportedFunction(fnEncode),
		decoderInit: mod.ExportedFunction(fnDecoderInit),
		decode:      mod.ExportedFunction(fnDecode),
	}
	const channels = 1
	size, err := in.call(mod.ExportedFunction(fnEncoderGetSize), channels)
	if err != nil {
		return nil, err
	}
	in.encoderSize = uint64(size)
	if size, err = in.call(mod.ExportedFunction(fnDecoderGetSize), channels); err != nil {
		return nil, err
	}
	in.decoderSize = uint64(size)
	if in.pcm, err = in.allocate(2 * scratchSamples); err != nil {
		return nil, err
	}
	if in.packet, err = in.allocate(maxPacket); err != nil {
		return nil, err
	}
	return in, nil
}

// call runs f. An error means that the module trapped: the instance is gone.
func (in *instance) call(f api.Function, args ...uint64) (int32, error) {
	copy(in.stack[:], args)
	if err := f.CallWithStack(context.Background(), in.stack[:]); err != nil {
		// What the module's memory holds is no longer to be trusted, for any state.
		in.retire(fmt.Errorf("libopus trapped: %w", err))
		return 0, in.gone
	}
	return int32(uint32(in.stack[0])), nil
}

// retire gives the instance up for the reason given.
func (in *instance) retire(reason error) {
	if in.gone != nil {
		return
	}
	in.gone = reason
	if err := in.mod.Close(context.Background()); err != nil {
		in.gone = errors.Join(reason, fmt.Errorf("closing the instance: %w", err))
	}
}

// allocate takes size bytes of the module's memory.
func (in *instance) allocate(size uint64) (uint32, error) {
	p, err := in.call(in.malloc, size)
	if err != nil {
		return 0, err
	}
	if p == 0 {
		return 0, errFull
	}
	return uint32(p), nil
}

// putPCM copies samples into the scratch area.
func (in *instance) putPCM(pcm []int16) error {
	b, ok := in.memory.Read(in.pcm, uint32(2*len(pcm)))
	if !ok || len(pcm) > scratchSamples {
		return fmt.Errorf("%d samples do not fit", len(pcm))
	}
	for i, s := range pcm {
		binary.LittleEndian.PutUint16(b[2*i:], uint16(s))
	}
	return nil
}

// appendPCM appends n samples of the scratch area to dst.
func (in *instance) appendPCM(dst []int16, n int) ([]int16, error) {
	b, ok := in.memory.Read(in.pcm, uint32(2*n))
	if !ok || n > scratchSamples {
		return dst, fmt.Errorf("%d samples cannot be read", n)
	}
	for ; len(b) >= 2; b = b[2:] {
		dst = append(dst, int16(binary.LittleEndian.Uint16(b)))
	}
	return dst, nil
}

// failure names the error codes of libopus (opus_defines.h).
func failure(code int32) error {
	switch code {
	case -1:
		return errors.New("libopus: bad argument")
	case -2:
		return errors.New("libopus: buffer too small")
	case -3:
		return errors.New("libopus: internal error")
	case -4:
		return fmt.Errorf("%w: its frames are corrupt", ErrMalformed)
	case -5:
		return errors.New("libopus: not implemented")
	case -6:
		return errors.New("libopus: invalid state")
	case -7:
		return errors.New("libopus: out of memory")
	default:
		return fmt.Errorf("libopus: error %d", code)
	}
}
