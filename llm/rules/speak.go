package rules

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// counts are small numbers in words.
var counts = []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}

func count(n int) string {
	if n >= 0 && n < len(counts) {
		return counts[n]
	}
	return strconv.Itoa(n)
}

// counted is a small number as it is said in the language of the answer.
func (t *turn) counted(n int) string {
	if t.lang == english {
		return count(n)
	}
	return strconv.Itoa(n)
}

// row writes things in a row: "a, b and c".
func (t *turn) row(things []string) string { return t.joined("and", things) }

// joined writes things in a row with the phrase that puts the last to the others.
func (t *turn) joined(with string, things []string) string {
	switch len(things) {
	case 0:
		return ""
	case 1:
		return things[0]
	}
	last := len(things) - 1
	comma := t.comma()
	if with == "and_clauses" && t.lang == "zh" {
		comma = "，"
	}
	return t.phrase(with, "List", strings.Join(things[:last], comma), "Last", things[last])
}

// theItems calls things that are known: "the headphones and the black case".
// all are those of the order, among which a name may not be enough.
func (t *turn) theItems(items, all []item) string {
	if t.lang != english {
		return t.localItems(items, all)
	}
	return t.row(each(items, func(it item, n int) string {
		if n > 1 {
			return "the " + count(n) + " " + plural(called(it, all))
		}
		return "the " + called(it, all)
	}))
}

// someItems calls things that are new: "headphones and an electric kettle".
func (t *turn) someItems(items []item) string {
	if t.lang != english {
		return t.localItems(items, items)
	}
	return t.row(each(items, func(it item, n int) string {
		name := called(it, items)
		if n > 1 {
			return count(n) + " " + plural(name)
		}
		return withArticle(name)
	}))
}

// each writes every different item once, with how many there are of it.
func each(items []item, write func(it item, n int) string) []string {
	var out []string
	for i, it := range items {
		same := func(x item) bool { return x.ID == it.ID }
		if slices.IndexFunc(items, same) != i {
			continue
		}
		n := 0
		for _, x := range items {
			if same(x) {
				n++
			}
		}
		out = append(out, write(it, n))
	}
	return out
}

// called is an item's name, with its colour or another option where there are
// different items of that name.
func called(it item, among []item) string {
	name := callName(it.Name)
	for _, x := range among {
		if x.Name == it.Name && x.ID != it.ID {
			return strings.TrimSpace(difference(it, x) + " " + name)
		}
	}
	return name
}

