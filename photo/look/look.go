// Package look finds out what is in a customer's photo before a brain answers: the
// product that the catalogue knows, and barcodes.
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

// Deadline is how long it is looked at one photo: an answer about it is to come within
// a second.
const Deadline = 800 * time.Millisecond

// Eyes look at photos. They are safe for many goroutines.
type Eyes struct {
	intake *photo.Intake
	// catalogue gives the index as it is now; nil where there is none.
	catalogue func() *match.Index
	log       *slog.Logger
}

// New makes eyes. catalogue is asked for each photo and may give nil.
func New(intake *photo.Intake, catalogue func() *match.Index, log *slog.Logger) *Eyes {
	return &Eyes{intake: intake, catalogue: catalogue, log: log}
}

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
	images := make([]llm.Image, len(files))
	for i, data := range files {
		p, err := e.intake.Take(ctx, data)
		if words, ok := photo.Say(err); ok {
			return nil, &Refused{err, words}
		}
		if err != nil {
			return nil, fmt.Errorf("taking photo %d: %w", i+1, err)
		}
		images[i] = llm.Image{MediaType: "image/jpeg", Data: p.JPEG(), Found: e.find(ctx, p)}
	}
	return images, ctx.Err()
}

// find looks for all at once; what is not found in time is not found.
func (e *Eyes) find(ctx context.Context, p *photo.Photo) *llm.Found {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	found := &llm.Found{}
	var wait sync.WaitGroup
	wait.Go(func() { found.Codes = code.Read(ctx, p.Image()) })
	if index := e.catalogue(); index != nil && index.Len() > 0 {
		answer, err := index.Find(ctx, p.Image())
		if err != nil {
			e.log.WarnContext(ctx, "a photo was not looked for in the catalogue", "photo", p.Hash(), "err", err)
		} else {
			found.Match = map[match.Kind]llm.Match{match.Unknown: llm.MatchUnknown, match.Perhaps: llm.MatchPerhaps, match.Certain: llm.MatchCertain}[answer.Kind]
			for _, product := range answer.Products {
				found.Products = append(found.Products, llm.FoundProduct{ID: product.ID, Name: product.Name})
			}
		}
	}
	wait.Wait()
	return found
}
