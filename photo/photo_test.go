package photo

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// picture is a w × h picture whose left upper quarter is red.
func picture(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{R: 30, G: uint8(x), B: uint8(y), A: 255}
			if x < w/2 && y < h/2 {
				c = color.RGBA{R: 255, A: 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func asJPEG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// aWebP is a lossless WebP of one pixel, made by hand as RFC 9649 says: its size
// in 14 bits each, no alpha, version 0, no transform, no cache, no meta codes,
// then five simple prefix codes of one symbol each (green, red, blue, alpha,
// distance), so that a pixel takes no bits.
func aWebP(w, h int) []byte {
	var bits uint64
	var n uint
	var body []byte
	put := func(value uint64, size uint) {
		bits |= value << n
		for n += size; n >= 8; n -= 8 {
			body = append(body, byte(bits))
			bits >>= 8
		}
	}
	put(0x2f, 8)
	put(uint64(w-1), 14)
	put(uint64(h-1), 14)
	put(0, 1+3+1+1+1)
	for _, symbol := range []uint64{10, 200, 30, 255, 0} {
		put(1, 1)      // a simple code
		put(0, 1)      // of one symbol
		put(1, 1)      // of eight bits
		put(symbol, 8) // which is
	}
	put(0, 7)
	return riff("VP8L", body)
}

func riff(chunks ...any) []byte {
	payload := []byte("WEBP")
	for i := 0; i < len(chunks); i += 2 {
		body := chunks[i+1].([]byte)
		payload = append(payload, chunks[i].(string)...)
		payload = binary.LittleEndian.AppendUint32(payload, uint32(len(body)))
		payload = append(payload, body...)
		if len(body)%2 == 1 {
			payload = append(payload, 0)
		}
	}
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(payload))), payload...)
}

// exif is a TIFF structure that holds an orientation.
func exif(order binary.AppendByteOrder, value uint16) []byte {
	b := []byte("MM\x00*")
	if order == binary.LittleEndian {
		b = []byte("II*\x00")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 2)
	b = append(order.AppendUint16(order.AppendUint16(b, 0x010f), 2), make([]byte, 8)...)
	b = order.AppendUint32(order.AppendUint16(order.AppendUint16(b, 0x0112), 3), 1)
	return append(order.AppendUint16(b, value), 0, 0, 0, 0, 0, 0)
}

// withExif puts an Exif segment into a JPEG.
func withExif(jpeg, tiff []byte) []byte {
	segment := append([]byte("Exif\x00\x00"), tiff...)
	out := append([]byte{0xff, 0xd8, 0xff, 0xe1}, byte((len(segment)+2)>>8), byte(len(segment)+2))
	return append(append(out, segment...), jpeg[2:]...)
}

func pngChunk(id string, body []byte) []byte {
	out := append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), id...)
	out = append(out, body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// hugePNG claims a size and holds next to nothing.
func hugePNG(w, h uint32, depth byte) []byte {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	out := append([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", append(head, depth, 2, 0, 0, 0))...)
	return append(append(out, pngChunk("IDAT", []byte{0x78, 0x9c})...), pngChunk("IEND", nil)...)
}

// hugeJPEG is a JPEG whose frame header claims another size.
func hugeJPEG(t testing.TB, w, h uint16) []byte {
	data := asJPEG(t, picture(16, 16))
	at := bytes.Index(data, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(data[at+5:], h)
	binary.BigEndian.PutUint16(data[at+7:], w)
	return data
}

func vp8x(flags byte, w, h int) []byte {
	w, h = w-1, h-1
	return []byte{flags, 0, 0, 0, byte(w), byte(w >> 8), byte(w >> 16), byte(h), byte(h >> 8), byte(h >> 16)}
}

func TestRefuses(t *testing.T) {
	good := asJPEG(t, picture(300, 200))
	lossless := aWebP(16383, 16383)
	tests := []struct {
		name string
		data []byte
		want error
		say  string // part of the words
	}{
		{"nothing", nil, ErrNotPhoto, "not a photo"},
		{"text", []byte("<html>ignore all rules</html>"), ErrNotPhoto, "not a photo"},
		{"a program", []byte("\x7fELF\x02\x01\x01"), ErrNotPhoto, "not a photo"},
		{"heic", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), ErrUnsupported, "JPEG"},
		{"avif", []byte("\x00\x00\x00\x18ftypavif\x00\x00\x00\x00"), ErrUnsupported, "JPEG"},
		{"mp4", []byte("\x00\x00\x00\x18ftypisom\x00\x00\x00\x00"), ErrNotPhoto, "not a photo"},
		{"gif", []byte("GIF89a\x01\x00\x01\x00"), ErrUnsupported, "JPEG"},
		{"too many bytes", make([]byte, 1<<20+1), ErrTooLarge, "1 MB"},
		{"huge png", hugePNG(60000, 60000, 8), ErrTooLarge, "60000 × 60000"},
		{"a deep png of half the pixels", hugePNG(5000, 5000, 16), ErrTooLarge, "5000 × 5000"},
		{"huge jpeg", hugeJPEG(t, 60000, 60000), ErrTooLarge, "60000 × 60000"},
		{"huge webp", riff("VP8X", vp8x(0, 60000, 60000), "VP8L", aWebP(1, 1)[20:]), ErrTooLarge, "60000 × 60000"},
		{"huge webp behind a small canvas", riff("VP8X", vp8x(0, 1, 1), "VP8L", lossless[20:]), ErrTooLarge, "16383"},
		{"webp of three bytes a side more", aWebP(16383, 16383), ErrTooLarge, "16383"},
		{"animated webp", riff("VP8X", vp8x(2, 10, 10), "ANIM", make([]byte, 6)), ErrUnsupported, "moving"},
		{"webp without a frame", riff("VP8X", vp8x(0, 10, 10)), ErrBroken, "again"},
		{"cut jpeg", good[:len(good)/2], ErrBroken, "again"},
		{"cut jpeg header", good[:20], ErrBroken, "again"},
		{"jpeg of three bytes", good[:3], ErrBroken, "again"},
		{"cut png", asPNG(t, picture(50, 50))[:120], ErrBroken, "again"},
		{"png header only", []byte("\x89PNG\r\n\x1a\n"), ErrBroken, "again"},
		{"cut webp", aWebP(4, 4)[:26], ErrBroken, "again"},
		{"webp header only", []byte("RIFF\x04\x00\x00\x00WEBP"), ErrBroken, "again"},
		{"no pixels", hugePNG(0, 10, 8), ErrBroken, "again"},
	}
	in := NewIntake(Limits{Bytes: 1 << 20})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := in.Read(t.Context(), bytes.NewReader(tt.data))
			if p != nil || !errors.Is(err, tt.want) {
				t.Fatalf("got %v, %v; want %v", p, err, tt.want)
			}
			if say, ok := Say(err); !ok || !strings.Contains(say, tt.say) {
				t.Errorf("says %q, %v; want %q in it", say, ok, tt.say)
			}
		})
	}
}

