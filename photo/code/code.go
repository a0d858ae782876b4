// Package code reads barcodes and QR codes in photos, with gozxing
// (https://github.com/makiuchi-d/gozxing), a port of ZXing.
package code

import (
	"context"
	"image"
	"image/color"
	"math"
	"slices"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/oned"
	"github.com/makiuchi-d/gozxing/qrcode"
	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"
)

// maxContent bounds what is taken of one code, in bytes: a label's are short.
const maxContent = 512

// side is the longest side, in pixels, that is read first; a code that fills a part of
// a photo is found in it, and small ones in the photo as it is.
const side = 640

// turns are by how many degrees a photo is turned in search of bars: they are read
// along lines, so a barcode that stands slanted is not seen. QR codes need none.
func turns() []float64 { return []float64{0, 90, 20, -20, 45, -45} }

// Read gives the contents of the codes in a picture, without doubles: a QR code, and
// an EAN, UPC or Code 128. It looks until it has found one of a kind, or has tried all
// ways, or ctx ends; what was found by then is the answer.
func Read(ctx context.Context, img image.Image) []string {
	var found []string
	add := func(text string) {
		if text = clip(text); text != "" && !slices.Contains(found, text) {
			found = append(found, text)
		}
	}
	small := scaled(img)
	for _, one := range []image.Image{small, img} {
		if ctx.Err() == nil && len(found) == 0 {
			add(decode(qrcode.NewQRCodeReader(), one))
		}
	}
	bars := []gozxing.Reader{oned.NewMultiFormatUPCEANReader(nil), oned.NewCode128Reader()}
	for _, degrees := range turns() {
		turned := small
		if degrees != 0 {
			turned = turn(small, degrees)
		}
		for _, r := range bars {
			if ctx.Err() != nil {
				return found
			}
			if text := decode(r, turned); text != "" {
				add(text)
				return found
			}
		}
	}
	return found
}

// decode reads one code, "" when there is none.
func decode(r gozxing.Reader, img image.Image) (text string) {
	defer func() {
		if recover() != nil { // a picture that the library trips over holds no code
			text = ""
		}
	}()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		return ""
	}
	result, err := r.Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
	if err != nil {
		return ""
	}
	return result.GetText()
}

func clip(text string) string {
	if len(text) > maxContent {
		text = text[:maxContent]
	}
	out := make([]rune, 0, len(text))
	for _, r := range text {
		if r >= ' ' && r != '\ufffd' {
			out = append(out, r)
		}
	}
	return string(out)
}

func scaled(img image.Image) image.Image {
	b := img.Bounds()
	by := float64(side) / float64(max(b.Dx(), b.Dy(), 1))
	if by >= 1 {
		return img
	}
	out := image.NewGray(image.Rect(0, 0, max(1, int(float64(b.Dx())*by)), max(1, int(float64(b.Dy())*by))))
	draw.ApproxBiLinear.Scale(out, out.Rect, img, b, draw.Src, nil)
	return out
}

// turn turns a picture about its middle, on white, so that all of it is seen.
func turn(img image.Image, degrees float64) image.Image {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	b := img.Bounds()
	w, h := float64(b.Dx()), float64(b.Dy())
	ow, oh := math.Abs(w*cos)+math.Abs(h*sin), math.Abs(w*sin)+math.Abs(h*cos)
	out := image.NewGray(image.Rect(0, 0, int(ow)+1, int(oh)+1))
	draw.Draw(out, out.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	cx, cy := float64(b.Min.X)+w/2, float64(b.Min.Y)+h/2
	draw.ApproxBiLinear.Transform(out, f64.Aff3{cos, -sin, ow/2 - cos*cx + sin*cy, sin, cos, oh/2 - sin*cx - cos*cy}, img, b, draw.Src, nil)
	return out
}
