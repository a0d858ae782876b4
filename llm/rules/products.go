package rules

import "strings"

type searchArguments struct {
	Query string `json:"query"`
}

// searchNoise are words of a question about products that do not name one.
var searchNoise = set("do", "does", "you", "u", "guys", "have", "has", "sell", "sells", "stock", "carry", "offer", "got", "any", "some", "a", "an", "the", "your", "those", "these", "what",
	"which", "is", "are", "in", "it", "can", "could", "i", "we", "buy", "want", "to", "like", "would", "looking", "look", "for", "searching", "search", "shopping", "show", "me", "how", "much",
	"price", "of", "cost", "costs", "shop", "store", "please", "hi", "hello", "hey", "there", "products", "product", "things", "thing", "kind", "else", "available", "colors", "colours", "color",
	"colour", "sizes", "size", "recommend", "something", "anything", "interested", "catalog", "catalogue", "and", "also", "with", "my", "here", "order", "all", "items", "range", "tell", "about", "whats", "im",
	"still", "they", "this", "that", "need", "new", "one", "ones", "on", "sale", "id", "um", "uh", "so", "well", "ok", "okay", "yes", "no", "do", "from", "out", "at", "up", "know", "see", "get", "find")

// products answers what the shop sells.
func (t *turn) products(u understood) error {
	var query []string
	for i := 0; i < len(u.rest); i++ {
		w := u.rest[i]
		if searchNoise[w] || w == "w0" {
			continue
		}
		if i+1 < len(u.rest) && synonyms[singular(w+u.rest[i+1])] != "" { // "head phones"
			i++
			w += u.rest[i]
		}
		if other, ok := synonyms[singular(w)]; ok {
			w = other
		}
		query = append(query, w)
	}
	if len(query) == 0 && t.strange {
		t.sayStrange()
		return nil
	}
	var list productList
	refusal, err := t.use(toolProducts, searchArguments{clip(strings.Join(query, " "), 200)}, &list)
	if err != nil {
		return err
	}
	found := list.Products
	switch {
	case refusal != "":
		t.refused(refusal)
	case len(found) == 0:
		t.say("product_none")
		t.say("anything_else")
	case len(query) == 0:
		t.say("products_all", "Products", t.productRow(found, plural))
	case len(found) > 1:
		t.say("products_found", "Products", t.productRow(found, withArticle))
	default:
		t.product(found[0])
	}
	return nil
}

// productRow names products.
func (t *turn) productRow(found []product, name func(string) string) string {
	const most = 5 // more cannot be kept in mind by ear
	var out []string
	for _, p := range found[:min(most, len(found))] {
		if t.lang != english {
			out = append(out, t.word(p.Name))
			continue
		}
		out = append(out, name(callName(p.Name)))
	}
	return t.row(out)
}

// product tells of one: whether it can be had, for how much, and in which forms.
func (t *turn) product(p product) {
	name := withArticle(callName(p.Name))
	if t.lang != english {
		name = t.word(p.Name)
	}
	t.state.Product = p.Name
	switch {
	case !p.Available:
		t.say("product_sold_out", "Product", name)
		return
	case p.From == p.To:
		t.say("product_found", "Product", name, "Price", t.money(p.From, p.Currency))
	default:
		t.say("product_found_from", "Product", name, "Price", p.From.String(), "PriceTo", t.money(p.To, p.Currency))
	}
	for _, option := range sortedKeys(p.Options) {
		if values := p.Options[option]; len(values) > 1 {
			said := make([]string, 0, len(values))
			for _, v := range values {
				said = append(said, t.word(v))
			}
			t.say("product_options", "Option", t.word(option), "Values", t.joined("or", said))
		}
	}
}

// clip shortens a text to n bytes.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
