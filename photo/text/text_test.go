package text

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"parley/models/modeltest"
	"parley/photo"
	"parley/photo/phototest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// reader finds the real tesseract. Where there is none the test is skipped, or fails
// under PARLEY_TEST_ALL=1.
func reader(t testing.TB) *Reader {
	t.Helper()
	r, err := Find(t.Context(), Options{Languages: []string{"eng"}, Log: slog.New(slog.DiscardHandler)})
	if errors.Is(err, ErrMissing) && os.Getenv(modeltest.AllVariable) != "1" {
		t.Skipf("%v; `.ci/test-tools` installs it", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func TestALabelIsRead(t *testing.T) {
	r := reader(t)
	begun := time.Now()
	got := <-r.Begin(label(t, "Parcel Express", "To: Maya Tan", "12 Kopi Lane, Singapore", "Order W10002", "Tracking PX4820017"))
	t.Logf("read in %s by %v", time.Since(begun).Round(time.Millisecond), r.Languages())
	if want := "Parcel Express\nTo: Maya Tan\n12 Kopi Lane, Singapore\nOrder W10002\nTracking PX4820017"; got != want {
		t.Errorf("read %q", got)
	}
	if n := counted(t, r, "text"); n != 1 {
		t.Errorf("%v texts are counted", n)
	}
}

// label is the photo of a label.
func label(t testing.TB, lines ...string) *photo.Photo {
	t.Helper()
	p, err := photo.NewIntake(photo.Limits{}).Take(t.Context(), phototest.Label(t, lines...))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestALabelFromAnySide is taken from each side of the table.
func TestALabelFromAnySide(t *testing.T) {
	r := reader(t)
	img := label(t, "Parcel Express", "Order W10002").Image()
	for quarters := range 4 {
		begun := time.Now()
		if got := <-r.Begin(take(t, img)); got != "Parcel Express\nOrder W10002" {
			t.Errorf("turned by %d°: read %q", 90*quarters, got)
		}
		t.Logf("turned by %d°: read in %s", 90*quarters, time.Since(begun).Round(time.Millisecond))
		img = quarterTurned(img)
	}
}

func quarterTurned(img *image.RGBA) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, img.Rect.Dy(), img.Rect.Dx()))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			out.SetRGBA(x, y, img.RGBAAt(y, img.Rect.Dy()-1-x))
		}
	}
	return out
}

// TestNothingIsReadInPatterns wants no words made up for grain and stripes.
func TestNothingIsReadInPatterns(t *testing.T) {
	r := reader(t)
	img := image.NewRGBA(image.Rect(0, 0, 800, 600))
	grain := rand.New(rand.NewPCG(3, 4))
	for i := range img.Pix {
		img.Pix[i] = uint8(120 + 60*((i/4%800)/20%2) + grain.IntN(40))
	}
	texts := r.Begin(take(t, img))
	if text, open := <-texts; !open || text != "" {
		t.Errorf("read %q", text)
	}
	if text, open := <-texts; open {
		t.Errorf("read %q", text)
	}
}

// TestAProgramThatFails has another program in tesseract's place.
func TestAProgramThatFails(t *testing.T) {
	r := reader(t)
	r.program = "/bin/false"
	if text, open := <-r.Begin(label(t, "W10002")); open {
		t.Errorf("read %q", text)
	}
	if n := counted(t, r, "failed"); n != 1 {
		t.Errorf("%v failures are counted", n)
	}
}

// paper is a photo of nothing.
func paper(t testing.TB) *photo.Photo {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 30, 20))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	img.SetRGBA(2, 2, color.RGBA{A: 255})
	return take(t, img)
}

