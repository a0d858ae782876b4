package heic

import (
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/models/modeltest"
	"parley/photo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// converter finds the real programs. Where there are none the test is skipped, or fails
// under PARLEY_TEST_ALL=1.
func converter(t *testing.T) (c *Converter, encoder string) {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir()) // where nothing may be left
	c, err := Find()
	if err == nil {
		if encoder, err = exec.LookPath("heif-enc"); err != nil {
			err = ErrMissing
		}
	}
	if err != nil && os.Getenv(modeltest.AllVariable) != "1" {
		t.Skipf("%v; `.ci/test-tools` installs it", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c, encoder
}

// aHEIC packs a picture of which the left half is red and the right one blue.
func aHEIC(t *testing.T, encoder string, w, h int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{R: 220, A: 255})
			if x >= w/2 {
				img.SetRGBA(x, y, color.RGBA{B: 220, A: 255})
			}
		}
	}
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.png"), filepath.Join(dir, "out.heic")
	f, err := os.Create(in)
	if err == nil {
		err = errors.Join(png.Encode(f, img), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	if said, err := exec.CommandContext(t.Context(), encoder, "-q", "80", "-o", out, in).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAHEICIsRead(t *testing.T) {
	c, encoder := converter(t)
	in := photo.NewIntakeWith(photo.Limits{}, c)
	begun := time.Now()
	p, err := in.Take(t.Context(), aHEIC(t, encoder, 1600, 1200))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("made and read in %s by %s", time.Since(begun).Round(time.Millisecond), c.Program())
	if w, h := p.Size(); w != 1024 || h != 768 || p.From() != photo.HEIC {
		t.Errorf("%d × %d, %s", w, h, p.From())
	}
	left, right := p.Image().RGBAAt(200, 300), p.Image().RGBAAt(800, 300)
	if left.R < 180 || left.B > 60 || right.B < 180 || right.R > 60 {
		t.Errorf("left %v, right %v", left, right)
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "parley-heic-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestTurnedInTheFile has a photo that the file says is to be turned by a quarter.
func TestTurnedInTheFile(t *testing.T) {
	c, encoder := converter(t)
	data := aHEIC(t, encoder, 640, 480)
	// The property that tells the depth of colour, which nobody needs, becomes one that
	// tells the turn.
	at := strings.Index(string(data), "pixi")
	if at < 0 {
		t.Fatal("the file has no property to replace")
	}
	copy(data[at:], "irot\x01")
	p, err := photo.NewIntakeWith(photo.Limits{}, c).Take(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	if w, h := p.Size(); w != 480 || h != 640 {
		t.Fatalf("%d × %d", w, h)
	}
	// A quarter against the clock: what was on the right is on top.
	if top, bottom := p.Image().RGBAAt(240, 100), p.Image().RGBAAt(240, 540); top.B < 180 || bottom.R < 180 {
		t.Errorf("top %v, bottom %v", top, bottom)
	}
}

func TestBadHEIC(t *testing.T) {
	c, encoder := converter(t)
	good := aHEIC(t, encoder, 640, 480)
	huge := append([]byte(nil), good...)
	at := strings.Index(string(huge), "ispe")
	binary.BigEndian.PutUint32(huge[at+8:], 60000)
	binary.BigEndian.PutUint32(huge[at+12:], 60000)
	small := append([]byte(nil), good...)
	binary.BigEndian.PutUint32(small[at+8:], 1)
	for name, tc := range map[string]struct {
		data []byte
		want error
	}{
		"huge": {huge, photo.ErrTooLarge}, "cut": {good[:len(good)/2], photo.ErrBroken}, "no picture": {good[:len(good)/8], photo.ErrBroken},
	} {
		_, err := photo.NewIntakeWith(photo.Limits{}, c).Take(t.Context(), tc.data)
		if _, ok := photo.Say(err); !errors.Is(err, tc.want) || !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What the file becomes is bounded, too, whatever the file had claimed.
	if p, err := photo.NewIntakeWith(photo.Limits{Pixels: 300_000}, c).Take(t.Context(), small); err == nil {
		w, h := p.Size()
		t.Errorf("%d × %d are taken for 1 × 480", w, h)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Convert(ctx, good); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := (&Converter{"/bin/true"}).Convert(t.Context(), good); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a program that writes nothing: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "parley-heic-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
