package shop

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"parley/shop/logistics"
	"parley/tools"
)

type shippingArgs struct {
	Country string `json:"country"`
	Product string `json:"product"`
}

type (
	shippingView struct {
		Country     string       `json:"country"`
		CountryCode string       `json:"country_code"`
		Ships       bool         `json:"ships"`
		Options     []optionView `json:"options"`
	}
	optionView struct {
		Mode     string      `json:"mode"`
		Name     string      `json:"name"`
		Carriers []string    `json:"carriers"`
		DaysMin  int         `json:"days_min"`
		DaysMax  int         `json:"days_max"`
		Price    json.Number `json:"price"`
		Currency string      `json:"currency"`
		ETAFrom  string      `json:"eta_from"`
		ETATo    string      `json:"eta_to"`
		CutOff   string      `json:"cut_off"`
	}
)

// modeNames are the modes as people call them.
var modeNames = map[string]string{
	Express: "international express", OverseasWarehouse: "overseas warehouse with local delivery",
	DedicatedLine: "dedicated line", Postal: "postal small parcel",
}

// shippingOptions tells what shipping to a country costs and how long it takes, for
// something ordered now. With a product, a warehouse in the country counts only if
// the product lies there.
func (s *Store) shippingOptions(ctx context.Context, args shippingArgs, call tools.Call) (any, error) {
	code := s.rules.Lanes.Code(args.Country)
	if code == "" {
		return nil, &tools.Error{Code: tools.InvalidArguments, Message: fmt.Sprintf("%q is no country. Give its English name or its ISO code, such as Indonesia or ID.", args.Country)}
	}
	var stock map[string]int64
	if args.Product != "" {
		p, err := s.findProduct(ctx, args.Product)
		if err != nil {
			return nil, err
		}
		stock = make(map[string]int64)
		for _, x := range p.Variants {
			for warehouse, n := range x.Stock {
				stock[warehouse] += n
			}
		}
	}
	zone := time.UTC
	if c, err := s.Customer(ctx, call.Caller.CustomerID); err == nil && call.Caller.Verified {
		zone = c.zone()
	}
	v := shippingView{Country: logistics.CountryName(code), CountryCode: code, Options: []optionView{}}
	for _, l := range s.rules.Lanes.To(code) {
		if l.Mode == OverseasWarehouse && len(stock) > 0 && stock[l.Warehouse] == 0 {
			continue
		}
		from, to := l.Estimate(s.now(), zone)
		v.Options = append(v.Options, optionView{
			Mode: l.Mode, Name: modeNames[l.Mode], Carriers: append([]string{}, l.Carriers...), DaysMin: l.DaysMin, DaysMax: l.DaysMax,
			Price: Money{int64(l.Price), l.Currency}.Number(), Currency: l.Currency,
			ETAFrom: day(from, zone), ETATo: day(to, zone), CutOff: l.CutOffTime(),
		})
	}
	v.Ships = len(v.Options) > 0
	return v, nil
}