func take(t testing.TB, img image.Image) *photo.Photo {
	t.Helper()
	var file bytes.Buffer
	if err := jpeg.Encode(&file, img, nil); err != nil {
		t.Fatal(err)
	}
	p, err := photo.NewIntake(photo.Limits{}).Take(t.Context(), file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPhotosWaitTheirTurn has more photos come than can be read.
func TestPhotosWaitTheirTurn(t *testing.T) {
	p := paper(t)
	synctest.Test(t, func(t *testing.T) {
		r := newReader(Options{Log: slog.New(slog.DiscardHandler)})
		r.running = make(chan struct{}, 1)
		r.read = func(ctx context.Context, _ []byte) (string, error) {
			select {
			case <-time.After(3 * time.Second):
				return "Your order W10002", nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
		begun := time.Now()
		var mu sync.Mutex
		var all sync.WaitGroup
		var when []time.Duration
		none := 0
		for range maxWaiting + 4 {
			one := r.Begin(p)
			all.Go(func() {
				text, open := <-one
				mu.Lock()
				defer mu.Unlock()
				if open && text == "Your order W10002" {
					when = append(when, time.Since(begun))
				} else {
					none++
				}
			})
		}
		all.Wait()
		// One after another, until those that wait have waited for ten seconds.
		slices.Sort(when)
		if want := []time.Duration{3 * time.Second, 6 * time.Second, 9 * time.Second, 12 * time.Second}; !slices.Equal(when, want) {
			t.Errorf("read after %v", when)
		}
		if took := time.Since(begun); took > patience+readTime || none != maxWaiting {
			t.Errorf("%d were not read, after %s", none, took)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAHangingProgramIsGivenUp(t *testing.T) {
	p := paper(t)
	synctest.Test(t, func(t *testing.T) {
		r := newReader(Options{Log: slog.New(slog.DiscardHandler)})
		r.read = func(ctx context.Context, _ []byte) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}
		begun := time.Now()
		if text, open := <-r.Begin(p); open || time.Since(begun) != readTime {
			t.Errorf("%q after %s", text, time.Since(begun))
		}
		one := r.Begin(p)
		synctest.Wait()
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if _, open := <-one; open || time.Since(begun) != readTime {
			t.Errorf("the end took %s", time.Since(begun)-readTime)
		}
	})
}

func counted(t *testing.T, r *Reader, outcome string) float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(r)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if m.GetLabel()[0].GetValue() == outcome {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

func TestLanguages(t *testing.T) {
	if got := Languages("id-ID", "en", "zh-Hant", "zh-CN", "tlh", ""); !slices.Equal(got, []string{"ind", "eng", "chi_tra", "chi_sim"}) {
		t.Errorf("%v", got)
	}
	installed := []string{"ara", "eng", "osd", "tha", "vie", "ind"}
	for _, c := range []struct{ wanted, want []string }{
		{[]string{"eng", "tha"}, []string{"eng", "tha"}},
		{[]string{"deu", "eng", "eng"}, []string{"eng"}},
		{[]string{"eng", "tha", "vie", "ind"}, []string{"eng", "tha", "vie"}},
		{[]string{"deu"}, []string{"ara"}},
	} {
		if got := choose(c.wanted, installed); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v", c.wanted, got)
		}
	}
	if got := choose(nil, []string{"osd"}); len(got) > 0 {
		t.Errorf("with no language: %v", got)
	}
}

const table = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n" +
	"1\t1\t0\t0\t0\t0\t0\t0\t100\t100\t-1\t\n" +
	"5\t1\t1\t1\t1\t1\t1\t1\t9\t9\t96.5\tOrder\n5\t1\t1\t1\t1\t2\t1\t1\t9\t9\t91\tW10002\n" +
	"5\t1\t1\t1\t2\t1\t1\t1\t9\t9\t20\tfaint\n5\t1\t1\t1\t2\t2\t1\t1\t9\t9\t95\t|\n5\t1\t1\t1\t2\t3\t1\t1\t9\t9\t88\tMa\u200bya\x1b[31m\n"

func TestParse(t *testing.T) {
	if got := parse([]byte(table)); got != "Order W10002\n| Maya[31m" {
		t.Errorf("%q", got)
	}
	row := func(line, confidence, word string) string {
		return "5\t1\t1\t1\t" + line + "\t1\t1\t1\t9\t9\t" + confidence + "\t" + word + "\n"
	}
	for want, rows := range map[string]string{
		"Order W10002": row("1", "96", "Order") + row("1", "41", "W10002") + row("1", "12", "ji") + row("2", "58", "TYPE") + row("3", "79", "44,"),
		"包裹 订单号":       row("1", "88", "包裹") + row("1", "79", "订单号"),
		"":             row("1", "50", "MMMEUIGAS") + row("1", "95", "||||"),
	} {
		if got := parse([]byte(rows)); got != want {
			t.Errorf("%q of %q", got, rows)
		}
	}
	if got := parse([]byte(strings.Repeat(row("1", "96.5", "much")+row("2", "96.5", "much"), 10_000))); len(got) > maxText || len(got) < maxText-5 {
		t.Errorf("%d bytes", len(got))
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(table))
	f.Add([]byte("5\t1\t1\t1\t1\t1\t1\t1\t9\t9\tNaN\tx\n5\t\t\t\t\t\t\t\t\t\t1e999\t\xff\t\n"))
	f.Fuzz(func(t *testing.T, table []byte) {
		got := parse(table)
		if len(got) > maxText || strings.ContainsAny(got, "\t\r\x00\x1b") || strings.ToValidUTF8(got, "") != got {
			t.Errorf("%q", got)
		}
	})
}
