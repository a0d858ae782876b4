package shop

import (
	"encoding/json"
	"slices"
	"time"
)

type (
	summaryView struct {
		OrderID  string     `json:"order_id"`
		Status   string     `json:"status"`
		PlacedAt string     `json:"placed_at"`
		ETA      string     `json:"eta,omitempty"`
		Items    []itemView `json:"items"`
	}
	productView struct {
		Name        string              `json:"name"`
		ProductID   string              `json:"product_id"`
		Description string              `json:"description,omitempty"`
		PriceFrom   json.Number         `json:"price_from"`
		PriceTo     json.Number         `json:"price_to"`
		Currency    string              `json:"currency"`
		Available   bool                `json:"available"`
		Options     map[string][]string `json:"options"`
	}
)

func viewSummary(o OrderSummary, zone *time.Location) summaryView {
	v := summaryView{OrderID: o.ID, Status: o.Status, PlacedAt: at(o.PlacedAt, zone), ETA: day(o.ETA, zone), Items: make([]itemView, 0, len(o.Items))}
	for _, l := range o.Items {
		v.Items = append(v.Items, viewItem(l, false))
	}
	return v
}

// viewProduct gives the options of those variants that can be had now.
func viewProduct(p Product) productView {
	v := productView{Name: p.Name, ProductID: p.ID, Description: p.Description, Options: make(map[string][]string)}
	var low, high Money
	for i, variant := range p.Variants {
		if i == 0 || variant.Price.Minor < low.Minor {
			low = variant.Price
		}
		if i == 0 || variant.Price.Minor > high.Minor {
			high = variant.Price
		}
		if !variant.Available {
			continue
		}
		v.Available = true
		for name, value := range variant.Options {
			if !slices.Contains(v.Options[name], value) {
				v.Options[name] = append(v.Options[name], value)
			}
		}
	}
	v.PriceFrom, v.PriceTo, v.Currency = low.Number(), high.Number(), low.Currency
	return v
}

type (
	catalogueView struct {
		Name        string                 `json:"name"`
		ProductID   string                 `json:"product_id"`
		Description string                 `json:"description,omitempty"`
		Category    string                 `json:"category,omitempty"`
		Variants    map[string]variantView `json:"variants"`
	}
	variantView struct {
		ItemID    string            `json:"item_id"`
		Options   map[string]string `json:"options"`
		Available bool              `json:"available"`
		Price     json.Number       `json:"price"`
		Currency  string            `json:"currency,omitempty"`
	}
)

// viewCatalogue is a product with all its variants by id.
func viewCatalogue(p Product) catalogueView {
	v := catalogueView{Name: p.Name, ProductID: p.ID, Description: p.Description, Category: p.Category, Variants: make(map[string]variantView, len(p.Variants))}
	for _, of := range p.Variants {
		v.Variants[of.ID] = viewVariant(of)
	}
	return v
}

func viewVariant(v Variant) variantView {
	return variantView{ItemID: v.ID, Options: v.Options, Available: v.Available, Price: v.Price.Number(), Currency: v.Price.Currency}
}
