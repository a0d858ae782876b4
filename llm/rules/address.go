package rules

import (
	"regexp"
	"strings"
)

// addressFields are an address as the tools take it.
type addressFields struct {
	Address1 string `json:"address1"`
	Address2 string `json:"address2"`
	City     string `json:"city"`
	State    string `json:"state"`
	Country  string `json:"country"`
	Zip      string `json:"zip"`
}

type orderAddressArguments struct {
	OrderID string `json:"order_id"`
	addressFields
}

type userAddressArguments struct {
	UserID string `json:"user_id"`
	addressFields
}

// moving leads through the change of an order's address.
func (t *turn) moving(u understood) error {
	if !t.tools[toolAddress] {
		t.say("no_change")
		t.say("can_do")
		return nil
	}
	t.state.Task = taskAddress
	if text := t.newAddress(); text != "" {
		t.state.Words = text
	}
	kept := t.state.Words
	t.state.Words = ""
	o, found, err := t.which(u, func(o order) bool { return strings.HasPrefix(o.Status, pendingStatus) })
	t.state.Words = kept
	if err != nil || !found {
		return err
	}
	if !strings.HasPrefix(o.Status, pendingStatus) {
		t.state.Task, t.state.Words = "", ""
		t.say("address_not_pending", "Order", o.number(), "State", t.inState(o))
		return nil
	}
	a, ok := t.parseAddress(t.state.Words, o.Address)
	if !ok {
		t.ask(askedAddress, "ask_address", "Order", o.number())
		return nil
	}
	return t.write(wish{
		tool: toolAddress, arguments: orderAddressArguments{o.number(), a}, order: o.number(),
		ask: "address_confirm", again: "address_confirm", done: "address_done",
		fields: map[string]string{"Order": o.number(), "Address": a.line()},
	})
}

// settling leads through the change of the account's address.
func (t *turn) settling() error {
	if !t.tools[toolAccount] {
		t.say("no_change")
		t.say("can_do")
		return nil
	}
	t.state.Task = taskAccount
	if text := t.newAddress(); text != "" {
		t.state.Words = text
	}
	user, found, err := t.user()
	if err != nil || !found {
		return err
	}
	a, ok := t.parseAddress(t.state.Words, user.Address)
	if !ok {
		t.ask(askedAddress, "ask_account_address")
		return nil
	}
	return t.write(wish{
		tool: toolAccount, arguments: userAddressArguments{user.ID, a},
		ask: "account_confirm", again: "account_confirm", done: "account_done",
		fields: map[string]string{"Address": a.line()},
	})
}

func (a addressFields) line() string {
	var parts []string
	for _, p := range []string{a.Address1, a.Address2, a.City, a.State, a.Zip, a.Country} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ", ")
}

// toward stands before a new address in a request to change one.
var toward = regexp.MustCompile(`(?i)( to |: | ke |jadi |menjadi |改成|改到|改为|换成|寄到|送到|thanh | thành | sang | đến | den |เป็น|ไปที่| a la | para )`)

// newAddress is the part of what was said that can be an address: all of an answer
// to the question for one, else what stands after "to".
func (t *turn) newAddress() string {
	if t.state.Asked == askedAddress && strings.ContainsAny(t.text, "0123456789") {
		return t.text
	}
	at := toward.FindStringIndex(t.text)
	if at == nil {
		return ""
	}
	rest := strings.TrimSpace(t.text[at[1]:])
	if strings.ContainsAny(rest, ",，、") && strings.ContainsAny(rest, "0123456789") {
		return rest
	}
	return ""
}

// withoutAddress reads the words again without the address in them, whose house
// numbers and postal codes are no orders'.
func (t *turn) withoutAddress(u understood) understood {
	before := t.text
	if t.state.Asked == askedAddress && t.newAddress() == t.text {
		before = ""
	} else if at := toward.FindStringIndex(t.text); at != nil && t.newAddress() != "" {
		before = t.text[:at[0]]
	}
	if before == t.text {
		return u
	}
	again := t.understand(before, t.wordsOf(before), false)
	u.numbers, u.rest = again.numbers, again.rest
	return u
}

// zipPart is a postal code, alone or at the end of a place's name: digits, or letters
// and digits as in Britain and Canada.
var zipPart = regexp.MustCompile(`^(.*?)\s*\b([0-9]{3,7}(?:-[0-9]{3,4})?|(?i:[A-Z]{1,2}[0-9][0-9A-Z]?|[A-Z][0-9][A-Z]) ?[0-9][A-Z0-9]{2})$`)

// parseAddress reads an address written with commas: street first, then what is
// more, city, state, country and postal code in any order. What is left out is as
// it was before, but for the street and the city.
func (t *turn) parseAddress(text string, before address) (addressFields, bool) {
	text = strings.TrimSuffix(strings.TrimSpace(text), ".")
	if text == "" {
		return addressFields{}, false
	}
	a := addressFields{Country: before.Country, State: before.State}
	var rest []string
	for _, p := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",，、;\n", r) }) {
		p = strings.TrimSpace(p)
		if len(rest) > 0 {
			if m := zipPart.FindStringSubmatch(p); m != nil {
				a.Zip = m[2]
				p = strings.TrimSpace(m[1])
			}
			if c := t.brain.countries.named(p); c != "" && len(rest) > 1 {
				if c != t.brain.countries.named(before.Country) {
					a.Country = c
				}
				p = ""
			}
		}
		if p != "" {
			rest = append(rest, p)
		}
	}
	if len(rest) < 2 || a.Zip == "" {
		return addressFields{}, false
	}
	a.Address1, rest = rest[0], rest[1:]
	switch {
	case len(rest) == 1:
		a.City = rest[0]
	case len(rest) == 2 && !hasDigit(rest[0]):
		a.City, a.State = rest[0], rest[1]
	case len(rest) == 2:
		a.Address2, a.City = rest[0], rest[1]
	default:
		a.Address2, a.City, a.State = strings.Join(rest[:len(rest)-2], ", "), rest[len(rest)-2], rest[len(rest)-1]
	}
	return a, true
}

func hasDigit(s string) bool { return strings.ContainsAny(s, "0123456789") }
