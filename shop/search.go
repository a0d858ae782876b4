package shop

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// maxAge bounds how long a search goes by what was read before, should somebody
// change the products' tables by hand.
const maxAge = time.Minute

// wares is what the shop sells, kept in memory for searches: reading and cutting up a
// catalogue of 500 products takes 7 ms, a search of it 10 µs.
type wares struct {
	mu    sync.Mutex
	index *index // nil until the first search
}

// index finds products by words. It does not change.
type index struct {
	revision int64
	read     time.Time
	products []Product // by name
	hits     map[string][]hit
}

// hit says that a word stands for a product, and how much.
type hit struct{ product, score int }

// What a word is worth: most in the name, least in the options.
const (
	inName     = 6
	inKeywords = 4
	inOptions  = 1
)

// searched is the index of what the shop sells now.
func (s *Store) searched(ctx context.Context) (*index, error) {
	var revision int64
	if err := s.read.QueryRowContext(ctx, `SELECT revision FROM catalogue`).Scan(&revision); err != nil {
		return nil, err
	}
	s.wares.mu.Lock()
	defer s.wares.mu.Unlock() // who comes while it is read anew waits for that
	if i := s.wares.index; i != nil && i.revision == revision && s.now().Sub(i.read) < maxAge {
		return i, nil
	}
	all, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	s.wares.index = newIndex(all)
	s.wares.index.revision, s.wares.index.read = revision, s.now()
	return s.wares.index, nil
}

func newIndex(all []Product) *index {
	i := &index{products: all, hits: make(map[string][]hit)}
	for n, p := range all {
		best := make(map[string]int)
		add := func(text string, score int) {
			for _, w := range searchWords(text) {
				best[w] = max(best[w], score)
			}
		}
		add(p.Name, inName)
		add(p.Keywords, inKeywords)
		for _, v := range p.Variants {
			for _, value := range v.Options {
				add(value, inOptions)
			}
		}
		for word, score := range best {
			i.hits[word] = append(i.hits[word], hit{n, score})
		}
	}
	return i
}

// find gives the products that any of the words stands for, the best first, and
// among equals by name, at most limit.
func (i *index) find(words []string, limit int) []Product {
	if len(words) == 0 {
		return slices.Clone(i.products[:min(limit, len(i.products))])
	}
	scores := make(map[int]int)
	for _, w := range words {
		for _, h := range i.hits[w] {
			scores[h.product] += h.score
		}
	}
	hits := make([]hit, 0, len(scores))
	best := 0
	for product, score := range scores {
		hits = append(hits, hit{product, score})
		best = max(best, score)
	}
	slices.SortFunc(hits, func(a, b hit) int { return cmp.Or(b.score-a.score, a.product-b.product) })
	found := []Product{}
	for _, h := range hits {
		// A colour alone finds everything in that colour; beside a product that was
		// named it would only be noise.
		if len(found) == limit || (h.score < inKeywords && best >= inKeywords) {
			break
		}
		found = append(found, i.products[h.product])
	}
	return found
}
