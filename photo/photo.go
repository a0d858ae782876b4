// Package photo makes a photo that a stranger sent safe to use: bounded before
// it is decoded, known by its content and not by what it is called, upright,
// small, and without the place and the device that cameras write into it.
package photo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"time"
)

// quality of the JPEG that is kept; at 85 no finder's answers change.
const quality = 85

// Limits bound what an [Intake] takes. The zero value of a field is its default.
type Limits struct {
	Bytes    int           // of the file; 10 MB
	Pixels   int           // that the file claims to hold; 40 million
	Time     time.Duration // for one photo, waiting included; 10 s
	Side     int           // longest side of what is kept, in pixels; 1024
	Parallel int           // photos decoded at once; 2, as each may take 500 MB for a moment
}

func (l Limits) orDefault() Limits {
	set := func(n *int, to int) {
		if *n <= 0 {
			*n = to
		}
	}
	set(&l.Bytes, 10<<20)
	set(&l.Pixels, 40_000_000)
	set(&l.Side, 1024)
	set(&l.Parallel, 2)
	if l.Time <= 0 {
		l.Time = 10 * time.Second
	}
	return l
}

// Photo is a checked photo. It does not change.
type Photo struct {
	hash string
	jpeg []byte
	img  *image.RGBA
	from Format
}

// Hash is the SHA-256 of the photo's JPEG, as 64 lower-case hexadecimal digits.
func (p *Photo) Hash() string { return p.hash }

// JPEG is the photo, upright, without metadata. The caller must not write to it.
func (p *Photo) JPEG() []byte { return p.jpeg }

// Image is the photo's pixels, opaque. The caller must not write to it.
func (p *Photo) Image() *image.RGBA { return p.img }

// Size is the photo's width and height in pixels.
func (p *Photo) Size() (width, height int) { return p.img.Rect.Dx(), p.img.Rect.Dy() }

// From says what the photo came as.
func (p *Photo) From() Format { return p.from }

// Intake takes photos. Any number of goroutines may use it; it starts none.
type Intake struct {
	limits Limits
	slots  chan struct{}
	heic   Converter
}

// Converter makes JPEG of HEIC files. It is safe for many goroutines.
type Converter interface {
	// Convert makes an upright JPEG of a file whose claims have been looked at. It ends
	// with ctx.
	Convert(ctx context.Context, data []byte) (jpeg []byte, err error)
}

// NewIntake returns an intake with the limits, which refuses HEIC.
func NewIntake(l Limits) *Intake { return NewIntakeWith(l, nil) }

// NewIntakeWith returns an intake that reads HEIC as well.
func NewIntakeWith(l Limits, heic Converter) *Intake {
	l = l.orDefault()
	return &Intake{limits: l, slots: make(chan struct{}, l.Parallel), heic: heic}
}

// Read takes a photo from r, of which it reads at most one byte more than it may
// have. The error wraps [ErrTooLarge], [ErrNotPhoto], [ErrUnsupported],
// [ErrBroken] or [ErrTooSlow], and then [Say] has plain words for it, or else
// what r returned.
func (in *Intake) Read(ctx context.Context, r io.Reader) (*Photo, error) {
	data, err := io.ReadAll(io.LimitReader(r, int64(in.limits.Bytes)+1))
	if err != nil {
		return nil, fmt.Errorf("reading a photo: %w", err)
	}
	return in.Take(ctx, data)
}

// Take takes a photo from the bytes of its file, which it neither keeps nor
// changes. The errors are those of [Intake.Read], or ctx's cause.
func (in *Intake) Take(ctx context.Context, data []byte) (*Photo, error) {
	if len(data) > in.limits.Bytes {
		return nil, refuse(ErrTooLarge, nil, "the photo is larger than %d MB; send a smaller one", in.limits.Bytes>>20)
	}
	head, err := in.admit(data)
	if err != nil {
		return nil, err
	}
	timed, cancel := context.WithTimeoutCause(ctx, in.limits.Time, errTime)
	defer cancel()
	select {
	case in.slots <- struct{}{}:
		defer func() { <-in.slots }()
	case <-timed.Done():
		return nil, stopped(timed)
	}
	from, held := head.format, orientation(head.format, data)
	if from == HEIC {
		if data, err = in.heic.Convert(timed, data); err == nil {
			head, err = in.admit(data)
		}
		if timed.Err() != nil {
			return nil, stopped(timed)
		}
		if err == nil && head.format != JPEG {
			err = fmt.Errorf("it became %s", head.format)
		}
		if err != nil {
			return nil, refuse(ErrBroken, err, "this HEIC photo cannot be read here; send it as JPEG")
		}
	}
	full, err := head.decode(timed, data)
	if timed.Err() != nil {
		return nil, stopped(timed)
	}
	if err != nil {
		return nil, err
	}
	return finish(upright(shrink(full, in.limits.Side), held), from)
}

// admit looks at what a file claims to be, before anything is decoded.
func (in *Intake) admit(data []byte) (head, error) {
	if format, err := sniff(data); err == nil && format == HEIC && in.heic == nil {
		return head{}, refuse(ErrUnsupported, nil, "HEIC photos cannot be read here; send it as JPEG "+
			"(on an iPhone: Settings, Camera, Formats, Most Compatible)")
	}
	head, err := inspect(data)
	if err != nil {
		return head, err
	}
	if head.cost() > int64(in.limits.Pixels) {
		return head, refuse(ErrTooLarge, nil, "the photo has %d × %d pixels, more than %d million; send a smaller one",
			head.width, head.height, in.limits.Pixels/1_000_000)
	}
	return head, nil
}

// finish packs the picture.
func finish(img *image.RGBA, from Format) (*Photo, error) {
	var packed bytes.Buffer
	if err := jpeg.Encode(&packed, img, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("packing a photo as JPEG: %w", err)
	}
	sum := sha256.Sum256(packed.Bytes())
	return &Photo{hash: hex.EncodeToString(sum[:]), jpeg: packed.Bytes(), img: img, from: from}, nil
}

// errTime is the cause of a photo's own deadline.
var errTime = errors.New("the photo's time is over")

func stopped(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, errTime) {
		return fmt.Errorf("reading a photo: %w", cause)
	}
	return refuse(ErrTooSlow, nil, "reading the photo took too long; send a smaller one, as JPEG")
}
