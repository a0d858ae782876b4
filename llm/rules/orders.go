package rules

import (
	"encoding/json"
	"slices"
	"strings"
)

func unmarshal(text string, into any) bool { return json.Unmarshal([]byte(text), into) == nil }

type orderArguments struct {
	OrderID string `json:"order_id"`
}

// noOrder is the refusal for an order that does not exist or is someone else's.
const noOrder = "Order not found"

// details fetches an order. When there is none it says so, and whether a number
// like it is there, and found is false.
func (t *turn) details(number string) (o order, found bool, err error) {
	refusal, err := t.use(toolOrder, orderArguments{number}, &o)
	if err != nil {
		return order{}, false, err
	}
	if refusal == "" {
		t.state.Order, t.state.Digits, t.state.Offered = o.number(), "", nil
		return o, true, nil
	}
	if refusal != noOrder {
		t.refused(refusal)
		return order{}, false, nil
	}
	all, err := t.all()
	if err != nil {
		return order{}, false, err
	}
	t.state.Digits = ""
	t.say("order_not_found", "Order", number)
	if near := nearest(strings.TrimPrefix(number, "W"), all); near != "" {
		t.state.Offered = []string{near}
		t.ask(askedMeant, "did_you_mean", "Order", near)
	} else {
		t.ask(askedOrder, "ask_order")
	}
	return order{}, false, nil
}

// all lists the caller's orders.
func (t *turn) all() ([]order, error) {
	var l orderList
	refusal, err := t.use(toolOrders, struct{}{}, &l)
	if err == nil && refusal != "" {
		t.refused(refusal)
	}
	return l.Orders, err
}

// refused says why a tool would not do it, in the tool's own words where they
// are a sentence for people.
func (t *turn) refused(reason string) {
	t.say("tool_refused", "Reason", strings.TrimSuffix(clipWords(reason, 30), "."))
}

// clipWords shortens a text to n words.
func clipWords(text string, n int) string {
	words := strings.Fields(text)
	return strings.Join(words[:min(n, len(words))], " ")
}

// nearest is the only order whose number is like the one that was understood: one
// digit wrong, missing or too many, or a digit heard more or less often in a row.
func nearest(digits string, all []order) string {
	var like []string
	for _, o := range all {
		d := strings.TrimPrefix(o.number(), "W")
		if distance(d, digits) <= 1 || (len(digits) > 2 && squeeze(d) == squeeze(digits)) {
			like = append(like, o.number())
		}
	}
	if len(like) != 1 {
		return ""
	}
	return like[0]
}

// squeeze writes repeated signs once.
func squeeze(s string) string {
	return string(slices.Compact([]byte(s)))
}

// partly finds the only order whose number has the digits at its end or as its
// beginning.
func partly(digits string, all []order) string {
	for _, fits := range []func(s, part string) bool{strings.HasSuffix, strings.HasPrefix} {
		var like []string
		for _, o := range all {
			if fits(o.number(), digits) || fits(strings.TrimPrefix(o.number(), "W"), digits) {
				like = append(like, o.number())
			}
		}
		if len(like) == 1 {
			return like[0]
		}
	}
	return ""
}