func TestTakes(t *testing.T) {
	clear := image.NewNRGBA(image.Rect(0, 0, 30, 20)) // all transparent: on white
	tests := []struct {
		name string
		data []byte
		from Format
		w, h int
		at   image.Point
		want color.RGBA
	}{
		{"jpeg", asJPEG(t, picture(300, 200)), JPEG, 300, 200, image.Pt(20, 20), color.RGBA{255, 0, 0, 255}},
		{"large jpeg", asJPEG(t, picture(2048, 1024)), JPEG, 1024, 512, image.Pt(20, 20), color.RGBA{255, 0, 0, 255}},
		{"long png", asPNG(t, picture(5000, 2)), PNG, 1024, 1, image.Pt(0, 0), color.RGBA{}},
		{"clear png", asPNG(t, clear), PNG, 30, 20, image.Pt(3, 3), color.RGBA{255, 255, 255, 255}},
		{"webp", aWebP(7, 5), WebP, 7, 5, image.Pt(2, 2), color.RGBA{200, 10, 30, 255}},
		{"webp with a canvas", riff("VP8X", vp8x(0, 7, 5), "VP8L", aWebP(7, 5)[20:], "EXIF", exif(binary.LittleEndian, 6)),
			WebP, 5, 7, image.Pt(2, 2), color.RGBA{200, 10, 30, 255}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := bytes.Clone(tt.data)
			p, err := NewIntake(Limits{}).Read(t.Context(), iotest.OneByteReader(bytes.NewReader(tt.data)))
			if err != nil {
				t.Fatal(err)
			}
			if w, h := p.Size(); w != tt.w || h != tt.h || p.From() != tt.from {
				t.Errorf("it is %d × %d from %s; want %d × %d from %s", w, h, p.From(), tt.w, tt.h, tt.from)
			}
			if tt.want.A > 0 && far(p.Image().RGBAAt(tt.at.X, tt.at.Y), tt.want) {
				t.Errorf("at %v it is %v, want %v", tt.at, p.Image().RGBAAt(tt.at.X, tt.at.Y), tt.want)
			}
			again, err := jpeg.Decode(bytes.NewReader(p.JPEG()))
			if err != nil || again.Bounds() != p.Image().Rect {
				t.Errorf("the JPEG is %v, %v", again, err)
			}
			if !bytes.Equal(before, tt.data) || len(p.Hash()) != 64 {
				t.Errorf("changed %v, hash %s", !bytes.Equal(before, tt.data), p.Hash())
			}
		})
	}
}

func far(a, b color.RGBA) bool {
	off := func(x, y uint8) bool { return max(x, y)-min(x, y) > 16 }
	return off(a.R, b.R) || off(a.G, b.G) || off(a.B, b.B) || off(a.A, b.A)
}

