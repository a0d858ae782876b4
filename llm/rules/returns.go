package rules

import (
	"encoding/json"
	"slices"
	"strings"
)

type returnArguments struct {
	OrderID string   `json:"order_id"`
	ItemIDs []string `json:"item_ids"`
	Method  string   `json:"payment_method_id,omitempty"`
}

// The refusals of a return that have an answer of their own.
const (
	notDelivered = "Non-delivered order cannot be returned"
	badMethod    = "Payment method should be the original payment method"
)

// returning leads through a return: which order, which items, and then the
// question whether to do it.
func (t *turn) returning(u understood) error {
	t.state.Task = taskReturn
	o, found, err := t.which(u, func(o order) bool { return o.Status == deliveredStatus })
	if err != nil {
		return err
	}
	if !found {
		if t.state.Words == "" && t.state.Asked != askedItems {
			t.state.Words = strings.Join(u.rest, " ") // what they named is not asked for again
		}
		return nil
	}
	if o.Status != deliveredStatus {
		t.refuseReturn(o)
		return nil
	}
	words := u.rest
	if t.state.Words != "" {
		words = slices.Concat(strings.Fields(t.state.Words), words)
	}
	c := choose(words, o.Items)
	switch {
	case len(o.Items) == 1:
		c = choice{items: o.Items}
	case len(c.items) == 0 && t.mentions("it", "that", "this") && t.mentions("order", "whole"):
		c = choice{items: o.Items}
	}
	if len(c.items) == 0 || c.ambiguous {
		key := "return_which_items"
		switch {
		case len(t.parts) > 0: // something was said before it already
			key = "return_items_are"
		case missing(u.rest) != "":
			key = "return_item_not_in_order"
		}
		t.state.Words = ""
		t.ask(askedItems, key, "Order", o.number(), "Items", t.someItems(o.Items))
		return nil
	}
	return t.request(o, c.items, t.refundTo(o))
}

// refundTo is the payment method that the caller wants the money on, "" for the
// original one.
func (t *turn) refundTo(o order) string {
	text := strings.Join(t.words, " ")
	if !strings.Contains(text, "gift card") && !strings.Contains(text, "give card") && !strings.Contains(text, "store credit") && text != "its car" {
		return ""
	}
	for _, id := range o.Refunds {
		if o.Methods[id].Source == "gift_card" {
			return id
		}
	}
	t.say("no_gift_card")
	return ""
}

// refuseReturn says why nothing of an order can be returned.
func (t *turn) refuseReturn(o order) {
	t.state.Task, t.state.Words = "", ""
	switch o.Status {
	case returnStatus:
		t.say("return_already", "Order", o.number())
	case pendingStatus, modifiedStatus, processedStatus, cancelledStatus, exchangeStatus:
		t.say("return_not_delivered", "Order", o.number(), "State", t.inState(o))
	default:
		t.say("status_other", "Order", o.number(), "Status", o.Status)
	}
}

// request calls for the return and tells what became of it: a question first,
// and after the yes the result.
func (t *turn) request(o order, items []item, method string) error {
	arguments := returnArguments{OrderID: o.number(), ItemIDs: ids(items), Method: method}
	var answer order
	refusal, err := t.use(toolReturn, arguments, &answer)
	if err != nil {
		return err
	}
	if refusal != "" {
		t.state.Pending = nil
		return t.refusedReturn(refusal, o.number())
	}
	called := t.theItems(items, o.Items)
	if answer.Status == confirmationRequired {
		t.state.Words = ""
		return t.confirm(arguments, o, called)
	}
	t.finished(answer, o.number(), called)
	return nil
}

// refusedReturn says why the tool would not make a return.
func (t *turn) refusedReturn(refusal, number string) error {
	switch refusal {
	case notDelivered:
		o, found, err := t.details(number)
		if err != nil || !found {
			return err
		}
		t.refuseReturn(o)
	case badMethod:
		t.say("return_bad_method")
	case noOrder:
		t.say("order_not_found", "Order", number)
	default:
		t.refused(refusal)
	}
	return nil
}

// confirm asks before the return is made.
func (t *turn) confirm(arguments returnArguments, o order, called string) error {
	raw, err := json.Marshal(arguments)
	if err != nil {
		return err
	}
	t.state.Pending = &pending{Tool: toolReturn, Arguments: raw, Order: o.number(), Items: called}
	to := arguments.Method
	if to == "" && len(o.Refunds) > 0 {
		to = o.Refunds[0]
	}
	if to == "" {
		t.ask(askedConfirm, "return_confirm_undirected", "Items", called, "Order", o.number())
		return nil
	}
	t.ask(askedConfirm, "return_confirm", "Items", called, "Order", o.number(), "Method", t.method(to, o.Methods))
	return nil
}

// finished tells that the return was made.
func (t *turn) finished(answer order, number, called string) {
	t.state.Pending, t.state.Asked, t.state.Task, t.state.Words = nil, "", "", ""
	if answer.ReturnTo == "" {
		t.say("return_done_undirected", "Items", called, "Order", number)
	} else {
		t.say("return_done", "Items", called, "Order", number, "Method", t.method(answer.ReturnTo, answer.Methods))
	}
	t.say("anything_else")
}

