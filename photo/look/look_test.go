package look

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"parley/photo"
	"parley/photo/match"
)

func eyes() *Eyes {
	return New(options())
}

func options() Options {
	return Options{
		Intake: photo.NewIntake(photo.Limits{Bytes: 1 << 20}), Catalogue: func() *match.Index { return nil },
		Log: slog.New(slog.DiscardHandler),
	}
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

// keeper keeps photos until it is full.
type keeper struct{ room int }

func (k *keeper) Put(context.Context, *photo.Photo) error {
	if k.room--; k.room < 0 {
		return errors.New("no space left on device")
	}
	return nil
}

func TestWhatIsKeptHasAHash(t *testing.T) {
	o := options()
	o.Keeper = &keeper{room: 1}
	images, err := New(o).Look(t.Context(), [][]byte{packed(t, image.NewGray(image.Rect(0, 0, 200, 100))), packed(t, image.NewGray(image.Rect(0, 0, 100, 200)))})
	if err != nil || len(images) != 2 {
		t.Fatalf("%d images, %v", len(images), err)
	}
	sum := sha256.Sum256(images[0].Data)
	if want := hex.EncodeToString(sum[:]); images[0].Hash != want {
		t.Errorf("kept as %q, not as %q", images[0].Hash, want)
	}
	if images[1].Hash != "" || len(images[1].Data) == 0 {
		t.Errorf("one that was not kept has the hash %q", images[1].Hash)
	}
}

// slowReader takes its time for each photo, one beside the other.
type slowReader struct{ takes time.Duration }

func (r slowReader) Begin(*photo.Photo) <-chan string {
	out := make(chan string, 1)
	time.AfterFunc(r.takes, func() { out <- "Order W10002"; close(out) })
	return out
}

// TestPrintIsWaitedForUntilTheDeadline looks at blank photos and one with a code.
func TestPrintIsWaitedForUntilTheDeadline(t *testing.T) {
	qr, err := qrcode.NewQRCodeWriter().Encode("W10003", gozxing.BarcodeFormat_QR_CODE, 200, 200, nil)
	if err != nil {
		t.Fatal(err)
	}
	blank, coded := packed(t, image.NewGray(image.Rect(0, 0, 60, 40))), packed(t, qr)
	for _, c := range []struct {
		takes time.Duration
		files [][]byte
		waits time.Duration
		text  bool
	}{
		{0, [][]byte{blank}, 0, true},
		{500 * time.Millisecond, [][]byte{blank, blank, blank, blank}, 500 * time.Millisecond, true},
		{2 * time.Second, [][]byte{blank, blank}, Deadline, false},
		{500 * time.Millisecond, [][]byte{coded}, 0, false}, // it is known what it is
	} {
		t.Run(fmt.Sprint(c.takes, len(c.files)), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := options()
				o.Reader = slowReader{c.takes}
				begun := time.Now()
				images, err := New(o).Look(t.Context(), c.files)
				if took := time.Since(begun); err != nil || took != c.waits {
					t.Fatalf("after %s: %v", took, err)
				}
				for _, i := range images {
					if (i.Found.Text == "Order W10002") != c.text || (i.Late == nil) != c.text {
						t.Errorf("%+v", i.Found)
					}
					if i.Late == nil {
						continue
					}
					if text := <-i.Late; text != "Order W10002" || time.Since(begun) != c.takes {
						t.Errorf("%q came after %s", text, time.Since(begun))
					}
				}
			})
		})
	}
}
