package rules

import (
	"slices"
	"strings"
)

// synonyms are other names by which people call things, for the head word of a
// product's name.
var synonyms = map[string]string{
	"headset": "headphones", "earphone": "headphones", "earbud": "headphones", "headphone": "headphones", "phone set": "headphones",
	"cover": "case", "phonecase": "case", "coat": "jacket", "raincoat": "jacket", "sneaker": "shoes", "trainer": "shoes", "runner": "shoes",
	"flask": "bottle", "thermos": "bottle", "bag": "backpack", "rucksack": "backpack", "knapsack": "backpack", "light": "lamp",
	"tee": "shirt", "tshirt": "shirt", "boiler": "kettle", "cattle": "kettle", "kettel": "kettle", "mill": "grinder", "powerbank": "bank",
	"charger": "bank", "battery": "bank",
}

// ordinals count things in a row; -1 is the last.
var ordinals = map[string]int{"first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "fifth": 4, "last": -1}

// choice is what words pick out of some items.
type choice struct {
	items []item
	// named says that a thing was called by its name, and not only by its place
	// or colour.
	named bool
	// ambiguous says that one name fits several different items.
	ambiguous bool
}

// choose finds the items that words name. Of a correction ("the headphones, no,
// the kettle") only the last part counts, if it names anything.
func choose(words []string, items []item) choice {
	for i := len(words) - 1; i > 0; i-- {
		if corrections[words[i-1]] && words[i-1] != "make" {
			if c := pick(words[i:], items); len(c.items) > 0 {
				return c
			}
		}
	}
	return pick(words, items)
}

func pick(words []string, items []item) choice {
	words, without := except(words)
	var c choice
	switch {
	case contains(words, "everything", "all", "whole", "entire", "both"):
		// "both cases" are not all things, so names narrow it down.
		if c = byName(words, items); c.named {
			c.ambiguous = false
		} else {
			c.items = slices.Clone(items)
		}
	default:
		c = byName(words, items)
	}
	if len(c.items) == 0 {
		c.items = byPlace(words, items)
	}
	if len(c.items) == 0 {
		c.items = byOption(words, items)
		c.ambiguous = len(c.items) > 1
	}
	if len(without) > 0 {
		left := byName(without, items)
		if len(c.items) == 0 && left.named {
			return choice{} // "not the kettle" names nothing to take
		}
		c.items = slices.DeleteFunc(c.items, func(i item) bool {
			return slices.ContainsFunc(left.items, func(x item) bool { return x.ID == i.ID })
		})
	}
	return c
}

// except parts "everything but the kettle" into what is meant and what is not.
func except(words []string) (with, without []string) {
	for i, w := range words {
		if w == "except" || w == "excluding" || w == "without" || w == "not" || (w == "apart" && i+1 < len(words) && words[i+1] == "from") ||
			(w == "but" && i > 0 && (words[i-1] == "everything" || words[i-1] == "all")) {
			return words[:i], words[i+1:]
		}
	}
	return words, nil
}

// byName finds items by the words of their names. Where several have the same
// name, their options decide.
func byName(words []string, items []item) choice {
	var c choice
	best := make(map[string]int) // by name: the most option words that matched
	type hit struct {
		item    item
		options int
	}
	var hits []hit
	for _, it := range items {
		if !names(words, it.Name) {
			continue
		}
		h := hit{it, optionHits(words, it)}
		best[it.Name] = max(best[it.Name], h.options)
		hits = append(hits, h)
	}
	ids := make(map[string]map[string]bool) // by name: the different items kept
	for _, h := range hits {
		if h.options < best[h.item.Name] {
			continue
		}
		c.items = append(c.items, h.item)
		if ids[h.item.Name] == nil {
			ids[h.item.Name] = make(map[string]bool)
		}
		ids[h.item.Name][h.item.ID] = true
		c.ambiguous = c.ambiguous || len(ids[h.item.Name]) > 1
	}
	c.named = len(c.items) > 0
	return c
}

// names says whether the words name a product: its head word, be it in two
// words or by a synonym, or all others of a longer name.
func names(words []string, name string) bool {
	parts := tokens(name)
	if len(parts) == 0 {
		return false
	}
	head := parts[len(parts)-1]
	for i, w := range words {
		pair := w
		if i+1 < len(words) {
			pair = w + words[i+1]
		}
		if alike(w, head) || (pair != w && alike(pair, head) && len(w) > 1) {
			return true
		}
		for _, s := range []string{singular(w), singular(pair)} {
			if other, ok := synonyms[s]; ok && alike(other, head) {
				return true
			}
		}
	}
	others := parts[:len(parts)-1]
	return len(others) > 1 && !slices.ContainsFunc(others, func(o string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return alike(w, o) })
	})
}

// optionHits counts the words that are values of an item's options.
func optionHits(words []string, it item) int {
	n := 0
	for _, value := range it.Options {
		for _, v := range tokens(value) {
			if slices.Contains(words, v) || (v == "grey" && slices.Contains(words, "gray")) {
				n++
			}
		}
	}
	return n
}

func byOption(words []string, items []item) []item {
	best := 1
	var found []item
	for _, it := range items {
		switch n := optionHits(words, it); {
		case n > best:
			best, found = n, []item{it}
		case n == best:
			found = append(found, it)
		}
	}
	return found
}

// byPlace finds "the first one", "the last".
func byPlace(words []string, items []item) []item {
	var found []item
	for i, w := range words {
		n, ok := ordinals[w]
		if !ok || len(items) == 0 || (i+1 < len(words) && words[i+1] == "order") {
			continue
		}
		if n < 0 {
			n = len(items) - 1
		}
		if n < len(items) {
			found = append(found, items[n])
		}
	}
	return found
}

// contains says whether one of the wanted words is among words.
func contains(words []string, wanted ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(wanted, w) })
}

// ids are the items' ids, one for each.
func ids(items []item) []string {
	out := make([]string, 0, len(items))
	for _, it := range items {
		out = append(out, it.ID)
	}
	return out
}

// known finds items by their ids, each id once for each time it is given.
func known(all []item, ids []string) []item {
	left := slices.Clone(all)
	var found []item
	for _, id := range ids {
		if i := slices.IndexFunc(left, func(it item) bool { return it.ID == id }); i >= 0 {
			found = append(found, left[i])
			left = slices.Delete(left, i, i+1)
		}
	}
	return found
}

// callName is a thing's name in a sentence: "headphones", "electric kettle". A
// word with capitals inside it stays as it is.
func callName(name string) string {
	words := strings.Fields(name)
	for i, w := range words {
		if strings.ToUpper(w) != w && w[1:] == strings.ToLower(w[1:]) {
			words[i] = strings.ToLower(w)
		}
	}
	return strings.Join(words, " ")
}
