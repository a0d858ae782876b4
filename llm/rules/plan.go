package rules

import (
	"slices"
	"strings"

	"parley/llm"
)

// plan works out the answer. It returns a *wanted when it needs a tool first.
func (t *turn) plan() error {
	if t.done != nil {
		t.tellDone()
	}
	if answered, err := t.look(); answered || err != nil {
		return err
	}
	if t.text == "" {
		return t.openOrPrompt()
	}
	awaited := slices.Contains([]string{askedOrder, askedRest, askedWhich, askedMeant}, t.state.Asked)
	u := t.understand(t.text, t.words, awaited)
	if u.intent == addressIntent || u.intent == accountIntent || t.state.Asked == askedAddress {
		u = t.withoutAddress(u)
	}
	if t.tools[toolByEmail] && t.namesThemselves() {
		known, err := t.identify()
		switch {
		case err != nil:
			return err
		case known:
			return t.recognised(u)
		case len(t.parts) > 0:
			return nil
		}
	}
	if t.done != nil && (u.intent == yesIntent || u.intent == thanksIntent || len(t.words) <= 1) {
		return nil // they were waiting for just that
	}
	switch u.intent {
	case repeatIntent:
		return t.repeat(false)
	case goOnIntent:
		if t.last != nil && t.last.Interrupted {
			return t.repeat(true)
		}
		if t.state.Pending == nil {
			t.say("not_understood")
			t.say("can_do")
			return nil
		}
	case waitIntent:
		t.say("take_your_time") // what was asked stays asked
		return nil
	case attackIntent:
		t.say("out_of_scope")
		t.say("can_do")
		return nil
	}
	if t.state.Pending != nil {
		return t.confirming(u)
	}
	if handled, err := t.answering(u); handled || err != nil {
		return err
	}
	return t.fresh(u)
}

// openOrPrompt speaks where the caller has said nothing.
func (t *turn) openOrPrompt() error {
	switch {
	case t.count == 0 && t.last == nil:
		t.say("greeting", "Name", "")
	case t.done == nil:
		t.say("nothing_heard")
	}
	return nil
}

// fresh answers what does not belong to a question of the agent's.
func (t *turn) fresh(u understood) error {
	asked := t.state.Asked
	t.state.Asked = ""
	if u.intent != unknownIntent && u.intent != followIntent {
		t.state.Offered = nil
	}
	switch {
	case t.asksToShip(u):
		return t.shippingTo()
	case (t.state.Task == taskStock || t.state.Task == "") && t.state.Product != "" && goesOn[u.intent] && len(u.numbers) == 0 && len(wantedOptions(u.rest)) > 0:
		return t.inStock(u) // "and in size 40?"
	}
	switch u.intent {
	case followIntent:
		return t.follow(u)
	case orderIntent:
		t.state.Task, t.state.Aspect, t.state.Words = taskOrder, u.aspect, ""
		return t.about(u)
	case listIntent:
		return t.list()
	case returnIntent:
		t.state.Task, t.state.Aspect, t.state.Words = taskReturn, "", ""
		return t.returning(u)
	case damagedIntent, wrongIntent, lostIntent, lateIntent:
		t.say("sorry_to_hear")
		t.state.Task, t.state.Aspect, t.state.Words, t.state.Problem, t.state.Wish = taskProblem, "", "", string(u.intent), clip(t.text, maxNote)
		return t.problem(u)
	case exchangeIntent, itemsIntent:
		t.state.Task, t.state.Words = taskExchange, ""
		return t.exchanging(u)
	case policyIntent:
		return t.options(u)
	case cancelIntent:
		t.state.Task, t.state.Words = taskCancel, ""
		return t.cancelling(u)
	case addressIntent:
		t.state.Task, t.state.Words = taskAddress, ""
		return t.moving(u)
	case accountIntent:
		t.state.Task, t.state.Words = taskAccount, ""
		return t.settling()
	case paymentIntent:
		t.state.Task, t.state.Words = taskPayment, ""
		return t.paying(u)
	case changeIntent:
		return t.changing(u)
	case productsIntent:
		return t.products(u)
	case stockIntent:
		return t.inStock(u)
	case shippingIntent:
		if len(u.numbers) > 0 && t.brain.countries.in(t.text) == "" { // it is about a parcel
			t.state.Task, t.state.Aspect, t.state.Words = taskOrder, etaAspect, ""
			return t.about(u)
		}
		return t.shippingTo()
	case profileIntent:
		return t.profile()
	case shopIntent:
		if t.mentions("ship", "shipping", "deliver", "delivery") {
			return t.shippingTo()
		}
		t.say("out_of_scope")
		t.say("can_do")
	case personIntent:
		return t.handOver()
	case whoIntent:
		t.say("who_am_i")
		t.say("can_do")
	case helpIntent:
		t.say("can_do")
	case greetIntent:
		t.say("greeting_again")
	case thanksIntent:
		t.say("welcome")
	case byeIntent:
		t.drop()
		t.say("goodbye")
	case abortIntent:
		if t.mentions("cancel") && t.state.Order != "" {
			return t.cancelling(u) // with nothing under way, it is the order that they mean
		}
		t.drop()
		t.say("left_as_is")
	default:
		return t.unclear(u, asked)
	}
	return nil
}

