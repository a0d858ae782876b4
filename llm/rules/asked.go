package rules

import "slices"

// answering takes what was said as an answer to the agent's last question, if it
// can be one.
func (t *turn) answering(u understood) (handled bool, err error) {
	asked := t.state.Asked
	if asked == "" {
		return false, nil
	}
	if asked == askedReason && t.reason() != "" { // "I don't need it any more" is no refusal
		return true, t.resume(u)
	}
	if t.refuses(u, asked) {
		t.drop()
		t.say("fine_then")
		t.say("anything_else")
		return true, nil
	}
	other := u.intent != unknownIntent && u.intent != yesIntent && u.intent != noIntent && u.intent != t.taskIntent()
	if asked == askedMeant {
		if handled, err := t.meaning(u); handled || err != nil {
			return handled, err
		}
	}
	switch asked {
	case askedOrder, askedRest:
		if u.intent == yesIntent && len(u.numbers) == 0 && !t.namesAnything(u) { // yes is no number
			t.ask(askedOrder, "ask_order_again")
			return true, nil
		}
	case askedReason, askedMethod, askedAddress, askedOption, askedCountry, askedProduct:
		if !other || t.answers(asked, u) {
			return true, t.resume(u)
		}
	case askedWho:
		if other && public[u.intent] {
			break
		}
		t.ask(askedWho, "ask_who_again")
		return true, nil
	case askedItems:
		if !other || (u.intent == orderIntent && t.namesAnything(u)) {
			t.state.Asked = ""
			return true, t.resume(u)
		}
	}
	ordered := len(u.numbers) > 0
	if (!other && asked != askedMeant) || (ordered && (!other || u.intent == orderIntent)) {
		return true, t.resume(u)
	}
	if !other {
		return false, nil
	}
	t.state.Asked, t.state.Digits = "", ""
	return false, nil
}

// refuses says whether a question is answered with a no, or with never mind.
func (t *turn) refuses(u understood, asked string) bool {
	return u.intent == abortIntent || (u.intent == noIntent && asked != askedMeant && len(u.numbers) == 0 && !t.namesAnything(u))
}

// taskIntent is the intent that goes on with the task under way.
func (t *turn) taskIntent() intent {
	return map[string]intent{
		taskReturn: returnIntent, taskOrder: orderIntent, taskCancel: cancelIntent, taskExchange: exchangeIntent, taskAddress: addressIntent,
		taskAccount: accountIntent, taskPayment: paymentIntent, taskProblem: intent(t.state.Problem), taskOptions: policyIntent,
		taskStock: stockIntent, taskShipping: shippingIntent,
	}[t.state.Task]
}

// public are the intents that need no caller to be known.
var public = map[intent]bool{
	productsIntent: true, stockIntent: true, shippingIntent: true, personIntent: true, helpIntent: true, whoIntent: true, byeIntent: true,
	abortIntent: true, policyIntent: true, thanksIntent: true,
}

// answers says whether words that have an intent of their own still answer what was
// asked: "to the gift card", "the black one, please".
func (t *turn) answers(asked string, u understood) bool {
	switch asked {
	case askedReason:
		return t.reason() != ""
	case askedMethod:
		return t.source() != ""
	case askedAddress:
		return t.newAddress() != ""
	case askedOption:
		return len(wantedOptions(u.rest)) > 0
	case askedCountry:
		return t.brain.countries.in(t.text) != ""
	}
	return len(t.productWords(u.rest)) > 0
}

// namesAnything says whether there is more in the words than a yes or a no:
// something to look for among items.
func (t *turn) namesAnything(u understood) bool {
	return slices.ContainsFunc(u.rest, func(w string) bool {
		return len(w) > 2 && !fillers[w] && !plainWords[w]
	})
}

// plainWords name no thing; what is left of a sentence without them may.
var plainWords = set("yes", "yeah", "yep", "no", "nope", "not", "please", "thanks", "thank", "the", "this", "that", "these", "those", "them", "they", "its",
	"and", "but", "for", "from", "with", "want", "would", "like", "can", "could", "will", "just", "only", "one", "ones", "return", "returns", "back", "send", "order", "orders",
	"number", "my", "dont", "cant", "okay", "sure", "well", "now", "ahead", "sorry", "wait", "actually", "mean", "have", "has", "are", "was", "about", "there", "any", "w0", "get", "give", "refund", "item", "items",
	"right", "correct", "thats", "other", "another", "stop", "leave", "never", "mind", "know", "why", "what", "which", "when", "where", "who", "how", "too", "then", "again", "really", "maybe", "some")

// resume goes on with the task that a question belonged to.
func (t *turn) resume(u understood) error {
	switch t.state.Task {
	case taskReturn:
		return t.returning(u)
	case taskCancel:
		return t.cancelling(u)
	case taskExchange:
		return t.exchanging(u)
	case taskAddress:
		return t.moving(u)
	case taskAccount:
		return t.settling()
	case taskPayment:
		return t.paying(u)
	case taskProblem:
		return t.problem(u)
	case taskOptions:
		return t.options(u)
	case taskStock:
		return t.inStock(u)
	case taskShipping:
		return t.shippingTo()
	}
	if u.intent == orderIntent && u.aspect != statusAspect {
		t.state.Aspect = u.aspect
	}
	return t.about(u)
}

// drop forgets the task under way, though not which order it was about.
func (t *turn) drop() {
	t.state = state{Order: t.state.Order, Unread: t.state.Unread}
}