// which finds the order that the caller means, by its number, its place or state
// in the list, or the things in it; fits says which orders can be meant at all.
// When it stays open it asks, and found is false.
func (t *turn) which(u understood, fits func(order) bool) (o order, found bool, err error) {
	if n, ok := t.number(u); ok {
		return t.byNumber(n)
	}
	if t.state.Order != "" && t.refersBack() {
		return t.details(t.state.Order)
	}
	all, err := t.all()
	if err != nil {
		return order{}, false, err
	}
	if len(t.parts) > 0 && len(all) == 0 {
		return order{}, false, nil // refused, and said
	}
	if len(all) == 0 {
		t.say("no_orders")
		return order{}, false, nil
	}
	if id := t.chosen(all); id != "" {
		return t.details(id)
	}
	words := u.rest
	if t.state.Words != "" {
		words = slices.Concat(strings.Fields(t.state.Words), words)
	}
	var holding []order
	for _, x := range all {
		if choose(words, x.Items).named {
			holding = append(holding, x)
		}
	}
	candidates := holding
	if len(holding) == 0 {
		candidates = all
		if t.state.Order != "" && (t.state.Asked == "" && !t.mentions("other", "another", "different")) && !t.general(u) {
			return t.details(t.state.Order)
		}
		if thing := missing(u.rest); thing != "" && t.state.Asked == "" {
			t.say("no_such_item", "Thing", thing)
		}
	}
	narrowed := slices.DeleteFunc(slices.Clone(candidates), func(o order) bool { return !fits(o) })
	switch {
	case len(narrowed) > 0:
		candidates = narrowed
	case t.state.Task == taskReturn && len(holding) == 0:
		t.say("return_none_delivered")
		return order{}, false, nil
	}
	if len(candidates) == 1 {
		return t.details(candidates[0].number())
	}
	if len(holding) > 0 {
		t.state.Words = strings.Join(words, " ")
	}
	t.offer(candidates)
	return order{}, false, nil
}

// general says whether the caller speaks of their orders anew ("my order", "my
// parcel"), so that the one talked about need not be meant.
func (t *turn) general(u understood) bool {
	if u.aspect != statusAspect {
		return false
	}
	return t.mentions("my", "an", "a", "which", "any") && t.mentions("order", "orders", "parcel", "parcels", "package", "packages", "delivery", "shipment")
}

// byNumber takes the order of a number, or asks for the rest of it.
func (t *turn) byNumber(n number) (order, bool, error) {
	if n.Complete() {
		return t.details("W" + n.Digits)
	}
	all, err := t.all()
	if err != nil {
		return order{}, false, err
	}
	if len(n.Digits) < minDigits {
		if id := partly(n.Digits, all); id != "" && len(n.Digits) > 1 {
			return t.details(id)
		}
	}
	if near := nearest(n.Digits, all); near != "" {
		t.state.Offered, t.state.Digits = []string{near}, ""
		t.ask(askedMeant, "did_you_mean", "Order", near)
		return order{}, false, nil
	}
	if len(n.Digits) > maxDigits {
		t.state.Digits = ""
		t.say("order_unclear")
		t.ask(askedOrder, "ask_order_again")
		return order{}, false, nil
	}
	t.state.Digits = n.Digits
	t.ask(askedRest, "ask_order_rest", "Digits", spelled(n.Digits))
	return order{}, false, nil
}

// refersBack says whether the caller points at the order that is talked about.
func (t *turn) refersBack() bool {
	if t.mentions("other", "another", "different") {
		return false
	}
	for i, w := range t.words {
		switch w {
		case "it", "its", "that", "this", "them", "they":
			return true
		case "order", "parcel", "package":
			if i > 0 && (t.words[i-1] == "the" || t.words[i-1] == "that" || t.words[i-1] == "this") {
				return true
			}
		}
	}
	return false
}