// difference is the option value that tells a from b.
func difference(a, b item) string {
	if c := a.Options["color"]; c != "" && c != b.Options["color"] {
		return c
	}
	for _, name := range sortedKeys(a.Options) {
		if a.Options[name] != b.Options[name] {
			return name + " " + a.Options[name]
		}
	}
	return ""
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func isPlural(name string) bool {
	return strings.HasSuffix(name, "s") && !strings.HasSuffix(name, "ss")
}

func plural(name string) string {
	switch {
	case isPlural(name):
		return name
	case strings.HasSuffix(name, "s") || strings.HasSuffix(name, "x") || strings.HasSuffix(name, "ch"):
		return name + "es"
	}
	return name + "s"
}

func withArticle(name string) string {
	switch {
	case name == "" || isPlural(name):
		return name
	case strings.ContainsRune("aeiou", rune(name[0])):
		return "an " + name
	}
	return "a " + name
}

// day writes a moment as a day in a sentence, as seen from today on the clock
// that the moment was given in.
func (t *turn) day(text string, zoneOf string) string {
	when, ok := moment(text)
	if !ok {
		return ""
	}
	zone := when.Location()
	if z, ok := moment(zoneOf); ok {
		zone = z.Location() // a mere date has no zone of its own
	}
	today := t.brain.now().In(zone)
	switch days(today, when) {
	case 0:
		return t.phrase("day_today")
	case 1:
		return t.phrase("day_tomorrow")
	case -1:
		return t.phrase("day_yesterday")
	}
	return t.phrase("day_on", "Weekday", t.word(when.Weekday().String()), "Month", t.word(when.Month().String()), "Day", when.Day(), "Nth", nth(when.Day()))
}

// days counts the midnights from one day to another, each on its own calendar.
func days(from, to time.Time) int {
	date := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	return int(date(to).Sub(date(from)) / (24 * time.Hour))
}

func nth(n int) string {
	ending := "th"
	if n/10 != 1 {
		switch n % 10 {
		case 1:
			ending = "st"
		case 2:
			ending = "nd"
		case 3:
			ending = "rd"
		}
	}
	return strconv.Itoa(n) + ending
}

// currencies are the names of those that people do not spell out.
var currencies = map[string]string{
	"SGD": "Singapore dollars", "USD": "dollars", "EUR": "euros", "GBP": "pounds", "IDR": "rupiah", "VND": "dong", "THB": "baht",
	"MYR": "ringgit", "CNY": "yuan", "HKD": "Hong Kong dollars", "JPY": "yen", "AUD": "Australian dollars",
}

// money writes an amount: "129 Singapore dollars", "49.50 Singapore dollars".
func (t *turn) money(amount json.Number, currency string) string {
	text := amount.String()
	if _, cents, ok := strings.Cut(text, "."); ok && len(cents) == 1 {
		text += "0"
	}
	name := currencies[currency]
	if t.lang != english {
		name = t.word(currency)
	}
	if name == "" {
		name = currency
	}
	return strings.TrimSpace(text + " " + name)
}

// method calls a way of paying: "your Visa card".
func (t *turn) method(id string, methods map[string]paymentMethod) string {
	switch m := methods[id]; m.Source {
	case "credit_card":
		if m.Brand != "" {
			return t.phrase("method_card", "Brand", strings.ToUpper(m.Brand[:1])+m.Brand[1:])
		}
	case "paypal":
		return t.phrase("method_paypal")
	case "gift_card":
		return t.phrase("method_gift_card")
	}
	return t.phrase("method_other")
}

// spelled parts a code so that a voice reads it sign by sign.
func spelled(code string) string {
	return strings.Join(strings.Split(code, ""), " ")
}

// inState is how an order stands, after its number: "is on its way".
func (t *turn) inState(o order) string {
	switch o.Status {
	case pendingStatus, processedStatus, deliveredStatus, cancelledStatus:
		return t.phrase("state_" + o.Status)
	case modifiedStatus:
		return t.phrase("state_pending")
	case returnStatus:
		return t.phrase("state_return_requested")
	case exchangeStatus:
		return t.phrase("state_exchange_requested")
	}
	return t.phrase("state_other", "Status", o.Status)
}

// orderRow lists orders to choose from.
func (t *turn) orderRow(orders []order) string {
	var out []string
	for _, o := range orders {
		out = append(out, t.phrase("order_which", "Order", o.number(), "State", t.inState(o)))
	}
	return t.joined("and_clauses", out)
}

// word is how the language of the answer says an English name.
func (t *turn) word(name string) string { return t.brain.book.Word(t.lang, name) }

// itemName is how a product is called in a sentence, without an article.
func (t *turn) itemName(name string) string {
	if t.lang == english {
		return callName(name)
	}
	return t.word(name)
}

// comma stands between things in a row.
func (t *turn) comma() string {
	switch t.lang {
	case "zh":
		return "、"
	case "ar":
		return "، "
	}
	return ", "
}

// localItems names items in a language that is not English: with what tells them
// from others of the same name, and how many there are.
func (t *turn) localItems(items, all []item) string {
	return t.row(each(items, func(it item, n int) string {
		name := t.word(it.Name)
		for _, x := range all {
			if x.Name == it.Name && x.ID != it.ID {
				if option := t.difference(it.Options, x.Options); option != "" {
					name = t.phrase("item_with_option", "Name", name, "Option", option)
				}
				break
			}
		}
		if n > 1 {
			name = t.phrase("item_counted", "Name", name, "Count", n)
		}
		return name
	}))
}
