package rules

import "strings"

type paymentArguments struct {
	OrderID string `json:"order_id"`
	Method  string `json:"payment_method_id"`
}

type userArguments struct {
	UserID string `json:"user_id"`
}

// user is what get_user_details gives.
type user struct {
	ID   string `json:"user_id"`
	Name struct {
		First string `json:"first_name"`
		Last  string `json:"last_name"`
	} `json:"name"`
	Email   string                   `json:"email"`
	Address address                  `json:"address"`
	Methods map[string]paymentMethod `json:"payment_methods"`
}

// user fetches the caller's own details. Their id stands in any order of theirs.
func (t *turn) user() (u user, found bool, err error) {
	all, err := t.all()
	if err != nil {
		return user{}, false, err
	}
	if len(all) == 0 {
		if len(t.parts) == 0 {
			t.say("no_orders")
		}
		return user{}, false, nil
	}
	var o order
	refusal, err := t.use(toolOrder, orderArguments{all[0].number()}, &o)
	if err == nil && refusal == "" {
		refusal, err = t.use(toolUser, userArguments{o.User}, &u)
	}
	if err != nil {
		return user{}, false, err
	}
	if refusal != "" {
		t.refused(refusal)
		return user{}, false, nil
	}
	if u.ID == "" {
		u.ID = o.User
	}
	return u, true, nil
}

// profile tells what the shop knows of the caller.
func (t *turn) profile() error {
	if !t.tools[toolUser] {
		t.say("cannot_do")
		t.say("can_do")
		return nil
	}
	u, found, err := t.user()
	if err != nil || !found {
		return err
	}
	t.say("profile", "Name", strings.TrimSpace(u.Name.First+" "+u.Name.Last), "Email", u.Email,
		"Address", strings.Trim(u.Address.Address1+", "+u.Address.City, ", "))
	return nil
}

// paying leads through the change of how an order is paid.
func (t *turn) paying(u understood) error {
	if !t.tools[toolPayment] || !t.tools[toolUser] {
		t.say("no_change")
		t.say("can_do")
		return nil
	}
	t.state.Task = taskPayment
	source := t.source()
	if source == "" && t.state.Words != "" {
		source = t.state.Words
	}
	t.state.Words = ""
	o, found, err := t.which(u, func(o order) bool { return strings.HasPrefix(o.Status, pendingStatus) })
	t.state.Words = source
	if err != nil || !found {
		return err
	}
	if !strings.HasPrefix(o.Status, pendingStatus) {
		t.state.Task, t.state.Words = "", ""
		t.say("payment_not_pending", "Order", o.number(), "State", t.inState(o))
		return nil
	}
	who, found, err := t.user()
	if err != nil || !found {
		return err
	}
	current := ""
	if p, ok := o.paid(); ok {
		current = p.Method
	}
	var others []string
	for _, id := range sortedKeys(who.Methods) {
		if id != current && (source == "" || who.Methods[id].Source == source) {
			others = append(others, id)
		}
	}
	switch {
	case len(others) == 1:
	case len(others) == 0:
		t.state.Task, t.state.Words = "", ""
		t.say("payment_no_other", "Method", t.method(current, who.Methods))
		return nil
	default:
		var names []string
		for _, id := range others {
			names = append(names, t.method(id, who.Methods))
		}
		t.ask(askedMethod, "ask_method", "Choices", t.joined("or", names))
		return nil
	}
	return t.write(wish{
		tool: toolPayment, arguments: paymentArguments{o.number(), others[0]}, order: o.number(),
		ask: "payment_confirm", again: "payment_confirm", done: "payment_done",
		fields: map[string]string{"Order": o.number(), "Method": t.method(others[0], who.Methods)},
	})
}

// source is the kind of payment that the caller names, "" for none.
func (t *turn) source() string {
	for _, s := range []string{"gift_card", "paypal", "credit_card"} {
		if t.has(s) {
			return s
		}
	}
	return ""
}
