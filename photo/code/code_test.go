package code

import (
	"context"
	"image"
	"image/color"
	"slices"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/oned"
	"github.com/makiuchi-d/gozxing/qrcode"
	"golang.org/x/image/draw"
)

// label is a picture with a code on a table.
func label(t *testing.T, w gozxing.Writer, format gozxing.BarcodeFormat, text string, width, height int) image.Image {
	t.Helper()
	m, err := w.Encode(text, format, width, height, nil)
	if err != nil {
		t.Fatal(err)
	}
	out := image.NewRGBA(image.Rect(0, 0, 900, 700))
	draw.Draw(out, out.Rect, image.NewUniform(color.RGBA{150, 120, 90, 255}), image.Point{}, draw.Src)
	draw.Draw(out, image.Rect(100, 100, 160+width, 160+height), image.White, image.Point{}, draw.Src)
	draw.Draw(out, image.Rect(130, 130, 130+width, 130+height), m, image.Point{}, draw.Src)
	return out
}

func TestCodesAreReadHoweverTheyLie(t *testing.T) {
	for name, c := range map[string]struct {
		writer gozxing.Writer
		format gozxing.BarcodeFormat
		text   string
		w, h   int
	}{
		"QR":       {qrcode.NewQRCodeWriter(), gozxing.BarcodeFormat_QR_CODE, "https://shop.example/o/W10002", 300, 300},
		"EAN":      {oned.NewEAN13Writer(), gozxing.BarcodeFormat_EAN_13, "4006381333931", 400, 160},
		"Code 128": {oned.NewCode128Writer(), gozxing.BarcodeFormat_CODE_128, "PX4820017", 500, 160},
	} {
		t.Run(name, func(t *testing.T) {
			img := label(t, c.writer, c.format, c.text, c.w, c.h)
			read := 0
			angles := []float64{0, 90, 180, 270, 8, -12, 20, -20, 45, -45, 25, -40}
			for _, degrees := range angles {
				if slices.Contains(Read(t.Context(), turn(img, degrees)), c.text) {
					read++
				} else {
					t.Logf("not read at %.0f°", degrees)
				}
			}
			if read < len(angles)-1 {
				t.Errorf("read in %d of %d", read, len(angles))
			}
		})
	}
}

func TestNoCodeWhereThereIsNone(t *testing.T) {
	plain := image.NewRGBA(image.Rect(0, 0, 800, 600))
	for i := range plain.Pix {
		plain.Pix[i] = byte(i * 7919 >> 8)
	}
	for _, img := range []image.Image{plain, image.NewGray(image.Rect(0, 0, 1, 1)), image.NewGray(image.Rect(0, 0, 3, 900))} {
		if got := Read(t.Context(), img); len(got) != 0 {
			t.Errorf("read %q", got)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if got := Read(ctx, plain); got != nil {
		t.Errorf("read %q after the end", got)
	}
}

func TestWhatIsInACodeIsBounded(t *testing.T) {
	if got := clip("a\x00b\nc" + strings.Repeat("x", 9999)); len(got) > maxContent || !strings.HasPrefix(got, "abc") {
		t.Errorf("%q", got[:10])
	}
}

func BenchmarkReadNothing(b *testing.B) {
	img := image.NewRGBA(image.Rect(0, 0, 1024, 768))
	for i := range img.Pix {
		img.Pix[i] = byte(i * 7919 >> 8)
	}
	for b.Loop() {
		Read(b.Context(), img)
	}
}