// confirming takes what was said after the question whether to do a write.
func (t *turn) confirming(u understood) error {
	p := t.state.Pending
	if p.Ask != "" && len(u.numbers) == 0 && (u.intent == t.taskIntent() || (u.intent == addressIntent && t.state.Task == taskAddress)) && !u.yes && !u.no && !u.plainly {
		t.state.Pending, t.state.Asked = nil, "" // said anew, perhaps otherwise
		return t.resume(u)
	}
	revised, err := t.revise(u, p)
	if revised || err != nil {
		return err
	}
	switch {
	case u.intent == abortIntent, u.no && (u.intent == noIntent || u.intent == cancelIntent):
		t.drop()
		t.say("left_as_is")
		return nil
	case u.plainly, u.yes && (u.intent == yesIntent || u.intent == thanksIntent || u.intent == t.taskIntent()):
		return t.agreed(p)
	case u.intent == unknownIntent, u.intent == yesIntent, u.intent == noIntent, u.intent == returnIntent:
		t.say("not_understood")
		t.askAgain(p)
		return nil
	case u.intent == byeIntent:
		t.drop()
		t.say("left_as_is")
		t.say("goodbye")
		return nil
	}
	// A question in between is answered, and then the agent comes back to its own.
	if err := t.fresh(u); err != nil {
		return err
	}
	if t.state.Asked != "" {
		t.state.Pending = nil // the answer asks something of its own, to which a yes would belong
		return nil
	}
	t.askAgain(p)
	return nil
}

// revise starts over when the caller names other things, another order or
// another way for the money than the question did.
func (t *turn) revise(u understood, p *pending) (bool, error) {
	if p.Ask != "" {
		return false, nil
	}
	if u.intent != unknownIntent && u.intent != yesIntent && u.intent != noIntent && u.intent != returnIntent && u.intent != damagedIntent {
		return false, nil
	}
	var was returnArguments
	if json.Unmarshal(p.Arguments, &was) != nil {
		t.state.Pending = nil // not ours: nothing to revise
		return false, nil     //nolint:nilerr // see above
	}
	if n, ok := t.number(u); ok && n.Complete() && "W"+n.Digits != p.Order {
		t.state.Pending, t.state.Asked, t.state.Words = nil, "", ""
		return true, t.returning(u)
	}
	if !t.namesAnything(u) && !contains(u.rest, "both", "all", "everything", "other", "one") {
		return false, nil
	}
	o, found, err := t.details(p.Order)
	if err != nil || !found {
		return !found, err
	}
	words := u.rest
	if u.no && len(words) > 0 {
		words = words[1:] // the no itself, which would except what follows
	}
	items := choose(words, o.Items).items
	if len(items) == 0 && contains(words, "other") {
		items = slices.DeleteFunc(slices.Clone(o.Items), func(it item) bool { return slices.Contains(was.ItemIDs, it.ID) })
	}
	method := t.refundTo(o)
	same := len(items) == 0 || slices.Equal(slices.Sorted(slices.Values(ids(items))), slices.Sorted(slices.Values(was.ItemIDs)))
	if same && (method == "" || method == was.Method) {
		return false, nil
	}
	if len(items) == 0 {
		items = known(o.Items, was.ItemIDs)
	}
	if method == "" {
		method = was.Method
	}
	t.state.Pending, t.state.Asked = nil, ""
	return true, t.request(o, items, method)
}

// agreed makes the call that was asked about, with the same arguments. Whether
// the question was really heard the agent knows; if not, it has to be asked again.
func (t *turn) agreed(p *pending) error {
	if p.Ask != "" {
		return t.agreedTo(p)
	}
	var answer order
	refusal, err := t.use(p.Tool, p.Arguments, &answer)
	if err != nil {
		return err
	}
	switch {
	case refusal != "":
		t.state.Pending, t.state.Asked = nil, ""
		return t.refusedReturn(refusal, p.Order)
	case answer.Status == confirmationRequired:
		t.askAgain(p)
	default:
		t.finished(answer, p.Order, p.Items)
	}
	return nil
}

// agreedTo is agreed for what is no return.
func (t *turn) agreedTo(p *pending) error {
	var answer writeAnswer
	refusal, err := t.use(p.Tool, p.Arguments, &answer)
	switch {
	case err != nil:
		return err
	case refusal != "":
		t.state.Pending, t.state.Asked, t.state.Task = nil, "", ""
		t.refusedWrite(refusal, p.Order)
	case answer.Status == confirmationRequired:
		t.askAgain(p)
	default:
		t.wrote(p.Tool, p.Done, p.Fields, answer)
	}
	return nil
}

// askAgain repeats the question that waits for its answer.
func (t *turn) askAgain(p *pending) {
	t.state.Pending = p
	if p.Ask != "" {
		t.ask(askedConfirm, p.Ask, asFields(p.Fields)...)
		return
	}
	t.ask(askedConfirm, "return_confirm_again", "Items", p.Items, "Order", p.Order)
}
