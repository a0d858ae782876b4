package rules

type cancelArguments struct {
	OrderID string `json:"order_id"`
	Reason  string `json:"reason"`
}

// The reasons that the shop accepts for a cancellation.
const (
	byMistake = "ordered by mistake"
	unneeded  = "no longer needed"
)

// cancelling leads through the cancellation of an order that was not sent yet.
func (t *turn) cancelling(u understood) error {
	if !t.tools[toolCancel] {
		t.say("no_cancel")
		t.say("can_do")
		return nil
	}
	t.state.Task = taskCancel
	if r := t.reason(); r != "" {
		t.state.Words = r
	}
	kept := t.state.Words
	t.state.Words = "" // no name of a thing
	o, found, err := t.which(u, func(o order) bool { return o.Status == pendingStatus })
	t.state.Words = kept
	if err != nil || !found {
		return err
	}
	if o.Status != pendingStatus {
		t.state.Task, t.state.Words = "", ""
		t.say("cancel_not_pending", "Order", o.number(), "State", t.inState(o))
		return nil
	}
	reason := t.state.Words
	if reason == "" {
		t.ask(askedReason, "ask_reason", "Order", o.number())
		return nil
	}
	fields := map[string]string{"Order": o.number(), "Reason": t.word(reason)}
	if p, ok := o.paid(); ok {
		fields["Amount"] = t.money(p.Amount, o.Currency)
		fields["Method"] = t.method(p.Method, o.Methods)
	}
	return t.write(wish{
		tool: toolCancel, arguments: cancelArguments{o.number(), reason}, order: o.number(),
		ask: "cancel_confirm", again: "cancel_confirm_again", done: "cancel_done", fields: fields,
	})
}

// reason is the accepted reason that the caller gives, "" for none.
func (t *turn) reason() string {
	switch {
	case t.has("mistake"):
		return byMistake
	case t.has("unneeded"):
		return unneeded
	}
	return ""
}
