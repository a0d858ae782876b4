// Package text reads what is printed in photos, by tesseract where that is installed:
// in processes of their own, a few at a time and after everything else, so that no
// answer waits for them. What is read is a stranger's: data, and never an instruction.
package text

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"parley/internal/child"
	"parley/photo"
)

const (
	// readTime bounds one photo, memory the program that reads it.
	readTime = 8 * time.Second
	memory   = 1 << 30
	// patience is how long a photo may wait for its turn.
	patience = 10 * time.Second
	// maxWaiting bounds the photos that are read and that wait.
	maxWaiting = 16
	// maxOutput bounds what the program writes of one photo, in bytes: a page has
	// about 500 words of 60.
	maxOutput = 256 << 10
	// maxLanguages bounds the languages: each takes as long as the first.
	maxLanguages = 3
)

// ErrMissing is why nothing can be read.
var ErrMissing = errors.New("tesseract is not installed (Debian: tesseract-ocr)")

// errLate is the cause of the end of a photo's wait.
var errLate = errors.New("too many photos are being read")

// Options make a [Reader].
type Options struct {
	// Languages are tesseract's names of those that are wanted, the likeliest first,
	// such as eng or chi_sim. Those that are not installed are left out.
	Languages []string
	Log       *slog.Logger
}

// Reader reads photos. It is safe for many goroutines.
type Reader struct {
	program   string
	languages []string
	log       *slog.Logger
	counts    counts
	// read reads one photo; tests have their own.
	read func(ctx context.Context, jpeg []byte) (string, error)

	ctx     context.Context
	stop    context.CancelFunc
	waiting chan struct{} // holds one for each photo that waits or is read
	running chan struct{} // and one for each that is read
	work    sync.WaitGroup
}

// Find looks for tesseract and its languages; the error wraps [ErrMissing] when it is
// not there. The reader is to be closed.
func Find(ctx context.Context, o Options) (*Reader, error) {
	program, err := exec.LookPath("tesseract")
	if err != nil {
		return nil, ErrMissing
	}
	r := newReader(o)
	r.program = program
	r.read = r.tesseract
	installed, err := r.installed(ctx)
	if err != nil {
		r.stop()
		return nil, err
	}
	r.languages = choose(o.Languages, installed)
	if len(r.languages) == 0 {
		r.stop()
		return nil, errors.New("tesseract has no language to read (Debian: tesseract-ocr-eng)")
	}
	return r, nil
}

func newReader(o Options) *Reader {
	r := &Reader{log: o.Log, counts: newCounts(), waiting: make(chan struct{}, maxWaiting)}
	r.ctx, r.stop = context.WithCancel(context.Background())
	atOnce := 1
	if runtime.NumCPU() >= 4 {
		atOnce = 2
	}
	r.running = make(chan struct{}, atOnce)
	return r
}

// Close ends what is being read and waits for it.
func (r *Reader) Close() error {
	r.stop()
	r.work.Wait()
	return nil
}

// Languages are those that are read, in tesseract's names.
func (r *Reader) Languages() []string { return slices.Clone(r.languages) }

// Begin begins to read a photo in the background. What is printed in it comes through
// the channel, which is then closed; nothing comes when there is nothing, or it
// could not be read in time. An empty text first says that there is none unless it is
// upside down, for which the photo is read once more. The longest is 18 seconds. Begin
// is not called after Close.
func (r *Reader) Begin(p *photo.Photo) <-chan string {
	out := make(chan string, 2)
	select {
	case r.waiting <- struct{}{}:
	default:
		r.counts.done("busy")
		close(out)
		return out
	}
	r.work.Go(func() {
		defer close(out)
		defer func() { <-r.waiting }()
		text, err := r.inTurn(p, func() { out <- "" })
		switch {
		case errors.Is(err, errLate):
			r.counts.done("busy")
		case err != nil && r.ctx.Err() == nil:
			r.counts.done("failed")
			r.log.Warn("a photo's text was not read", "photo", p.Hash(), "err", err)
		case err != nil:
		case text == "":
			r.counts.done("nothing")
		default:
			r.counts.done("text")
			out <- text
		}
	})
	return out
}

// inTurn reads when it is the photo's turn. It calls longer when there is nothing
// upright.
func (r *Reader) inTurn(p *photo.Photo, longer func()) (string, error) {
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case r.running <- struct{}{}:
		defer func() { <-r.running }()
	case <-late.C:
		return "", errLate
	case <-r.ctx.Done():
		return "", r.ctx.Err()
	}
	ctx, cancel := context.WithTimeout(r.ctx, readTime)
	defer cancel()
	upright, err := r.read(ctx, p.JPEG())
	if err != nil || letters(upright) >= enough {
		return upright, err
	}
	if upright == "" {
		longer()
	}
	turned, err := upsideDown(p.Image())
	if err != nil {
		return "", err
	}
	other, err := r.read(ctx, turned)
	if err != nil || letters(other) <= letters(upright) {
		return upright, err
	}
	return other, nil
}

// enough letters and digits are no chance find: what stands on its head gives a word or
// two that look like others.
const enough = 12

func letters(text string) (n int) {
	for word := range strings.FieldsSeq(text) {
		_, more := clean(word)
		n += more
	}
	return n
}

// upsideDown turns a photo by half a turn, as JPEG.
func upsideDown(img *image.RGBA) ([]byte, error) {
	turned := image.NewRGBA(img.Rect)
	last := len(img.Pix) - 4
	for i := 0; i <= last; i += 4 {
		copy(turned.Pix[last-i:], img.Pix[i:i+4])
	}
	var packed bytes.Buffer
	if err := jpeg.Encode(&packed, turned, &jpeg.Options{Quality: 90}); err != nil {
		return nil, fmt.Errorf("turning a photo: %w", err)
	}
	return packed.Bytes(), nil
}

func (r *Reader) tesseract(ctx context.Context, jpeg []byte) (string, error) {
	out, err := r.run(ctx, jpeg, "stdin", "stdout", "-l", strings.Join(r.languages, "+"), "--psm", "3", "tsv")
	if err != nil {
		return "", err
	}
	return parse(out), nil
}

func (r *Reader) run(ctx context.Context, stdin []byte, arguments ...string) ([]byte, error) {
	env := []string{"OMP_THREAD_LIMIT=1"} // its threads wait for each other more than they save
	if data, ok := os.LookupEnv("TESSDATA_PREFIX"); ok {
		env = append(env, "TESSDATA_PREFIX="+data)
	}
	return child.Run(ctx, child.Limits{Time: readTime, Memory: memory, Output: maxOutput}, "", env, stdin, r.program, arguments...)
}

// installed lists tesseract's languages.
func (r *Reader) installed(ctx context.Context) ([]string, error) {
	out, err := r.run(ctx, nil, "--list-langs")
	if err != nil {
		return nil, fmt.Errorf("asking tesseract for its languages: %w", err)
	}
	_, list, _ := strings.Cut(string(out), "\n") // the first line says where they are
	return strings.Fields(list), nil
}

// choose takes those of the wanted languages that are installed, or one that is.
func choose(wanted, installed []string) []string {
	var chosen []string
	for _, l := range wanted {
		if slices.Contains(installed, l) && !slices.Contains(chosen, l) && len(chosen) < maxLanguages {
			chosen = append(chosen, l)
		}
	}
	for _, l := range installed {
		if len(chosen) == 0 && l != "osd" { // that one knows which side is up, and no words
			chosen = append(chosen, l)
		}
	}
	return chosen
}
