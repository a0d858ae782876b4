package rules

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// returnOptions is what return_options gives.
type returnOptions struct {
	Orders []returnableOrder `json:"orders"`
	Policy struct {
		Window int `json:"window_days"`
	} `json:"policy"`
}

type returnableOrder struct {
	OrderID string `json:"order_id"`
	Items   []struct {
		Name  string `json:"name"`
		Can   bool   `json:"returnable"`
		Until string `json:"until"`
	} `json:"items"`
	Pays string `json:"who_pays"`
	Days int    `json:"refund_days"`
}

// byDay groups what can be returned by the last day for it, the earliest first.
func (o returnableOrder) byDay(called func(string) string) (days []string, names map[string][]string) {
	names = make(map[string][]string)
	for _, it := range o.Items {
		if it.Can {
			names[it.Until] = append(names[it.Until], called(it.Name))
		}
	}
	return sortedKeys(names), names
}

// options tells what may be returned, until when, and who pays.
func (t *turn) options(u understood) error {
	if !t.tools[toolOptions] {
		t.say("return_policy")
		return nil
	}
	t.state.Task = taskOptions
	arguments := struct {
		OrderID string `json:"order_id,omitempty"`
	}{}
	if n, ok := t.number(u); ok && n.Complete() {
		arguments.OrderID = "W" + n.Digits
	} else if t.state.Order != "" && t.refersBack() {
		arguments.OrderID = t.state.Order
	}
	var r returnOptions
	refusal, err := t.use(toolOptions, arguments, &r)
	if err != nil {
		return err
	}
	if refusal != "" {
		t.refusedWrite(refusal, arguments.OrderID)
		return nil
	}
	told := 0
	const most = 3 // more cannot be kept in mind by ear
	for _, o := range r.Orders {
		number := spokenID(o.OrderID)
		days, names := o.byDay(t.itemName)
		switch {
		case len(days) > 0 && told < most:
			told++
			t.state.Order = number
			for _, day := range days {
				t.say("options_until", "Order", number, "Items", t.row(names[day]), "Day", strings.TrimPrefix(t.day(day, ""), "on "))
			}
			if o.Pays == "shop" || o.Pays == "customer" {
				t.say("options_pays_" + o.Pays)
			}
			if o.Days > 0 {
				t.say("options_refund_days", "Days", o.Days)
			}
		case arguments.OrderID != "":
			told++
			t.say("options_none_of_order", "Order", number)
		}
	}
	if told == 0 {
		if len(r.Orders) > 0 {
			t.say("return_none_delivered")
		}
		if r.Policy.Window > 0 {
			t.say("options_window", "Days", r.Policy.Window)
		}
	}
	return nil
}

type stockArguments struct {
	Product string            `json:"product"`
	Options map[string]string `json:"options"`
}

// stock is what check_stock gives.
type stock struct {
	Name         string       `json:"name"`
	Matches      []stockMatch `json:"matches"`
	Alternatives []stockMatch `json:"alternatives"`
}

type stockMatch struct {
	Options   map[string]string `json:"options"`
	Available bool              `json:"available"`
	Stock     int               `json:"stock"`
	Price     json.Number       `json:"price"`
	Currency  string            `json:"currency"`
}

// optionOf are the names of the options that single words are values of.
var optionOf = map[string]string{
	"black": "color", "white": "color", "red": "color", "blue": "color", "green": "color", "grey": "color", "gray": "color", "silver": "color", "navy": "color",
	"purple": "color", "yellow": "color", "clear": "color", "pink": "color", "gold": "color", "orange": "color", "brown": "color", "beige": "color",
	"small": "size", "medium": "size", "large": "size", "s": "size", "m": "size", "l": "size", "xs": "size", "xl": "size", "xxl": "size", "xlarge": "size",
}

// sizeLetter are sizes in words as the shop writes them.
var sizeLetter = map[string]string{"small": "S", "medium": "M", "large": "L", "xlarge": "XL", "s": "S", "m": "M", "l": "L", "xs": "XS", "xl": "XL", "xxl": "XXL"}

// wanted are the options that words name: a colour, a size.
func wantedOptions(words []string) map[string]string {
	options := map[string]string{}
	for i, w := range words {
		name := optionOf[w]
		switch {
		case name == "size":
			options[name] = sizeLetter[w]
		case name != "":
			options[name] = strings.Replace(w, "gray", "grey", 1)
		case i > 0 && words[i-1] == "size" && len(w) <= 3 && w[0] >= '0' && w[0] <= '9':
			options["size"] = w
		case len(w) == 2 && w[0] >= '3' && w[0] <= '4':
			options["size"] = w // a shoe's
		}
	}
	return options
}

