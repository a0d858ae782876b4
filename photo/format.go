package photo

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/webp"
)

// Format is what a file is, told by its first bytes.
type Format string

// The formats that are read.
const (
	JPEG Format = "jpeg"
	PNG  Format = "png"
	WebP Format = "webp"
	// HEIC is read where a [Converter] is.
	HEIC Format = "heic"
)

// readStep is how many bytes a decoder gets before the deadline is looked at
// again. A few bytes of JPEG or PNG can mean millions of pixels, so it is small.
const readStep = 512

// head is what a file says of itself before it is decoded.
type head struct {
	format        Format
	width, height int
	deep          bool // 16 bits a channel, so twice the memory
}

// cost is the pixels that decoding takes memory for.
func (h head) cost() int64 {
	pixels := int64(h.width) * int64(h.height)
	if h.deep {
		pixels *= 2
	}
	return pixels
}

// inspect finds out what the file is and how large a picture it claims to hold.
func inspect(data []byte) (head, error) {
	format, err := sniff(data)
	if err != nil {
		return head{}, err
	}
	h := head{format: format}
	var config image.Config
	switch format {
	case JPEG:
		config, err = jpeg.DecodeConfig(bytes.NewReader(data))
	case PNG:
		config, err = png.DecodeConfig(bytes.NewReader(data))
	case WebP:
		config.Width, config.Height, err = webpSize(data)
	case HEIC:
		config.Width, config.Height, err = heicSize(data)
	}
	if refused := new(refusal); errors.As(err, &refused) {
		return head{}, err
	}
	if err != nil || config.Width <= 0 || config.Height <= 0 {
		return head{}, broken(err)
	}
	h.width, h.height = config.Width, config.Height
	switch config.ColorModel {
	case color.RGBA64Model, color.NRGBA64Model, color.Gray16Model:
		h.deep = true
	}
	return h, nil
}

func broken(err error) error {
	return refuse(ErrBroken, err, "the photo is broken or was not sent to its end; send it again")
}

// sniff tells the format by the first bytes.
func sniff(data []byte) (Format, error) {
	at := func(offset int, sign string) bool {
		return len(data) >= offset+len(sign) && string(data[offset:offset+len(sign)]) == sign
	}
	switch {
	case at(0, "\xff\xd8\xff"):
		return JPEG, nil
	case at(0, "\x89PNG\r\n\x1a\n"):
		return PNG, nil
	case at(0, "RIFF") && at(8, "WEBP"):
		return WebP, nil
	case at(4, "ftyp"):
		for _, brand := range []string{"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"} {
			if at(8, brand) {
				return HEIC, nil
			}
		}
		if at(8, "avif") {
			return "", refuse(ErrUnsupported, nil, "this is an AVIF photo, which is not read here; send it as JPEG")
		}
	case at(0, "GIF8"), at(0, "BM"), at(0, "II*\x00"), at(0, "MM\x00*"):
		return "", refuse(ErrUnsupported, nil, "photos of this kind are not read here; send it as JPEG, PNG or WebP")
	}
	return "", refuse(ErrNotPhoto, nil, "this is not a photo; send a JPEG, PNG or WebP")
}

// decode decodes the file. The work ends soon after ctx does.
func (h head) decode(ctx context.Context, data []byte) (img image.Image, err error) {
	r := &steps{ctx: ctx, data: data}
	switch h.format {
	case JPEG:
		img, err = jpeg.Decode(r)
	case PNG:
		img, err = png.Decode(r)
	case WebP:
		img, err = webp.Decode(r)
	}
	if err != nil {
		return nil, broken(err)
	}
	return img, nil
}

// steps hands bytes out in small steps until its context ends.
type steps struct {
	ctx  context.Context
	data []byte
}

func (s *steps) Read(p []byte) (int, error) {
	if s.ctx.Err() != nil {
		return 0, context.Cause(s.ctx)
	}
	if len(s.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), readStep)], s.data)
	s.data = s.data[n:]
	return n, nil
}

// webpSize is the larger of the sizes that the parts of a WebP file claim: the
// canvas says one thing, and what is decoded goes by what the frame says
// (RFC 9649, sections 2.7, 2.5 and 3.4). A moving picture is refused.
func webpSize(data []byte) (width, height int, err error) {
	frames := 0
	err = webpChunks(data, func(id string, body []byte) error {
		switch {
		case id == "VP8X" && len(body) >= 10:
			if body[0]&2 != 0 {
				return refuse(ErrUnsupported, nil, "this is a moving picture; send a still photo")
			}
			width = max(width, 1+(int(body[4])|int(body[5])<<8|int(body[6])<<16))
			height = max(height, 1+(int(body[7])|int(body[8])<<8|int(body[9])<<16))
		case id == "VP8 " && len(body) >= 10:
			frames++
			width = max(width, int(binary.LittleEndian.Uint16(body[6:])&0x3fff))
			height = max(height, int(binary.LittleEndian.Uint16(body[8:])&0x3fff))
		case id == "VP8L" && len(body) >= 5:
			frames++
			bits := binary.LittleEndian.Uint32(body[1:])
			width = max(width, 1+int(bits&0x3fff))
			height = max(height, 1+int(bits>>14&0x3fff))
		}
		return nil
	})
	if err == nil && frames == 0 {
		err = errors.New("it holds no frame")
	}
	return width, height, err
}

// webpChunks calls f for each chunk of a WebP file, of which the last may be cut.
func webpChunks(data []byte, f func(id string, body []byte) error) error {
	for rest := data[12:]; len(rest) >= 8; {
		id, size := string(rest[:4]), int64(binary.LittleEndian.Uint32(rest[4:]))
		body := rest[8:]
		if err := f(id, body[:min(size, int64(len(body)))]); err != nil {
			return err
		}
		rest = body[min(size+size&1, int64(len(body))):]
	}
	return nil
}
