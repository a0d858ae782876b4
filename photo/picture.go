package photo

import (
	"image"
	"image/color"

	"golang.org/x/image/draw"
)

// shrink is the picture on white, with no side longer than side and none
// shorter than one pixel. It is never enlarged.
func shrink(img image.Image, side int) *image.RGBA {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if long := max(w, h); long > side {
		w, h = max(1, (w*side+long/2)/long), max(1, (h*side+long/2)/long)
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(out, out.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	if w == b.Dx() && h == b.Dy() {
		draw.Draw(out, out.Rect, img, b.Min, draw.Over)
		return out
	}
	// Averages over all the pixels that one covers, so that nothing flickers.
	draw.BiLinear.Scale(out, out.Rect, img, b, draw.Over, nil)
	return out
}

// upright turns the picture as its Exif orientation says.
func upright(img *image.RGBA, orientation int) *image.RGBA {
	if orientation == normal {
		return img
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	outW, outH := w, h
	if orientation >= 5 { // 5 to 8 stand on their side
		outW, outH = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, outW, outH))
	for y := range outH {
		for x := range outW {
			sx, sy := x, y
			switch orientation {
			case 2: // mirrored left to right
				sx = w - 1 - x
			case 3: // on its head
				sx, sy = w-1-x, h-1-y
			case 4: // mirrored top to bottom
				sy = h - 1 - y
			case 5: // mirrored along the main diagonal
				sx, sy = y, x
			case 6: // to be turned 90° clockwise
				sx, sy = y, h-1-x
			case 7: // mirrored along the other diagonal
				sx, sy = w-1-y, h-1-x
			case 8: // to be turned 90° counter-clockwise
				sx, sy = w-1-y, x
			}
			copy(out.Pix[out.PixOffset(x, y):][:4], img.Pix[img.PixOffset(sx, sy):][:4])
		}
	}
	return out
}
