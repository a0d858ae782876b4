package shop

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// Products finds the products that match any word of the query in their name,
// keywords or options, the best match first, at most limit. An empty query
// matches all, by name. Nobody changes what a product holds.
func (s *Store) Products(ctx context.Context, query string, limit int) ([]Product, error) {
	i, err := s.searched(ctx)
	if err != nil {
		return nil, fmt.Errorf("searching the products: %w", err)
	}
	return i.find(searchWords(query), limit), nil
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
