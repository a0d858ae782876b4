package prompts

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Understanding is how the embedded brain reads a language: which words tell what
// a caller wants, and what the words for things are in the brain's own terms.
type Understanding struct {
	// Intents and Facets are what a text can mean, in the order of the file: the
	// first intent with a cue that fits counts, of the facets all.
	Intents, Facets []Cues
	// Spelling gives the full form of words that people shorten or write as they
	// speak ("kpn" for kapan); cues and Gloss need to know the full form alone.
	Spelling map[string]string
	// Endings are what the language hangs on words without changing what they mean
	// ("paketku", "paketnya"), in Latin letters, the longest first.
	Endings []string
	// Gloss gives the brain's English words for those of the language: what names
	// things, colours, places in a row.
	Gloss map[string]string
	// Digits are the words for the digits 0 to 9.
	Digits map[string]string
	// Words are how English names of things are said in the language.
	Words map[string]string
}

// Cues are what tells one meaning.
type Cues struct {
	Meaning string
	Cues    []Cue
}

// Cue fits a text that has one of the alternatives of every group in All, and none
// of those in None. Written, it is "cancel/call off + order - refund". A word
// that ends in * stands for all that begin with it.
type Cue struct {
	All  [][]string
	None []string
}

// Intents are the meanings that the brain acts on. What stands after a dot is what
// of an order is asked for.
func Intents() []string {
	return []string{"repeat", "wait", "abort", "person", "who", "attack", "return_options", "exchange", "refund", "lost", "late", "damaged", "wrong_item", "return",
		"account_address", "address_change", "payment_change", "items_change", "cancel", "shipping", "stock", "list", "products", "profile",
		"order.tracking", "order.carrier", "order.address", "order.placed", "order.total", "order.paid", "order.items", "order.eta", "order",
		"help", "bye", "go_on", "thanks", "follow", "greet"}
}

// Facets are what a text can tell beside its intent.
func Facets() []string {
	return []string{"mistake", "unneeded", "gift_card", "paypal", "credit_card", "sending"}
}

// Understanding is how to read a language; its zero value where nothing is known.
func (b *Book) Understanding(lang string) Understanding {
	base, _, _ := strings.Cut(lang, "-")
	for _, tag := range []string{lang, base} {
		if l, ok := b.languages[tag]; ok {
			return l.understanding
		}
	}
	return Understanding{}
}

// Word is how a language says an English name, the name itself where it has none.
func (b *Book) Word(lang, name string) string {
	words := b.Understanding(lang).Words
	if w, ok := words[name]; ok {
		return w
	}
	if w, ok := words[strings.ToLower(name)]; ok {
		return w
	}
	return name
}

// cues reads the cues of one meaning into a list, laid over what was there.
func (r *reader) cues(to *[]Cues, known []string) func(key string, at, value ast.Node) error {
	return func(key string, at, value ast.Node) error {
		if !slices.Contains(known, key) {
			return r.fault(at, "unknown meaning %q; known are %s", key, strings.Join(known, ", "))
		}
		list, ok := value.(*ast.SequenceNode)
		if !ok {
			return r.fault(value, "here should be a list of cues")
		}
		c := Cues{Meaning: key}
		for _, v := range list.Values {
			text, err := r.text(v)
			if err != nil {
				return err
			}
			cue, wrong := parseCue(text)
			if wrong != "" {
				return r.fault(v, "the cue %q %s; write such as: cancel/call off + order - refund", text, wrong)
			}
			c.Cues = append(c.Cues, cue)
		}
		if i := slices.IndexFunc(*to, func(x Cues) bool { return x.Meaning == key }); i >= 0 {
			(*to)[i] = c
			return nil
		}
		*to = append(*to, c)
		return nil
	}
}

// parseCue reads one cue, or says what is wrong with it.
func parseCue(text string) (cue Cue, wrong string) {
	plus, minus, _ := strings.Cut(text, " - ")
	for group := range strings.SplitSeq(plus, " + ") {
		alternatives := split(group)
		if len(alternatives) == 0 {
			return cue, "has an empty part"
		}
		cue.All = append(cue.All, alternatives)
	}
	if minus != "" {
		cue.None = split(minus)
	}
	return cue, ""
}

func split(group string) []string {
	var out []string
	for a := range strings.SplitSeq(group, "/") {
		if a = strings.TrimSpace(a); a != "" {
			out = append(out, a)
		}
	}
	return out
}

// words reads a list of words and what they stand for. A key may hold several,
// parted by slashes.
func (r *reader) words(n ast.Node, to *map[string]string) error {
	return r.mapping(n, func(key string, at, value ast.Node) error {
		text, err := r.text(value)
		if err != nil {
			return err
		}
		all := split(key)
		if len(all) == 0 {
			return r.fault(at, "here should be a word")
		}
		if *to == nil {
			*to = make(map[string]string)
		}
		for _, word := range all {
			(*to)[word] = text
		}
		return nil
	})
}