// follow does with another order or thing what was done last.
func (t *turn) follow(u understood) error {
	if t.state.Task == "" {
		t.state.Task = taskOrder
	}
	if len(u.numbers) == 0 && !t.namesAnything(u) && t.place() == "" && !t.mentions("order", "orders", "other", "parcel", "package") {
		t.say("not_understood")
		t.say("can_do")
		return nil
	}
	return t.resume(u)
}

// goesOn are the intents of words that may go on with what was talked about.
var goesOn = map[intent]bool{unknownIntent: true, followIntent: true, productsIntent: true, orderIntent: true}

// asksToShip says whether a country is named as one to ship to: beside a word for
// sending or a question for the days it takes, or after another such question.
func (t *turn) asksToShip(u understood) bool {
	if !t.tools[toolShipping] || len(u.numbers) > 0 || !goesOn[u.intent] || t.brain.countries.in(t.text) == "" {
		return false
	}
	if t.mentions("order", "orders", "parcel", "package") {
		return false
	}
	if t.has("sending") && (u.intent != orderIntent || u.aspect == statusAspect || u.aspect == etaAspect) {
		return true
	}
	if t.mentions("my") {
		return false
	}
	return t.state.Task == taskShipping || (u.intent == orderIntent && u.aspect == etaAspect)
}

// place is the word by which an order is picked from a list, "" for none.
func (t *turn) place() string {
	for _, w := range t.words {
		if _, ok := ordinals[w]; ok || contains([]string{w}, "latest", "newest", "oldest", "cancelled", "delivered", "pending") {
			return w
		}
	}
	return ""
}

// unclear answers words without an intent: perhaps they are only a number, or
// the place of an order in the list that was just told.
func (t *turn) unclear(u understood, asked string) error {
	switch {
	case len(u.numbers) > 0:
		if t.state.Task == "" {
			t.state.Task = taskOrder
		}
		t.state.Aspect = statusAspect
		return t.resume(u)
	case len(t.state.Offered) > 0 && t.place() != "":
		return t.follow(u)
	}
	t.state.Offered = nil
	switch {
	case u.yes && asked == "" && t.last != nil:
		t.say("fine_then")
		t.say("anything_else")
	case u.no:
		t.say("fine_then")
	case len(t.words) <= 3:
		t.say("not_understood")
		t.say("can_do")
	default:
		t.say("out_of_scope")
		t.say("can_do")
	}
	return nil
}

// repeat says again what the agent said last, or, after an interruption, what
// of it was not heard. rest asks for the rest alone.
func (t *turn) repeat(rest bool) error {
	said := ""
	if t.last != nil {
		said = t.last.Text
		if s, ok := decode(t.last.State); ok && s.Said != "" {
			said = s.Said
			if t.last.Interrupted {
				said = unheard(s.Said, t.last.Text)
			}
		}
	}
	switch {
	case said != "":
		t.parts = append(t.parts, said)
	case t.last == nil:
		t.say("nothing_to_repeat")
	case rest:
		t.say("said_it_all")
	default:
		t.parts = append(t.parts, t.last.Text)
	}
	return nil
}

// tellDone says what a write did that the caller has not heard of yet.
func (t *turn) tellDone() {
	var o order
	if !read(t.done, &o) || len(o.ReturnItems) == 0 {
		return
	}
	t.state.Order, t.state.Task = o.number(), ""
	t.say("return_was_done", "Items", t.theItems(known(o.Items, o.ReturnItems), o.Items), "Order", o.number())
}

// number is the order's number in the caller's words, completed by the part they
// said before. ok is false when they said none.
func (t *turn) number(u understood) (n number, ok bool) {
	if len(u.numbers) == 0 {
		return number{}, false
	}
	n = u.numbers[len(u.numbers)-1]
	if t.state.Asked == askedRest && !n.Complete() && t.state.Digits != "" {
		n.Digits = t.state.Digits + n.Digits
	}
	return n, true
}

// mentions says whether one of the words was said.
func (t *turn) mentions(words ...string) bool { return contains(t.words, words...) }

// read takes a tool's message apart.
func read(m *llm.Message, into *order) bool {
	return strings.HasPrefix(strings.TrimSpace(m.Text), "{") && unmarshal(m.Text, into)
}
