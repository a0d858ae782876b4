package rules

import (
	"slices"
	"strings"
)

type exchangeArguments struct {
	OrderID string   `json:"order_id"`
	Old     []string `json:"item_ids"`
	New     []string `json:"new_item_ids"`
	Method  string   `json:"payment_method_id"`
}

type productArguments struct {
	ProductID string `json:"product_id"`
}

// variants are what get_product_details gives of a product.
type variants struct {
	Name     string             `json:"name"`
	Variants map[string]variant `json:"variants"`
}

type variant struct {
	ID        string            `json:"item_id"`
	Options   map[string]string `json:"options"`
	Available bool              `json:"available"`
}

// exchanging leads through an exchange for another variant: of things in a
// delivered order, or in one that was not sent yet.
func (t *turn) exchanging(u understood) error {
	if !t.tools[toolExchange] || !t.tools[toolProduct] {
		t.say("no_exchange")
		return nil
	}
	t.state.Task = taskExchange
	o, found, err := t.which(u, func(o order) bool {
		return o.Status == deliveredStatus || (o.Status == pendingStatus && t.tools[toolItems])
	})
	if err != nil {
		return err
	}
	if !found {
		if t.state.Words == "" {
			t.state.Words = strings.Join(u.rest, " ")
		}
		return nil
	}
	if o.Status != deliveredStatus && (o.Status != pendingStatus || !t.tools[toolItems]) {
		t.state.Task = ""
		t.say("exchange_not_possible", "Order", o.number(), "State", t.inState(o))
		return nil
	}
	words := slices.Concat(strings.Fields(t.state.Words), u.rest)
	old, ok := t.exchanged(words, o)
	if !ok {
		t.state.Words = strings.Join(words, " ")
		t.ask(askedItems, "exchange_which_item", "Order", o.number(), "Items", t.someItems(o.Items))
		return nil
	}
	var p variants
	refusal, err := t.use(toolProduct, productArguments{old.ProductID}, &p)
	if err != nil {
		return err
	}
	if refusal != "" {
		t.refused(refusal)
		return nil
	}
	chosen, closest := p.other(old, words)
	if chosen == nil {
		t.state.Words = strings.Join(words, " ")
		return t.askVariant(old, p, closest)
	}
	return t.swap(o, old, *chosen)
}

// exchanged finds the one item that is to be exchanged. What the caller wants
// instead is described by words as well, so a name decides before an option.
func (t *turn) exchanged(words []string, o order) (item, bool) {
	if len(o.Items) == 1 {
		return o.Items[0], true
	}
	c := byName(words, o.Items)
	if len(c.items) == 0 {
		c.items = byPlace(words, o.Items)
	}
	if len(c.items) != 1 {
		return item{}, false
	}
	return c.items[0], true
}

// other is the available variant that the words ask for instead of an item: with
// the options that they name, and else as like it as can be. wanted says that they
// named options at all.
func (v variants) other(old item, words []string) (found *variant, wanted bool) {
	best, tie := -1, false
	for _, id := range sortedKeys(v.Variants) {
		x := v.Variants[id]
		asked := hits(words, x.Options, old.Options)
		if asked == 0 {
			continue
		}
		wanted = true
		if !x.Available || x.ID == old.ID {
			continue
		}
		score := 100*asked + same(x.Options, old.Options)
		switch {
		case score > best:
			found, best, tie = &x, score, false
		case score == best:
			tie = true
		}
	}
	if tie || (found != nil && best/100 < asksFor(words, v, old)) {
		return nil, wanted
	}
	return found, wanted
}

// hits counts the options of a variant that the words name and the old item does
// not have.
func hits(words []string, options, old map[string]string) int {
	n := 0
	for name, value := range options {
		if old[name] != value && saysValue(words, value) {
			n++
		}
	}
	return n
}

// asksFor is how many different options the words ask for, among all variants.
func asksFor(words []string, v variants, old item) int {
	named := make(map[string]bool)
	for _, x := range v.Variants {
		for name, value := range x.Options {
			if old.Options[name] != value && saysValue(words, value) {
				named[name] = true
			}
		}
	}
	return len(named)
}

// saysValue says whether the words have all of an option's value: "space grey",
// "500 ml".
func saysValue(words []string, value string) bool {
	parts := tokens(value)
	if len(parts) == 0 {
		return false
	}
	for _, p := range parts {
		if !slices.Contains(words, p) && (p != "grey" || !slices.Contains(words, "gray")) && sizes[p] != "" && !slices.Contains(words, sizes[p]) {
			return false
		}
		if sizes[p] == "" && !slices.Contains(words, p) && (p != "grey" || !slices.Contains(words, "gray")) {
			return false
		}
	}
	return true
}

// sizes are the words for sizes that are written as letters.
var sizes = map[string]string{"s": "small", "m": "medium", "l": "large", "xl": "xlarge"}

func same(a, b map[string]string) int {
	n := 0
	for name, value := range a {
		if b[name] == value {
			n++
		}
	}
	return n
}

// askVariant asks which other variant is wanted. unavailable says that the one they
// named cannot be had.
func (t *turn) askVariant(old item, p variants, unavailable bool) error {
	var choices []string
	for _, id := range sortedKeys(p.Variants) {
		if x := p.Variants[id]; x.Available && x.ID != old.ID {
			if said := t.difference(x.Options, old.Options); said != "" && !slices.Contains(choices, said) {
				choices = append(choices, said)
			}
		}
	}
	name := t.itemName(old.Name)
	const most = 5
	switch {
	case len(choices) == 0:
		t.state.Task, t.state.Words = "", ""
		t.say("exchange_none", "Item", name)
	case unavailable:
		t.ask(askedOption, "exchange_unavailable", "Item", name, "Choices", t.joined("or", choices[:min(most, len(choices))]))
	default:
		t.ask(askedOption, "exchange_which_option", "Item", name, "Choices", t.joined("or", choices[:min(most, len(choices))]))
	}
	return nil
}

// difference writes the options in which a differs from b.
func (t *turn) difference(a, b map[string]string) string {
	var out []string
	for _, name := range sortedKeys(a) {
		if a[name] != b[name] {
			out = append(out, t.word(a[name]))
		}
	}
	return strings.Join(out, " ")
}

// swap asks for the exchange, or for the change of the order that was not sent.
func (t *turn) swap(o order, old item, chosen variant) error {
	method := ""
	if p, ok := o.paid(); ok {
		method = p.Method
	}
	w := wish{
		tool: toolExchange, arguments: exchangeArguments{o.number(), []string{old.ID}, []string{chosen.ID}, method}, order: o.number(),
		ask: "exchange_confirm", again: "exchange_confirm_again", done: "exchange_done",
		fields: map[string]string{
			"Order": o.number(), "Item": t.itemName(old.Name), "Option": t.difference(chosen.Options, old.Options), "Method": t.method(method, o.Methods),
		},
	}
	if o.Status == pendingStatus {
		w.tool, w.done = toolItems, "items_done"
	}
	return t.write(w)
}

// changing finds out what of an order or an account is to be changed.
func (t *turn) changing(u understood) error {
	switch {
	case t.mentions("address", "delivery") && t.mentions("account", "profile", "default"):
		u.intent = accountIntent
	case t.mentions("address", "delivery", "deliver"):
		u.intent = addressIntent
	case t.mentions("payment", "card", "paypal", "pay"):
		u.intent = paymentIntent
	case t.mentions("size", "color", "colour", "item", "items"):
		u.intent = itemsIntent
	default:
		t.say("no_change")
		t.say("can_do")
		return nil
	}
	return t.fresh(u)
}
