package look

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"log/slog"
	"net/http"
	"slices"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"parley/photo"
	"parley/photo/match"
)

func eyes() *Eyes {
	return New(photo.NewIntake(photo.Limits{Bytes: 1 << 20}), func() *match.Index { return nil }, slog.New(slog.DiscardHandler))
}

func packed(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLookWithoutACatalogue(t *testing.T) {
	label, err := qrcode.NewQRCodeWriter().Encode("W10002", gozxing.BarcodeFormat_QR_CODE, 300, 300, nil)
	if err != nil {
		t.Fatal(err)
	}
	images, err := eyes().Look(t.Context(), [][]byte{packed(t, label), packed(t, image.NewGray(image.Rect(0, 0, 200, 100)))})
	if err != nil || len(images) != 2 {
		t.Fatalf("%d images, %v", len(images), err)
	}
	if f := images[0].Found; !slices.Equal(f.Codes, []string{"W10002"}) || f.Match != "" {
		t.Errorf("%+v", f)
	}
	if f := images[1].Found; len(f.Codes) != 0 || images[1].MediaType != "image/jpeg" || !bytes.HasPrefix(images[1].Data, []byte("\xff\xd8")) {
		t.Errorf("%+v", f)
	}
}

func TestWhatCannotBeTakenIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		file   []byte
		status int
	}{
		"no photo":  {[]byte("GIF89a, or so"), http.StatusUnprocessableEntity},
		"too large": {bytes.Repeat([]byte("x"), 2<<20), http.StatusRequestEntityTooLarge},
		"empty":     {nil, http.StatusUnprocessableEntity},
	} {
		_, err := eyes().Look(t.Context(), [][]byte{c.file})
		refused, ok := errors.AsType[*Refused](err)
		if !ok {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if status, words := refused.PhotoStatus(); status != c.status || words == "" {
			t.Errorf("%s: %d %q", name, status, words)
		}
	}
}
