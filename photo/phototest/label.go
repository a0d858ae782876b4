// Package phototest draws photos for tests.
package phototest

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"testing"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/f64"
	"golang.org/x/image/math/fixed"
)

// Label draws a parcel's label lying on a table, as JPEG: paper with lines of print, a
// little turned, under uneven light and with the grain of a phone's camera.
func Label(t testing.TB, lines ...string) []byte {
	t.Helper()
	parsed, err := opentype.Parse(gobold.TTF)
	if err != nil {
		t.Fatal(err)
	}
	longest := 0
	for _, line := range lines {
		longest = max(longest, len(line))
	}
	// A letter is six tenths as wide as it is high.
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: min(40, 820/float64(longest)/0.6), DPI: 72})
	if err != nil {
		t.Fatal(err)
	}
	paper := image.NewRGBA(image.Rect(0, 0, 900, 80+70*len(lines)))
	draw.Draw(paper, paper.Rect, image.NewUniform(color.Gray{235}), image.Point{}, draw.Src)
	for i, line := range lines {
		d := font.Drawer{Dst: paper, Src: image.NewUniform(color.Gray{25}), Face: face, Dot: fixed.P(50, 90+70*i)}
		d.DrawString(line)
	}
	table := image.NewRGBA(image.Rect(0, 0, 1200, 900))
	draw.Draw(table, table.Rect, image.NewUniform(color.RGBA{120, 90, 60, 255}), image.Point{}, draw.Src)
	const sin, cos = 0.035, 0.999 // 2°
	draw.BiLinear.Transform(table, f64.Aff3{cos, -sin, 150, sin, cos, 150}, paper, paper.Rect, draw.Over, nil)
	grain := rand.New(rand.NewPCG(1, 2))
	for i := 0; i < len(table.Pix); i += 4 {
		x := i / 4 % 1200
		for k := range 3 {
			v := float64(table.Pix[i+k])*(0.7+0.3*float64(x)/1200) + grain.NormFloat64()*6
			table.Pix[i+k] = uint8(min(255, max(0, v)))
		}
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, table, &jpeg.Options{Quality: 80}); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}
