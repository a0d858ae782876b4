// Package match finds the product that a photo shows: by the features of
// EfficientNet-lite0, several views of a photo compared with several of each of the
// catalogue's.
package match

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"math"
	"slices"
	"sync"
)

// Product is what a photo can show.
type Product struct {
	ID, Name string
}

// Kind says how sure a match is.
type Kind int

// The answers: "I do not know this", "is it one of these?", "this is it".
const (
	Unknown Kind = iota
	Perhaps
	Certain
)

// Answer is what a photo shows.
type Answer struct {
	Kind Kind
	// Products are the one that it certainly shows, or those that it may show, the
	// likeliest first, at most three.
	Products []Product
	// Score is the likeness of the first, from 0 to 1; Margin how far the second, another
	// product, is behind.
	Score, Margin float32
}

// What likeness means, chosen on altered photos of every other product of the test and
// measured on the rest; see docs/photos.md. A photo shows a product when it is like it,
// the more so the less it is like any other.
const (
	surely   = 0.78 // of score and half the margin
	apart    = 0.02 // the least margin
	possible = 0.60 // of score
	// alone stands for the margin where there is no other product.
	alone = 0.15
	// near is how far behind the likeliest product another may be to be asked about.
	near = 0.12
)

// maxCandidates is how many products can be told apart by ear.
const maxCandidates = 3

// Index knows products by their photos. It is safe for many goroutines.
type Index struct {
	network *Network

	mu       sync.RWMutex
	products []indexed
}

// indexed is a product with what its photos look like.
type indexed struct {
	Product Product
	// Photos names the photos that Views are of, as a hash of each.
	Photos []string
	Views  [][]float32 // each of length 1
}

// NewIndex makes an empty index over a network.
func NewIndex(n *Network) *Index { return &Index{network: n} }

// Len is how many products the index knows.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.products)
}

// Knows says whether the index has a product with just these photos, by their hashes.
func (x *Index) Knows(p Product, photos []string) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return slices.ContainsFunc(x.products, func(known indexed) bool { return known.Product == p && slices.Equal(known.Photos, photos) })
}

// Put takes a product in, or its new photos. hashes name the photos.
func (x *Index) Put(ctx context.Context, p Product, hashes []string, photos []*image.RGBA) error {
	one := indexed{Product: p, Photos: slices.Clone(hashes)}
	for _, img := range photos {
		for _, v := range catalogueViews() {
			f, err := x.network.features(ctx, img, v)
			if err != nil {
				return fmt.Errorf("indexing a photo of %s: %w", p.ID, err)
			}
			one.Views = append(one.Views, unit(f))
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.products = slices.DeleteFunc(x.products, func(known indexed) bool { return known.Product.ID == p.ID })
	x.products = append(x.products, one)
	return nil
}

// Keep drops the products that are none of these.
func (x *Index) Keep(ids map[string]bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.products = slices.DeleteFunc(x.products, func(known indexed) bool { return !ids[known.Product.ID] })
}

// Find tells what a photo shows. It looks at it in several ways, one after another,
// and is content with fewer when ctx ends after the first; before that it fails with
// ctx's cause.
func (x *Index) Find(ctx context.Context, img *image.RGBA) (Answer, error) {
	var looks [][]float32
	for _, v := range queryViews() {
		f, err := x.network.features(ctx, img, v)
		switch {
		case err == nil:
			looks = append(looks, unit(f))
		case len(looks) == 0 || ctx.Err() == nil:
			return Answer{}, fmt.Errorf("looking at a photo: %w", err)
		}
	}
	return judge(x.scores(looks)), nil
}

type scored struct {
	product Product
	score   float32
}

// scores are the products by their likeness, the likeliest first: that of the pair of
// views that are most alike.
func (x *Index) scores(looks [][]float32) []scored {
	x.mu.RLock()
	defer x.mu.RUnlock()
	all := make([]scored, 0, len(x.products))
	for _, p := range x.products {
		best := float32(-1)
		for _, v := range p.Views {
			for _, look := range looks {
				best = max(best, dot(look, v))
			}
		}
		all = append(all, scored{p.Product, best})
	}
	slices.SortFunc(all, func(a, b scored) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.product.ID, b.product.ID))
	})
	return all
}

// judge makes an answer of likenesses.
func judge(all []scored) Answer {
	if len(all) == 0 {
		return Answer{}
	}
	a := Answer{Score: all[0].score, Margin: alone}
	if len(all) > 1 {
		a.Margin = all[0].score - all[1].score
	}
	switch {
	case a.Score+a.Margin/2 >= surely && a.Margin >= apart:
		a.Kind, a.Products = Certain, []Product{all[0].product}
	case a.Score >= possible:
		a.Kind = Perhaps
		for _, s := range all[:min(len(all), maxCandidates)] {
			if a.Score-s.score <= near {
				a.Products = append(a.Products, s.product)
			}
		}
	}
	return a
}

func dot(a, b []float32) float32 {
	var sum float32
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

// unit gives a vector the length 1.
func unit(v []float32) []float32 {
	length := float32(math.Sqrt(float64(dot(v, v))))
	if length == 0 {
		return v
	}
	for i := range v {
		v[i] /= length
	}
	return v
}