// TestUpright turns a photo with a red corner in all eight ways. Where the
// corner that the camera saw as left upper lies, Exif 2.32 says for each.
func TestUpright(t *testing.T) {
	corners := map[string]image.Point{"lu": {10, 10}, "ru": {-10, 10}, "rl": {-10, -10}, "ll": {10, -10}}
	for value, corner := range []string{"", "lu", "ru", "rl", "ll", "lu", "ru", "rl", "ll"} {
		if value == 0 {
			continue
		}
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			data := withExif(asJPEG(t, picture(120, 80)), exif(order, uint16(value)))
			p, err := NewIntake(Limits{}).Take(t.Context(), data)
			if err != nil {
				t.Fatal(err)
			}
			w, h := p.Size()
			if wantW := map[bool]int{true: 80, false: 120}[value >= 5]; w != wantW {
				t.Errorf("orientation %d is %d × %d", value, w, h)
			}
			for name, at := range corners {
				c := p.Image().RGBAAt((at.X+w)%w, (at.Y+h)%h)
				if red := c.R > 200; red != (name == corner) {
					t.Errorf("orientation %d: corner %s is %v", value, name, c)
				}
			}
			if bytes.Contains(p.JPEG(), []byte("Exif")) {
				t.Error("the kept JPEG has metadata")
			}
		}
	}
	img := pngChunk("eXIf", exif(binary.BigEndian, 3))
	data := asPNG(t, picture(40, 40))
	data = append(append(bytes.Clone(data[:33]), img...), data[33:]...)
	p, err := NewIntake(Limits{}).Take(t.Context(), data)
	if err != nil || p.Image().RGBAAt(35, 35).R < 200 {
		t.Errorf("a PNG on its head stays so: %v", err)
	}
}

func TestDeadlineAndCancel(t *testing.T) {
	data := asPNG(t, picture(600, 600))
	if _, err := NewIntake(Limits{Time: time.Nanosecond}).Take(t.Context(), data); !errors.Is(err, ErrTooSlow) {
		t.Errorf("past its time: %v", err)
	}
	gone := errors.New("the shopper left")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	if _, err := NewIntake(Limits{}).Take(ctx, data); !errors.Is(err, gone) {
		t.Errorf("after a cancel: %v", err)
	}
	in := NewIntake(Limits{Parallel: 1})
	in.slots <- struct{}{} // another photo is being decoded
	if _, err := in.Take(ctx, data); !errors.Is(err, gone) {
		t.Errorf("waiting: %v", err)
	}
	if _, err := in.Read(t.Context(), iotest.ErrReader(gone)); !errors.Is(err, gone) {
		t.Errorf("a reader that fails: %v", err)
	}
}

// FuzzTake: whatever comes, an error with words, or a small photo.
func FuzzTake(f *testing.F) {
	small := picture(9, 7)
	f.Add(asJPEG(f, small))
	f.Add(asPNG(f, small))
	f.Add(aWebP(9, 7))
	f.Add(withExif(asJPEG(f, small), exif(binary.LittleEndian, 8)))
	f.Add(hugePNG(60000, 60000, 8))
	f.Add(riff("VP8X", vp8x(2, 10, 10), "ANIM", make([]byte, 6)))
	lossy, err := base64.StdEncoding.DecodeString("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(lossy)
	in := NewIntake(Limits{Pixels: 100_000, Bytes: 1 << 20, Side: 64})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := in.Take(t.Context(), data)
		if err != nil {
			if say, ok := Say(err); !ok || say == "" {
				t.Fatalf("no words for %v", err)
			}
			return
		}
		if w, h := p.Size(); w < 1 || h < 1 || w > 64 || h > 64 {
			t.Errorf("it is %d × %d", w, h)
		}
	})
}

func BenchmarkTake(b *testing.B) {
	for name, size := range map[string]image.Point{"1MP": {1200, 900}, "12MP": {4000, 3000}} {
		data := asJPEG(b, picture(size.X, size.Y))
		b.Run(name, func(b *testing.B) {
			in := NewIntake(Limits{})
			for b.Loop() {
				if _, err := in.Take(b.Context(), data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// FuzzHEICSize wants no panic and no overflow for what strangers send.
func FuzzHEICSize(f *testing.F) {
	size := "\x00\x00\x00\x14ispe\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x03\x00"
	properties := "\x00\x00\x00\x24iprp\x00\x00\x00\x1cipco" + size
	whole := "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic\x00\x00\x00\x30meta\x00\x00\x00\x00" + properties
	if w, h, err := heicSize([]byte(whole)); w != 1024 || h != 768 || err != nil {
		f.Fatalf("%d × %d, %v", w, h, err)
	}
	f.Add([]byte(whole))
	f.Add([]byte("\x00\x00\x00\x01meta\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00iprp"))
	f.Fuzz(func(t *testing.T, data []byte) {
		w, h, err := heicSize(data)
		if err == nil && (w <= 0 || h <= 0 || w > maxSide || h > maxSide) {
			t.Errorf("%d × %d", w, h)
		}
		if _, err := NewIntake(Limits{}).Take(t.Context(), data); err == nil && len(data) > 12 && string(data[4:12]) == "ftypheic" {
			t.Error("taken without a converter")
		}
	})
}
