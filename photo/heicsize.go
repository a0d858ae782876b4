package photo

import (
	"encoding/binary"
	"errors"
)

// heicSize is the largest of the sizes that a HEIC file claims for what is in it: a
// picture in tiles has one for each and one for the whole (ISO/IEC 23008-12, 6.5.3).
func heicSize(data []byte) (width, height int, err error) {
	meta := box(data, "meta")
	if len(meta) < 4 {
		return 0, 0, errors.New("it describes no picture")
	}
	properties := box(box(meta[4:], "iprp"), "ipco") // after meta's version and flags
	err = boxes(properties, func(kind string, body []byte) {
		if kind != "ispe" || len(body) < 12 {
			return
		}
		w, h := int64(binary.BigEndian.Uint32(body[4:])), int64(binary.BigEndian.Uint32(body[8:]))
		if w*h > int64(width)*int64(height) || width == 0 {
			width, height = int(min(w, maxSide)), int(min(h, maxSide))
		}
	})
	if err == nil && (width == 0 || height == 0) {
		err = errors.New("it names no size")
	}
	return width, height, err
}

// maxSide keeps sizes such that their product does not overflow.
const maxSide = 1 << 24

// box is the body of the first box of a kind, nil for none.
func box(data []byte, kind string) (found []byte) {
	_ = boxes(data, func(k string, body []byte) { // what is broken ends the search
		if k == kind && found == nil {
			found = body
		}
	})
	return found
}

// boxes calls f for each box in data, of which the last may be cut (ISO/IEC 14496-12,
// 4.2).
func boxes(data []byte, f func(kind string, body []byte)) error {
	for len(data) >= 8 {
		size, head := uint64(binary.BigEndian.Uint32(data)), uint64(8)
		switch size {
		case 0: // to the end
			size = uint64(len(data))
		case 1:
			if len(data) < 16 {
				return errors.New("a box is cut")
			}
			size, head = binary.BigEndian.Uint64(data[8:]), 16
		}
		if size < head {
			return errors.New("a box is smaller than its head")
		}
		end := min(size, uint64(len(data)))
		f(string(data[4:8]), data[head:end])
		data = data[end:]
	}
	return nil
}
