package shop

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"parley/tools"
)

// Product is a product with its variants and their stock, or [ErrNoProduct].
func (s *Store) Product(ctx context.Context, productID string) (Product, error) {
	var p Product
	err := s.view(ctx, func(q queryer) (err error) {
		p, err = product(ctx, q, productID)
		return err
	})
	return p, err
}

func product(ctx context.Context, q queryer, productID string) (Product, error) {
	p := Product{ID: productID}
	err := q.QueryRowContext(ctx, `SELECT name, description, keywords, category FROM products WHERE id = $1`, productID).
		Scan(&p.Name, &p.Description, &p.Keywords, &p.Category)
	if errors.Is(err, sql.ErrNoRows) {
		return Product{}, ErrNoProduct
	}
	fail := func(err error) (Product, error) {
		return Product{}, fmt.Errorf("reading product %s: %w", productID, err)
	}
	if err != nil {
		return fail(err)
	}
	err = rows(ctx, q, func(r *sql.Rows) error {
		var v Variant
		var options string
		var warehouse sql.NullString
		var quantity sql.NullInt64
		if err := r.Scan(&v.ID, &options, &v.Price.Minor, &v.Price.Currency, &v.Available, &warehouse, &quantity); err != nil {
			return err
		}
		if n := len(p.Variants); n == 0 || p.Variants[n-1].ID != v.ID {
			if err := json.Unmarshal([]byte(options), &v.Options); err != nil {
				return err
			}
			p.Variants = append(p.Variants, v)
		}
		if warehouse.Valid {
			last := &p.Variants[len(p.Variants)-1]
			if last.Stock == nil {
				last.Stock = make(map[string]int64)
			}
			last.Stock[warehouse.String] = quantity.Int64
		}
		return nil
	}, `SELECT v.id, v.options, v.price_minor, v.currency, v.available, s.warehouse, s.quantity
		FROM variants v LEFT JOIN stock s ON s.item_id = v.id
		WHERE v.product_id = $1 ORDER BY v.position, v.id, s.warehouse`, productID)
	if err != nil {
		return fail(err)
	}
	err = rows(ctx, q, func(r *sql.Rows) error {
		var f Photo
		err := r.Scan(&f.ItemID, &f.Path, &f.Hash)
		p.Photos = append(p.Photos, f)
		return err
	}, `SELECT item_id, path, hash FROM photos WHERE product_id = $1 ORDER BY position`, productID)
	if err != nil {
		return fail(err)
	}
	return p, nil
}

// variant is a variant without its stock, or [ErrNoVariant]. With productID "" it
// may be of any product.
func variant(ctx context.Context, q queryer, itemID, productID string) (Variant, error) {
	v := Variant{ID: itemID}
	var of, options string
	err := q.QueryRowContext(ctx, `SELECT product_id, options, price_minor, currency, available FROM variants WHERE id = $1`, itemID).
		Scan(&of, &options, &v.Price.Minor, &v.Price.Currency, &v.Available)
	if errors.Is(err, sql.ErrNoRows) || err == nil && productID != "" && of != productID {
		return Variant{}, ErrNoVariant
	}
	if err == nil {
		err = json.Unmarshal([]byte(options), &v.Options)
	}
	if err != nil {
		return Variant{}, fmt.Errorf("reading item %s: %w", itemID, err)
	}
	return v, nil
}

type productArgs struct {
	ProductID string `json:"product_id"`
}

func (s *Store) getProductDetails(ctx context.Context, args productArgs, _ tools.Call) (any, error) {
	p, err := s.Product(ctx, args.ProductID)
	if err != nil {
		return nil, err
	}
	return viewCatalogue(p), nil
}

type itemArgs struct {
	ItemID string `json:"item_id"`
}

func (s *Store) getItemDetails(ctx context.Context, args itemArgs, _ tools.Call) (any, error) {
	v, err := variant(ctx, s.read, args.ItemID, "")
	if errors.Is(err, ErrNoVariant) {
		err = ErrNoItem
	}
	if err != nil {
		return nil, err
	}
	return viewVariant(v), nil
}

// listAllProductTypes gives a text: a JSON object of names and ids, sorted by
// name. Of two products with one name the second has its id beside it.
func (s *Store) listAllProductTypes(ctx context.Context, _ struct{}, _ tools.Call) (any, error) {
	names := make(map[string]string)
	err := rows(ctx, s.read, func(r *sql.Rows) error {
		var id, name string
		if err := r.Scan(&id, &name); err != nil {
			return err
		}
		if _, twice := names[name]; twice {
			name += " (" + id + ")"
		}
		names[name] = id
		return nil
	}, `SELECT id, name FROM products ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("listing the products: %w", err)
	}
	var text strings.Builder
	for i, name := range slices.Sorted(maps.Keys(names)) {
		if i > 0 {
			text.WriteString(", ")
		}
		fmt.Fprintf(&text, "%s: %s", quoted(name), quoted(names[name]))
	}
	return "{" + text.String() + "}", nil
}

// quoted writes text as a JSON string.
func quoted(text string) string {
	raw, err := json.Marshal(text)
	if err != nil { // strings always marshal
		return `""`
	}
	return string(raw)
}
