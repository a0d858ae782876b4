// Package look finds out what is in a customer's photo before a brain answers: the
// product that the catalogue knows, barcodes and printed text. It has the photo kept
// meanwhile.
package look

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"parley/llm"
	"parley/photo"
	"parley/photo/code"
	"parley/photo/match"
)

// Deadline is how long it is looked at one photo, and how long print is waited for: an
// answer is to come within a second.
const Deadline = 800 * time.Millisecond

// Keeper keeps photos. It is safe for many goroutines.
type Keeper interface {
	// Put has kept the photo when it returns nil. It ends with ctx.
	Put(ctx context.Context, p *photo.Photo) error
}

// Reader reads print in the background. It is safe for many goroutines.
type Reader interface {
	// Begin gives what it has read through the channel, which is closed after it. An
	// empty text first says that it takes longer.
	Begin(p *photo.Photo) <-chan string
}

// Options make eyes.
type Options struct {
	Intake *photo.Intake
	// Catalogue is asked for the index for each photo, and may give nil.
	Catalogue func() *match.Index
	// Keeper is nil where no photo is kept.
	Keeper Keeper
	// Reader is nil where no print is read.
	Reader Reader
	Log    *slog.Logger
}

// Eyes look at photos. They are safe for many goroutines.
type Eyes struct{ o Options }

// New makes eyes.
func New(o Options) *Eyes { return &Eyes{o} }

// Refused is about a photo that cannot be taken.
type Refused struct {
	err   error
	words string
}

func (r *Refused) Error() string { return r.err.Error() }
func (r *Refused) Unwrap() error { return r.err }

// PhotoStatus is an HTTP status, and what is wrong in plain words.
func (r *Refused) PhotoStatus() (status int, reason string) {
	if errors.Is(r.err, photo.ErrTooLarge) {
		return http.StatusRequestEntityTooLarge, r.words
	}
	return http.StatusUnprocessableEntity, r.words
}

// Look takes photos as they came and makes of each an image, upright and small, with
// what was found in it. A photo that cannot be taken is a [*Refused].
func (e *Eyes) Look(ctx context.Context, files [][]byte) ([]llm.Image, error) {
	photos := make([]*photo.Photo, len(files))
	for i, data := range files {
		p, err := e.o.Intake.Take(ctx, data)
		if words, ok := photo.Say(err); ok {
			return nil, &Refused{err, words}
		}
		if err != nil {
			return nil, fmt.Errorf("taking photo %d: %w", i+1, err)
		}
		photos[i] = p
	}
	late, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	images := make([]llm.Image, len(files))
	if e.o.Reader != nil {
		for i, p := range photos {
			images[i].Late = e.o.Reader.Begin(p)
		}
	}
	for i, p := range photos {
		e.look(ctx, p, &images[i])
	}
	for i := range images {
		read(late, &images[i])
	}
	return images, ctx.Err()
}

// read takes what has been read in an image by now. Where nothing else says what it
// shows it waits until ctx ends; what comes later comes through Late.
func read(ctx context.Context, image *llm.Image) {
	if image.Late == nil {
		return
	}
	take := func(text string, more bool) {
		if text != "" || !more {
			image.Found.Text, image.Late = text, nil
		}
	}
	select {
	case text, more := <-image.Late:
		take(text, more)
		return
	default:
	}
	if image.Found.Match == llm.MatchCertain || len(image.Found.Codes) > 0 {
		return
	}
	select {
	case text, more := <-image.Late:
		take(text, more)
	case <-ctx.Done():
	}
}

// look does all at once; what is not done in time is not done.
func (e *Eyes) look(ctx context.Context, p *photo.Photo, image *llm.Image) {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	image.MediaType, image.Data, image.Found = "image/jpeg", p.JPEG(), &llm.Found{}
	var wait sync.WaitGroup
	wait.Go(func() { image.Found.Codes = code.Read(ctx, p.Image()) })
	wait.Go(func() { image.Hash = e.keep(ctx, p) })
	e.compare(ctx, p, image.Found)
	wait.Wait()
}

// keep has a photo kept and gives its hash, "" where it is not kept: the conversation
// goes on without.
func (e *Eyes) keep(ctx context.Context, p *photo.Photo) (hash string) {
	if e.o.Keeper == nil {
		return ""
	}
	if err := e.o.Keeper.Put(ctx, p); err != nil {
		e.o.Log.WarnContext(ctx, "a photo is not kept", "err", err)
		return ""
	}
	return p.Hash()
}

// compare looks for the photo's product in the catalogue.
func (e *Eyes) compare(ctx context.Context, p *photo.Photo, found *llm.Found) {
	index := e.o.Catalogue()
	if index == nil || index.Len() == 0 {
		return
	}
	answer, err := index.Find(ctx, p.Image())
	if err != nil {
		e.o.Log.WarnContext(ctx, "a photo was not looked for in the catalogue", "photo", p.Hash(), "err", err)
		return
	}
	found.Match = map[match.Kind]llm.Match{match.Unknown: llm.MatchUnknown, match.Perhaps: llm.MatchPerhaps, match.Certain: llm.MatchCertain}[answer.Kind]
	for _, product := range answer.Products {
		found.Products = append(found.Products, llm.FoundProduct{ID: product.ID, Name: product.Name})
	}
}