// inStock answers whether something can be had in a size or colour.
func (t *turn) inStock(u understood) error {
	if !t.tools[toolStock] {
		return t.products(u)
	}
	t.state.Task = taskStock
	options := wantedOptions(u.rest)
	name := strings.Join(t.productWords(u.rest), " ")
	if name == "" && t.strange { // "this" is what the photo shows, and not what was spoken of before
		t.sayStrange()
		return nil
	}
	if name == "" {
		name = t.state.Product
	}
	if name == "" && t.state.Order != "" {
		if o, found, err := t.details(t.state.Order); err != nil {
			return err
		} else if found && len(o.Items) == 1 {
			name = o.Items[0].Name
		}
	}
	if name == "" {
		t.state.Words = strings.Join(u.rest, " ")
		t.ask(askedProduct, "ask_product")
		return nil
	}
	t.state.Product, t.state.Words = name, ""
	var s stock
	refusal, err := t.use(toolStock, stockArguments{clip(name, 200), options}, &s)
	if err != nil {
		return err
	}
	if refusal != "" {
		t.say("product_none")
		return nil
	}
	t.tellStock(s)
	return nil
}

func (t *turn) tellStock(s stock) {
	name := t.itemName(s.Name)
	in := slices.IndexFunc(s.Matches, func(m stockMatch) bool { return m.Available })
	if in >= 0 {
		m := s.Matches[in]
		t.say("stock_yes", "Product", name, "Option", t.allOptions(m.Options), "Price", t.money(m.Price, m.Currency))
		return
	}
	var others []string
	for _, m := range slices.Concat(s.Alternatives, s.Matches) {
		if said := t.allOptions(m.Options); m.Available && !slices.Contains(others, said) && said != "" {
			others = append(others, said)
		}
	}
	const most = 4
	if len(others) == 0 {
		t.say("product_sold_out", "Product", name)
		return
	}
	t.say("stock_no", "Product", name, "Choices", t.joined("or", others[:min(most, len(others))]))
}

func (t *turn) allOptions(options map[string]string) string { return t.difference(options, nil) }

// productWords are the words that can name a product.
func (t *turn) productWords(words []string) []string {
	var out []string
	for i, w := range words {
		_, digits := strconv.Atoi(w)
		if searchNoise[w] || w == "w0" || optionOf[w] != "" || orderWords[singular(w)] || plainWords[w] || digits == nil || stockNoise[w] {
			continue
		}
		if other, ok := synonyms[singular(w)]; ok && !(i+1 < len(words) && words[i+1] == other) {
			w = other
		}
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

var stockNoise = set("stock", "left", "size", "sized", "color", "colour", "available", "availability", "version", "variant", "model", "type", "come", "comes", "larger", "bigger", "smaller", "different", "it", "same", "sold", "check", "currently", "now", "today", "instead", "too", "also", "other")

// shipping is what shipping_options gives.
type shipping struct {
	Country string `json:"country"`
	Ships   bool   `json:"ships"`
	Options []struct {
		Mode     string      `json:"mode"`
		Min      int         `json:"days_min"`
		Max      int         `json:"days_max"`
		Price    json.Number `json:"price"`
		Currency string      `json:"currency"`
	} `json:"options"`
}

type shippingArguments struct {
	Country string `json:"country"`
}

// shippingTo answers what shipping to a country costs and how long it takes.
func (t *turn) shippingTo() error {
	if !t.tools[toolShipping] {
		t.say("out_of_scope")
		t.say("can_do")
		return nil
	}
	t.state.Task = taskShipping
	country := t.brain.countries.in(t.text)
	if country == "" {
		t.ask(askedCountry, "ask_country")
		return nil
	}
	var s shipping
	refusal, err := t.use(toolShipping, shippingArguments{country}, &s)
	if err != nil {
		return err
	}
	name := t.brain.countries.local(country, t.lang)
	if refusal != "" || !s.Ships || len(s.Options) == 0 {
		t.say("shipping_none", "Country", name)
		return nil
	}
	var ways []string
	for _, o := range s.Options {
		days := strconv.Itoa(o.Max)
		if o.Min != o.Max {
			days = fmt.Sprintf("%d–%d", o.Min, o.Max)
			if t.lang == english {
				days = fmt.Sprintf("%d to %d", o.Min, o.Max)
			}
		}
		ways = append(ways, t.phrase("shipping_way", "Mode", t.word("mode_"+o.Mode), "Price", t.money(o.Price, o.Currency), "Days", days))
	}
	const most = 4
	t.say("shipping_to", "Country", name, "Ways", t.joined("and_clauses", ways[:min(most, len(ways))]))
	return nil
}

type personArguments struct {
	Summary string `json:"summary"`
}

// handOver has a person take the conversation over.
func (t *turn) handOver() error {
	if !t.tools[toolPerson] {
		t.say("person")
		t.say("can_do")
		return nil
	}
	summary := "The caller asks for a person."
	if t.state.Order != "" {
		summary += " They talked about order " + t.state.Order + "."
	}
	summary += " Their words (" + t.lang + "): " + clip(t.text, 300)
	var answer string
	refusal, err := t.use(toolPerson, personArguments{summary}, &answer)
	if err != nil {
		return err
	}
	if refusal != "" {
		t.say("person")
		return nil
	}
	t.drop()
	t.say("handed_over")
	return nil
}
