package rules

import (
	"regexp"
	"slices"
	"strings"

	"parley/llm"
)

// askedPhoto: the agent's last message asked which of several products a photo shows.
const askedPhoto = "photo"

// orderOnLabel is an order's number as labels print it, by itself. In small print a
// capital letter is read as a small one.
var orderOnLabel = regexp.MustCompile(`(?:^|[^0-9A-Za-z])#?([Ww][0-9]{5,7})(?:[^0-9A-Za-z]|$)`)

// trackingOnLabel is what may be a parcel's number: two letters and digits, perhaps in
// groups and with a country at the end, or many digits.
var trackingOnLabel = regexp.MustCompile(`(?:^|[^0-9A-Za-z])([A-Za-z]{2}(?: ?[0-9]){6,14}(?: ?[A-Za-z]{2})?|[0-9]{10,22})(?:[^0-9A-Za-z]|$)`)

// ofOrders are the intents that are about an order, which a label can name.
var ofOrders = map[intent]bool{
	unknownIntent: true, orderIntent: true, returnIntent: true, damagedIntent: true, exchangeIntent: true, wrongIntent: true, lostIntent: true, lateIntent: true,
	cancelIntent: true, changeIntent: true, addressIntent: true, paymentIntent: true, itemsIntent: true, followIntent: true,
}

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
func (t *turn) look() (answered bool, err error) {
	if t.shown == 0 {
		return false, t.recallShown()
	}
	of := t.intentOf(t.text)
	t.state.Unread = false
	if len(numbers(t.words, false)) == 0 {
		order, err := t.orderShown(t.photos, of)
		if err != nil {
			return false, err
		}
		if order != "" {
			t.hear(order)
			return false, nil
		}
	}
	name, candidates := t.productShown()
	t.state.Unread = name == ""
	t.strange = name == "" && len(candidates) == 0
	return t.answerShown(of, name, candidates), nil
}

// answerShown answers, or makes words of, the product that photos show.
func (t *turn) answerShown(of intent, name string, candidates []string) (answered bool) {
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
	default:
		t.sayStrange()
		return true
	}
}

// sayStrange says that what the photos show is not known, or cannot be.
func (t *turn) sayStrange() {
	if t.recognisable() {
		t.say("photo_unknown")
	} else {
		t.say("photo_unseen")
	}
}

// recallShown takes up a photo that was shown before these words: what it shows,
// which of several things it was said to be, or the order that has been read on it
// since.
func (t *turn) recallShown() error {
	if t.text == "" {
		return nil
	}
	of := t.intentOf(t.text)
	other := t.state.Order != "" && of != unknownIntent // they speak of an order that is known
	if t.state.Unread && !other && t.state.Pending == nil && ofOrders[of] && len(numbers(t.words, false)) == 0 {
		order, err := t.orderShown(t.earlier, of)
		if err != nil {
			return err
		}
		if order != "" {
			t.state.Unread = false
			t.hear(order)
			return nil
		}
	}
	if !ofThings[of] {
		return nil
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
	return nil
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

// orderShown is the one order that codes and labels in photos name, by its number or
// by that of its parcel, "" for none or several. The tools see to it that it is the
// caller's.
func (t *turn) orderShown(photos []llm.Found, of intent) (string, error) {
	if found := written(photos, orderOnLabel); len(found) > 0 {
		if len(found) > 1 {
			return "", nil
		}
		return found[0], nil
	}
	if !t.tools[toolTrack] || !ofOrders[of] || t.state.Pending != nil {
		return "", nil
	}
	for i, number := range written(photos, trackingOnLabel) {
		if i == maxTracked {
			break
		}
		var seen tracking
		refusal, err := t.use(toolTrack, orderArguments{strings.ReplaceAll(number, " ", "")}, &seen)
		if err != nil {
			return "", err
		}
		if refusal == "" && seen.OrderID != "" {
			return strings.TrimPrefix(seen.OrderID, "#"), nil
		}
	}
	return "", nil
}

// maxTracked bounds the numbers on labels that are looked up.
const maxTracked = 3

// written are the numbers of a kind that stand in photos, each once, in order. What a
// till would read from a product is left out.
func written(photos []llm.Found, kind *regexp.Regexp) (found []string) {
	for _, p := range photos {
		for _, text := range append(slices.Clone(p.Codes), p.Text) {
			if productCode.MatchString(text) {
				continue
			}
			for _, m := range kind.FindAllStringSubmatch(text, -1) {
				if number := strings.ToUpper(m[1]); !slices.Contains(found, number) {
					found = append(found, number)
				}
			}
		}
	}
	return found
}

// productCode is an EAN or UPC by itself.
var productCode = regexp.MustCompile(`^(?:[0-9]{8}|[0-9]{12,14})$`)

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
