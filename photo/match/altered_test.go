package match

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"

	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"
)

// alteration makes of a shop's photo something like a customer's of the same
// thing.
type alteration struct {
	name string
	do   func(r *rand.Rand, img, other *image.RGBA) *image.RGBA
}

func alterations() []alteration {
	return []alteration{
		{"turned by up to 25°", func(r *rand.Rand, img, _ *image.RGBA) *image.RGBA {
			return turned(img, (r.Float64()*2-1)*25)
		}},
		{"on its side", func(r *rand.Rand, img, _ *image.RGBA) *image.RGBA {
			return turned(img, []float64{90, 180, 270}[r.IntN(3)]+(r.Float64()*2-1)*4)
		}},
		{"cut to 65 % of the sides", func(r *rand.Rand, img, _ *image.RGBA) *image.RGBA { return cut(r, img, 0.65) }},
		{"dark and grainy", func(r *rand.Rand, img, _ *image.RGBA) *image.RGBA { return light(r, img, 0.3, 12) }},
		{"too bright", func(r *rand.Rand, img, _ *image.RGBA) *image.RGBA { return light(r, img, 1.7, 2) }},
		{"warm light", func(_ *rand.Rand, img, _ *image.RGBA) *image.RGBA {
			return each(img, func(c color.RGBA) color.RGBA {
				return color.RGBA{clamp(float64(c.R) * 1.15), c.G, clamp(float64(c.B) * 0.65), 255}
			})
		}},
		{"from the side", func(r *rand.Rand, img, _ *image.RGBA) *image.RGBA { return slanted(r, img, 0.22) }},
		{"before another background", func(r *rand.Rand, img, other *image.RGBA) *image.RGBA {
			return before(r, img, other, 0.6)
		}},
		{"blurred and packed hard", func(_ *rand.Rand, img, _ *image.RGBA) *image.RGBA { return packed(scaled(img, 0.15), 25) }},
		{"turned, cut, dark and slanted", func(r *rand.Rand, img, _ *image.RGBA) *image.RGBA {
			return light(r, slanted(r, cut(r, turned(img, (r.Float64()*2-1)*12), 0.8), 0.12), 0.55, 6)
		}},
	}
}

func clamp(v float64) uint8 { return uint8(max(0, min(255, v))) }

func each(img *image.RGBA, f func(color.RGBA) color.RGBA) *image.RGBA {
	out := image.NewRGBA(img.Rect)
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			out.SetRGBA(x, y, f(img.RGBAAt(x, y)))
		}
	}
	return out
}

func light(r *rand.Rand, img *image.RGBA, gain, noise float64) *image.RGBA {
	return each(img, func(c color.RGBA) color.RGBA {
		n := r.NormFloat64() * noise
		return color.RGBA{clamp(float64(c.R)*gain + n), clamp(float64(c.G)*gain + n), clamp(float64(c.B)*gain + n), 255}
	})
}

// turned turns about the middle; what was outside is grey.
func turned(img *image.RGBA, degrees float64) *image.RGBA {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	w, h := float64(img.Rect.Dx()), float64(img.Rect.Dy())
	if math.Abs(sin) > math.Abs(cos) {
		w, h = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, int(w), int(h)))
	draw.Draw(out, out.Rect, image.NewUniform(color.Gray{120}), image.Point{}, draw.Src)
	cx, cy := float64(img.Rect.Dx())/2, float64(img.Rect.Dy())/2
	draw.BiLinear.Transform(out, f64.Aff3{cos, -sin, w/2 - cos*cx + sin*cy, sin, cos, h/2 - sin*cx - cos*cy},
		img, img.Rect, draw.Over, nil)
	return out
}

func cut(r *rand.Rand, img *image.RGBA, part float64) *image.RGBA {
	w, h := int(float64(img.Rect.Dx())*part), int(float64(img.Rect.Dy())*part)
	at := image.Pt(r.IntN(img.Rect.Dx()-w+1), r.IntN(img.Rect.Dy()-h+1))
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(out, out.Rect, img, at, draw.Src)
	return out
}

func scaled(img *image.RGBA, by float64) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, int(float64(img.Rect.Dx())*by), int(float64(img.Rect.Dy())*by)))
	draw.BiLinear.Scale(out, out.Rect, img, img.Rect, draw.Src, nil)
	return out
}

func packed(img *image.RGBA, quality int) *image.RGBA {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		panic(err)
	}
	again, err := jpeg.Decode(&b)
	if err != nil {
		panic(err)
	}
	out := image.NewRGBA(again.Bounds())
	draw.Draw(out, out.Rect, again, image.Point{}, draw.Src)
	return out
}

// slanted moves each corner inwards by up to strength of the sides, as for a
// camera that is not in front of the thing (a bilinear warp).
func slanted(r *rand.Rand, img *image.RGBA, strength float64) *image.RGBA {
	w, h := float64(img.Rect.Dx()), float64(img.Rect.Dy())
	var dx, dy [4]float64
	for i := range 4 {
		dx[i], dy[i] = r.Float64()*strength*w, r.Float64()*strength*h
	}
	out := image.NewRGBA(img.Rect)
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			u, v := float64(x)/w, float64(y)/h
			// corners: left upper, right upper, left lower, right lower
			sx := (1-u)*(1-v)*dx[0] + u*(1-v)*(w-dx[1]) + (1-u)*v*dx[2] + u*v*(w-dx[3])
			sy := (1-u)*(1-v)*dy[0] + u*(1-v)*dy[1] + (1-u)*v*(h-dy[2]) + u*v*(h-dy[3])
			out.SetRGBA(x, y, img.RGBAAt(min(int(sx), int(w)-1), min(int(sy), int(h)-1)))
		}
	}
	return out
}

// before puts the photo, smaller, somewhere on another photo.
func before(r *rand.Rand, img, other *image.RGBA, part float64) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, img.Rect.Dx(), img.Rect.Dy()))
	draw.BiLinear.Scale(out, out.Rect, other, other.Rect, draw.Src, nil)
	small := scaled(img, part)
	at := image.Pt(r.IntN(out.Rect.Dx()-small.Rect.Dx()), r.IntN(out.Rect.Dy()-small.Rect.Dy()))
	draw.Draw(out, small.Rect.Add(at), small, image.Point{}, draw.Src)
	return out
}
