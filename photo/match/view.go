package match

import (
	"image"
	"math"

	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"
)

// view is one way to look at a picture.
type view struct {
	part float64 // of the shorter side that a square in the middle takes; 0: all of the picture, squeezed
	turn float64 // by how many degrees it is turned, clockwise
}

// queryViews are how a customer's photo is looked at, best first.
func queryViews() []view {
	return []view{{}, {part: 1}, {part: 0.65}}
}

// catalogueViews are how a product's photo is looked at. Shops do it once, so
// there are more, of which some stand in for cameras that are not held straight.
func catalogueViews() []view {
	return []view{{}, {part: 1}, {part: 0.65}, {part: 0.9, turn: 20}, {part: 0.9, turn: -20}, {turn: 90}, {turn: 180}, {turn: 270}}
}

// draw draws the view of img on out, which it fills.
func (v view) draw(out, img *image.RGBA) {
	w, h := float64(img.Rect.Dx()), float64(img.Rect.Dy())
	spanX, spanY := w, h
	if v.part > 0 {
		spanX = v.part * min(w, h)
		spanY = spanX
	}
	if v.turn == 0 {
		x, y := (w-spanX)/2, (h-spanY)/2
		draw.BiLinear.Scale(out, out.Rect, img,
			image.Rect(int(x), int(y), max(int(x)+1, int(math.Round(x+spanX))), max(int(y)+1, int(math.Round(y+spanY)))), draw.Src, nil)
		return
	}
	// From the picture to the view: the middle to 0, scaled to the view's size,
	// turned, and 0 to the view's middle.
	side := float64(out.Rect.Dx())
	sin, cos := math.Sincos(v.turn * math.Pi / 180)
	sx, sy := side/spanX, side/spanY
	a, b, c, d := cos*sx, -sin*sy, sin*sx, cos*sy
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	draw.BiLinear.Transform(out, f64.Aff3{
		a, b, side/2 - a*w/2 - b*h/2,
		c, d, side/2 - c*w/2 - d*h/2,
	}, img, img.Rect, draw.Over, nil)
}
