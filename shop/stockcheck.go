package shop

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"parley/tools"
)

type stockArgs struct {
	Product string            `json:"product"`
	Options map[string]string `json:"options"`
}

type (
	stockView struct {
		ProductID    string             `json:"product_id"`
		Name         string             `json:"name"`
		Matches      []stockVariantView `json:"matches"`
		Alternatives []stockVariantView `json:"alternatives"`
	}
	stockVariantView struct {
		ItemID    string            `json:"item_id"`
		Options   map[string]string `json:"options"`
		Available bool              `json:"available"`
		// Stock is nil where the shop does not count.
		Stock      *int64           `json:"stock,omitempty"`
		Warehouses map[string]int64 `json:"warehouses,omitempty"`
		Price      json.Number      `json:"price"`
		Currency   string           `json:"currency"`
	}
)

// checkStock tells which variants of a product have the options that are asked for,
// whether they can be had, and what else can.
func (s *Store) checkStock(ctx context.Context, args stockArgs, _ tools.Call) (any, error) {
	p, err := s.findProduct(ctx, args.Product)
	if err != nil {
		return nil, err
	}
	v := stockView{ProductID: p.ID, Name: p.Name, Matches: []stockVariantView{}, Alternatives: []stockVariantView{}}
	for _, x := range p.Variants {
		one := viewStock(x)
		switch {
		case fitsOptions(x, args.Options) || strings.EqualFold(x.ID, args.Product):
			v.Matches = append(v.Matches, one)
		case x.Available:
			v.Alternatives = append(v.Alternatives, one)
		}
	}
	return v, nil
}

func viewStock(x Variant) stockVariantView {
	v := stockVariantView{ItemID: x.ID, Options: x.Options, Available: x.Available, Warehouses: x.Stock, Price: x.Price.Number(), Currency: x.Price.Currency}
	if x.Stock != nil {
		sum := int64(0)
		for _, n := range x.Stock {
			sum += n
		}
		v.Stock = &sum
	}
	return v
}

// fitsOptions says whether a variant has all the options that are asked for. An
// option that the product does not have fits none; case does not matter, nor how
// color is spelt.
func fitsOptions(x Variant, wanted map[string]string) bool {
	for name, value := range wanted {
		got, ok := optionNamed(x, name)
		if !ok || !strings.EqualFold(strings.TrimSpace(got), strings.TrimSpace(value)) {
			return false
		}
	}
	return true
}

func optionNamed(x Variant, name string) (string, bool) {
	if strings.EqualFold(name, "colour") {
		name = "color"
	}
	for n, value := range x.Options {
		if strings.EqualFold(n, name) {
			return value, true
		}
	}
	return "", false
}

// findProduct finds a product by its id, the id of one of its variants, or the words
// of its name.
func (s *Store) findProduct(ctx context.Context, what string) (Product, error) {
	what = strings.TrimSpace(what)
	p, err := s.Product(ctx, what)
	if err == nil || !errors.Is(err, ErrNoProduct) {
		return p, err
	}
	var owner string
	err = s.view(ctx, func(q queryer) error {
		return q.QueryRowContext(ctx, `SELECT product_id FROM variants WHERE id = $1`, what).Scan(&owner)
	})
	if err == nil {
		return s.Product(ctx, owner)
	}
	list, err := s.Products(ctx, what, 1)
	if err != nil {
		return Product{}, err
	}
	if len(list) == 0 || strings.TrimSpace(what) == "" {
		return Product{}, ErrNoProduct
	}
	return s.Product(ctx, list[0].ID)
}