// chosen picks an order by its place among those offered, by its age, or by the
// state that the caller names.
func (t *turn) chosen(all []order) string {
	among := all
	if len(t.state.Offered) > 0 {
		among = slices.DeleteFunc(slices.Clone(all), func(o order) bool { return !slices.Contains(t.state.Offered, o.number()) })
	}
	if len(among) == 0 {
		return ""
	}
	offered := len(t.state.Offered) > 0
	switch {
	case t.mentions("latest", "newest", "recent"):
		return among[0].number()
	case t.mentions("last") && offered && !t.mentions("order"): // the last of those that were told
		return among[len(among)-1].number()
	case t.mentions("last") && !t.mentions("week", "month", "year", "night", "time", "few"):
		return among[0].number()
	}
	if t.mentions("oldest") {
		return among[len(among)-1].number()
	}
	for i, w := range t.words {
		if n, ok := ordinals[w]; ok && n >= 0 && n < len(among) && (offered || (i+1 < len(t.words) && t.words[i+1] == "order")) {
			return among[n].number()
		}
	}
	var status string
	switch {
	case t.mentions("cancelled", "canceled"):
		status = cancelledStatus
	case !offered:
		return ""
	case t.mentions("delivered", "arrived"):
		status = deliveredStatus
	case t.mentions("way", "shipped", "coming"):
		status = processedStatus
	case t.mentions("pending", "prepared", "preparing"):
		status = pendingStatus
	}
	var found []string
	for _, o := range among {
		if o.Status == status {
			found = append(found, o.number())
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

// offer asks which of some orders is meant.
func (t *turn) offer(orders []order) {
	const most = 4 // more cannot be kept in mind by ear
	if len(orders) > most {
		orders = orders[:most]
	}
	t.state.Offered = nil
	for _, o := range orders {
		t.state.Offered = append(t.state.Offered, o.number())
	}
	t.ask(askedWhich, "ask_which_order", "Orders", t.orderRow(orders))
}

// missing is the thing that a caller speaks of and that no order has: the word
// after "my" or "the", where it is not one for an order itself.
func missing(words []string) string {
	for i := 0; i+1 < len(words); i++ {
		if words[i] != "my" && words[i] != "the" {
			continue
		}
		thing := words[i+1]
		if len(thing) > 2 && !plainWords[thing] && !orderWords[singular(thing)] && !optionWords[thing] {
			return withArticle(thing)
		}
	}
	return ""
}

// orderWords stand for an order or what happens to it.
var orderWords = set("order", "parcel", "package", "packet", "delivery", "shipment", "stuff", "thing", "status", "refund", "money", "purchase", "box", "mail", "post", "eta", "tracking",
	"carrier", "courier", "address", "total", "amount", "price", "cost", "payment", "card", "last", "latest", "newest", "oldest", "first", "second", "third", "recent", "most", "current", "new",
	"old", "whole", "entire", "rest", "shipping", "estimated", "expected", "delivered", "cancelled", "canceled", "pending", "arrival", "date", "time", "day", "update", "new", "new", "mike", "might", "content", "product", "hell", "way",
	"return", "bill", "invoice", "gift", "account", "name", "mind", "phone", "shop", "store", "website", "app", "weather", "best", "same", "next", "previous", "online")

// optionWords describe a thing without naming it.
var optionWords = set("black", "white", "red", "blue", "green", "grey", "gray", "silver", "navy", "purple", "yellow", "clear", "small", "medium", "large", "big", "little")

// list tells the caller's orders.
func (t *turn) list() error {
	all, err := t.all()
	if err != nil || (len(all) == 0 && len(t.parts) > 0) {
		return err
	}
	switch len(all) {
	case 0:
		t.say("no_orders")
		return nil
	case 1:
		t.state.Order = all[0].number()
		t.say("list_one_order", "Order", all[0].number(), "State", t.inState(all[0]))
		return nil
	}
	rows := make([]string, 0, len(all))
	for _, o := range all {
		rows = append(rows, t.phrase("listed_order", "Order", o.number(), "State", t.inState(o), "Items", t.someItems(o.Items)))
		t.state.Offered = append(t.state.Offered, o.number())
	}
	t.say("list_orders", "Count", t.counted(len(all)), "Orders", t.joined("and_clauses", rows))
	t.state.Task, t.state.Aspect = taskOrder, statusAspect
	return nil
}

// meaning takes the answer to the question whether an order was meant.
func (t *turn) meaning(u understood) (handled bool, err error) {
	meant := t.state.Offered
	switch {
	case len(u.numbers) > 0:
		return false, nil
	case u.yes && t.heardQuestion() && len(meant) > 0:
		t.state.Asked, t.state.Offered = "", nil
		u.numbers = []number{{Digits: strings.TrimPrefix(meant[0], "W"), Marked: true}}
		return true, t.resume(u)
	case u.yes && len(meant) > 0: // they agreed before they heard to what
		t.ask(askedMeant, "did_you_mean", "Order", meant[0])
		return true, nil
	case u.no:
		t.state.Offered, t.state.Digits = nil, ""
		t.ask(askedOrder, "ask_order")
		return true, nil
	}
	return false, nil
}
