package rules

import (
	"encoding/json"
	"strings"
)

// wish is something that the caller wants done, with the phrases that ask whether
// to do it and that tell it is done.
type wish struct {
	tool      string
	arguments any
	order     string
	// ask, again and done are phrases over fields.
	ask, again, done string
	fields           map[string]string
}

// writeAnswer is what the brain reads of a write's result.
type writeAnswer struct {
	Status   string      `json:"status"`
	Case     string      `json:"case_id"`
	Offer    offer       `json:"offer"`
	Payments []payment   `json:"payment_history"`
	Diff     json.Number `json:"exchange_price_difference"`
	Currency string      `json:"currency"`
}

// offer is what the shop's policy offers for a parcel's problem.
type offer struct {
	Kind      string      `json:"kind"`
	Amount    json.Number `json:"amount"`
	Currency  string      `json:"currency"`
	AfterDays int         `json:"after_days"`
	Within    int         `json:"within_days"`
}

// write asks for a write: a question first, and after the yes what came of it.
func (t *turn) write(w wish) error {
	var answer writeAnswer
	refusal, err := t.use(w.tool, w.arguments, &answer)
	if err != nil {
		return err
	}
	if refusal != "" {
		t.state.Pending, t.state.Asked, t.state.Task = nil, "", ""
		t.refusedWrite(refusal, w.order)
		return nil
	}
	if answer.Status != confirmationRequired {
		t.wrote(w.tool, w.done, w.fields, answer)
		return nil
	}
	raw, err := json.Marshal(w.arguments)
	if err != nil {
		return err
	}
	t.state.Words = ""
	t.state.Pending = &pending{Tool: w.tool, Arguments: raw, Order: w.order, Ask: w.again, Done: w.done, Fields: w.fields}
	t.ask(askedConfirm, w.ask, asFields(w.fields)...)
	return nil
}

// wrote tells that a write was done.
func (t *turn) wrote(tool, done string, fields map[string]string, answer writeAnswer) {
	t.state.Pending, t.state.Asked, t.state.Task, t.state.Words = nil, "", "", ""
	t.say(done, asFields(fields)...)
	if tool == toolProblem {
		if answer.Case != "" {
			t.say("problem_case", "Case", spelled(answer.Case))
		}
		t.offers(answer.Offer)
	}
	t.say("anything_else")
}

// offers tells what the shop offers.
func (t *turn) offers(o offer) {
	amount := ""
	if o.Amount != "" {
		amount = t.money(o.Amount, o.Currency)
	}
	switch o.Kind {
	case "refund":
		if amount != "" {
			t.say("offer_refund_amount", "Amount", amount, "Days", o.Within)
			return
		}
		t.say("offer_refund")
	case "reship", "replacement":
		t.say("offer_reship")
	case "investigate":
		t.say("offer_investigate")
	case "wait":
		t.say("offer_wait")
	}
}

// asFields are fields as phrases take them.
func asFields(m map[string]string) []any {
	out := make([]any, 0, 2*len(m))
	for _, name := range sortedKeys(m) {
		out = append(out, name, m[name])
	}
	return out
}

// refusals are the phrases for what the reference tools answer.
var refusals = map[string]string{
	"Non-pending order cannot be cancelled":                           "refuse_not_pending",
	"Non-pending order cannot be modified":                            "refuse_not_pending",
	"Non-delivered order cannot be exchanged":                         "refuse_not_delivered",
	"Non-delivered order cannot be returned":                          "refuse_not_delivered",
	"Insufficient gift card balance to pay for the new item":          "refuse_gift_card",
	"Insufficient gift card balance to pay for the order":             "refuse_gift_card",
	"Insufficient gift card balance to pay for the price difference":  "refuse_gift_card",
	"New item ID not found or available":                              "refuse_unavailable",
	"The new item id should be different from the old item id":        "refuse_same",
	"The new payment method should be different from the current one": "refuse_same",
	"Payment method should be the original payment method":            "return_bad_method",
	"There should be exactly one payment for a pending order":         "refuse_payments",
	"Payment method not found":                                        "refuse_no_method",
}

// refusedWrite says why a tool would not do it.
func (t *turn) refusedWrite(refusal, order string) {
	reason := strings.TrimSuffix(refusal, ".")
	switch {
	case t.said != "":
		t.parts = append(t.parts, t.said)
	case refusals[reason] != "":
		t.say(refusals[reason], "Order", order)
	case refusal == noOrder:
		t.say("order_not_found", "Order", order)
	default:
		t.refused(refusal)
	}
}
