package rules

import (
	"regexp"
	"slices"
	"strings"

	"parley/llm"
)

// askedPhoto: the agent's last message asked which of several products a photo shows.
const askedPhoto = "photo"

// orderOnLabel is an order's number as labels print it, by itself.
var orderOnLabel = regexp.MustCompile(`(?:^|[^0-9A-Za-z])#?(W[0-9]{5,7})(?:[^0-9A-Za-z]|$)`)

// ofThings are the intents that are about a thing, which a photo can name.
var ofThings = map[intent]bool{
	unknownIntent: true, returnIntent: true, damagedIntent: true, exchangeIntent: true, wrongIntent: true, stockIntent: true, productsIntent: true,
	policyIntent: true, followIntent: true, yesIntent: true,
}

// show takes up the images of a message of the caller's.
func (t *turn) show(images []llm.Image) {
	for _, i := range images {
		t.shown++
		if i.Found != nil {
			t.photos = append(t.photos, *i.Found)
		}
	}
}

// look makes words of what photos show, as if the caller had named it: the product
// that one certainly shows, the order's number on a label. Nothing else that is
// written in a photo is ever taken for words. It reports true when it has answered.
func (t *turn) look() (answered bool) {
	if t.shown == 0 {
		t.recallShown()
		return false
	}
	of := t.intentOf(t.text)
	if order := t.orderShown(); order != "" && len(numbers(t.words, false)) == 0 {
		t.hear(order)
		return false
	}
	name, candidates := t.productShown()
	switch {
	case name != "" && t.text == "":
		t.state = state{Product: name, Shown: name}
		t.say("photo_is", "Product", t.itemName(name))
		return true
	case name != "":
		t.state.Product = name
		if ofThings[of] {
			t.hear(t.itemName(name))
		}
		return false
	case !ofThings[of]:
		return false
	case len(candidates) > 0:
		names := make([]string, 0, len(candidates))
		for _, c := range candidates {
			names = append(names, t.itemName(c))
		}
		t.state.Words = t.text
		t.ask(askedPhoto, "photo_one_of", "Products", t.joined("or", names))
		return true
	case of != unknownIntent: // it may be plain from the words alone
		return false
	case t.recognisable():
		t.say("photo_unknown")
		return true
	default:
		t.say("photo_unseen")
		return true
	}
}

// recallShown takes up a photo that was shown before these words: what it shows, or
// which of several things it was said to be.
func (t *turn) recallShown() {
	if t.text == "" || !ofThings[t.intentOf(t.text)] {
		return
	}
	switch {
	case t.state.Asked == askedPhoto:
		if t.state.Words != "" {
			t.hear(t.state.Words)
		}
		t.state.Asked, t.state.Words = "", ""
	case t.state.Shown != "":
		t.hear(t.itemName(t.state.Shown))
	}
	t.state.Shown = ""
}

// hear adds words to those of the caller.
func (t *turn) hear(words string) {
	t.text = strings.TrimSpace(t.text + " " + words)
	t.words = t.wordsOf(t.text)
}

// intentOf is the intent of words alone.
func (t *turn) intentOf(text string) intent {
	if text == "" {
		return unknownIntent
	}
	return t.understand(text, t.wordsOf(text), false).intent
}

// orderShown is the one order's number that codes and labels in the photos name, ""
// for none or several. The tools see to it that it is the caller's.
func (t *turn) orderShown() string {
	var found []string
	for _, p := range t.photos {
		for _, text := range append(slices.Clone(p.Codes), p.Text) {
			for _, m := range orderOnLabel.FindAllStringSubmatch(text, -1) {
				if !slices.Contains(found, m[1]) {
					found = append(found, m[1])
				}
			}
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

// productShown is the product that the photos certainly show, else those that they
// may.
func (t *turn) productShown() (name string, candidates []string) {
	for _, p := range t.photos {
		for _, product := range p.Products {
			switch {
			case p.Match == llm.MatchCertain:
				return product.Name, nil
			case p.Match == llm.MatchPerhaps && !slices.Contains(candidates, product.Name):
				candidates = append(candidates, product.Name)
			}
		}
	}
	return "", candidates
}

// recognisable says whether the catalogue was asked about any of the photos.
func (t *turn) recognisable() bool {
	return slices.ContainsFunc(t.photos, func(f llm.Found) bool { return f.Match != "" })
}
