package opus

import (
	"errors"
	"fmt"
)

// maxTraps is how often the packets of one state may trap the module before the
// state is refused: a trap costs every state of the instance its memory of the
// past (an inaudible to slight disturbance) and half a millisecond.
const maxTraps = 3

// state is the block of one encoder or decoder in the memory of an instance. It
// belongs to one goroutine.
type state struct {
	lib *Library
	in  *instance
	ptr uint64

	// encoder says which of the two it is.
	encoder bool

	// set prepares the block at ptr; the instance is locked.
	set func(in *instance, ptr uint64) error

	traps  int
	closed bool
}

// lock returns the instance of s, locked. When that one is gone because it
// trapped, s is set up anew in another.
func (s *state) lock() (*instance, error) {
	if s.closed {
		return nil, errors.New("opus: used after Close")
	}
	for range 2 {
		s.in.mu.Lock()
		gone := s.in.gone
		if gone == nil {
			return s.in, nil
		}
		s.in.mu.Unlock()
		if errors.Is(gone, ErrClosed) {
			return nil, gone
		}
		if s.traps >= maxTraps {
			return nil, fmt.Errorf("opus: refused after %d traps: %w", s.traps, gone)
		}
		if err := s.lib.attach(s); err != nil {
			return nil, fmt.Errorf("replacing a lost Opus state: %w", err)
		}
	}
	return nil, errors.New("opus: two WebAssembly instances were lost in a row")
}

// size is the length of the block in bytes.
func (s *state) size(in *instance) uint64 {
	if s.encoder {
		return in.encoderSize
	}
	return in.decoderSize
}

// enter allocates and prepares the block in an instance that is locked.
func (s *state) enter(in *instance) error {
	p, err := in.allocate(s.size(in))
	if err != nil {
		return err
	}
	if err := s.set(in, uint64(p)); err != nil {
		if in.gone == nil {
			_, _ = in.call(in.free, uint64(p))
		}
		return err
	}
	s.in, s.ptr = in, uint64(p)
	return nil
}

// trapped counts an error that lost the instance against the state whose packet
// caused it.
func (s *state) trapped(in *instance, err error) error {
	if in.gone != nil {
		s.traps++
		s.lib.log.Warn("a WebAssembly instance of Opus was lost and is replaced", "err", err, "traps", s.traps)
	}
	return err
}

// Close frees the block. Closing twice, or after the library, is no error.
func (s *state) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	return s.lib.detach(s)
}
