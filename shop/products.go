package shop

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Products finds the products that match any word of the query in their name,
// keywords or options, the best match first, at most limit. An empty query
// matches all, by name.
func (s *Store) Products(ctx context.Context, query string, limit int) ([]Product, error) {
	all, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	words := searchWords(query)
	if len(words) > 0 {
		all = ranked(all, words)
	}
	if len(all) > limit {
		all = all[:limit]
	}
	return all, nil
}

// catalogue reads all products with their variants, by name.
func (s *Store) catalogue(ctx context.Context) ([]Product, error) {
	var all []Product
	err := rows(ctx, s.read, func(r *sql.Rows) error {
		var p Product
		var v Variant
		var options string
		if err := r.Scan(&p.ID, &p.Name, &p.Description, &p.Keywords, &v.ID, &options, &v.Price.Minor, &v.Price.Currency, &v.Available); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(options), &v.Options); err != nil {
			return err
		}
		if len(all) == 0 || all[len(all)-1].ID != p.ID {
			all = append(all, p)
		}
		last := &all[len(all)-1]
		last.Variants = append(last.Variants, v)
		return nil
	}, `
		SELECT p.id, p.name, p.description, p.keywords, v.id, v.options, v.price_minor, v.currency, v.available
		FROM products p JOIN variants v ON v.product_id = p.id
		ORDER BY p.name, p.id, v.position`)
	if err != nil {
		return nil, fmt.Errorf("reading the products: %w", err)
	}
	return all, nil
}

// ranked keeps the products that a word matches. A word in the name counts
// most, one in the options least.
func ranked(all []Product, words []string) []Product {
	type hit struct {
		product Product
		score   int
	}
	var hits []hit
	for _, p := range all {
		name, keywords := searchWords(p.Name), searchWords(p.Keywords)
		var options []string
		for _, v := range p.Variants {
			for _, value := range v.Options {
				options = append(options, searchWords(value)...)
			}
		}
		score := 0
		for _, w := range words {
			switch {
			case slices.Contains(name, w):
				score += 6
			case slices.Contains(keywords, w):
				score += 4
			case slices.Contains(options, w):
				score++
			}
		}
		if score > 0 {
			hits = append(hits, hit{p, score})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return b.score - a.score })
	// A colour alone finds everything in that colour; beside a product that was
	// named it would only be noise.
	found := make([]Product, 0, len(hits))
	for _, h := range hits {
		if h.score >= 4 || hits[0].score < 4 {
			found = append(found, h.product)
		}
	}
	return found
}

// searchWords cuts text into lower-case words without their plural ending.
func searchWords(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, w := range words {
		if len(w) > 3 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") {
			words[i] = strings.TrimSuffix(w, "s")
		}
	}
	return words
}
