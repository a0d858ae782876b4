package rules

import (
	"encoding/json"
	"strings"
)

// What the agent's last message asked for.
const (
	askedOrder   = "order"   // an order's number
	askedRest    = "rest"    // the missing digits of one
	askedWhich   = "which"   // one of the orders in Offered
	askedMeant   = "meant"   // whether Offered[0] was meant
	askedItems   = "items"   // what to return
	askedConfirm = "confirm" // whether to do what is Pending
	askedReason  = "reason"  // why to cancel
	askedOption  = "option"  // which other variant
	askedAddress = "address" // the new address
	askedMethod  = "method"  // the other way of paying
	askedWho     = "who"     // who is calling: an e-mail address, or name and postal code
	askedCountry = "country" // where to ship
	askedProduct = "product" // which product
)

// The tasks that can be under way.
const (
	taskOrder  = "order"  // something about an order, see Aspect
	taskReturn = "return" // a return

	taskCancel   = "cancel"
	taskExchange = "exchange" // of things in a delivered order, or in one not sent yet
	taskAddress  = "address"  // of an order
	taskAccount  = "account"  // the account's address
	taskPayment  = "payment"
	taskProblem  = "problem" // see Problem
	taskOptions  = "options" // what may be returned
	taskStock    = "stock"
	taskShipping = "shipping"
	taskIdentify = "identify" // who is calling; Wish is what they wanted
)

// state is what the brain knows beyond the words of the conversation. It travels
// with each of its messages; see [llm.Message.State].
type state struct {
	Task string `json:"task,omitempty"`
	// Aspect is what of an order was asked for.
	Aspect aspect `json:"aspect,omitempty"`
	// Order is the order that is talked about, such as W10002.
	Order string `json:"order,omitempty"`
	// Digits are those of an order's number that is not complete.
	Digits string `json:"digits,omitempty"`
	// Words are the caller's, when they named things before the order was known.
	Words string `json:"words,omitempty"`
	// Asked is what the message asks, Question the sentence that does.
	Asked    string `json:"asked,omitempty"`
	Question string `json:"question,omitempty"`
	// Offered are the orders to choose from.
	Offered []string `json:"offered,omitempty"`
	// Pending is a write that waits for its yes.
	Pending *pending `json:"pending,omitempty"`
	// Problem is what is wrong with a parcel: lost, late, damaged, wrong_item.
	Problem string `json:"problem,omitempty"`
	// Product is what was talked about outside of any order.
	Product string `json:"product,omitempty"`
	// Shown is the product that a photo showed, which the next words may be about.
	Shown string `json:"shown,omitempty"`
	// Unread says that a photo was shown that told nothing of an order; what is printed
	// in it may be read later.
	Unread bool `json:"unread,omitempty"`
	// Wish is what was said before it was asked who is calling.
	Wish string `json:"wish,omitempty"`
	// Said is all of the message, heard or not.
	Said string `json:"said,omitempty"`
}

// pending is a write and what was asked about it.
type pending struct {
	Tool      string          `json:"tool"`
	Arguments json.RawMessage `json:"arguments"`
	Order     string          `json:"order"`
	// Items is how the things are called: "the headphones".
	Items string `json:"items"`
	// Ask and Done are the phrases that ask again and that tell it is done, Fields
	// what stands in them; "" for a return, which has its own.
	Ask    string            `json:"ask,omitempty"`
	Done   string            `json:"done,omitempty"`
	Fields map[string]string `json:"fields,omitempty"`
}

// encode writes a state for [llm.Delta.State].
func (s state) encode() json.RawMessage {
	raw, err := json.Marshal(s)
	if err != nil {
		return nil // strings and valid JSON always marshal
	}
	return raw
}

// decode reads a state; one that is not ours counts as none.
func decode(raw json.RawMessage) (state, bool) {
	var s state
	if len(raw) == 0 || json.Unmarshal(raw, &s) != nil {
		return state{}, false
	}
	return s, true
}

// unheard is what of a text was cut off, from the beginning of the sentence that
// was interrupted; "" when all was heard.
func unheard(said, heard string) string {
	n := len(strings.Fields(heard))
	count := 0
	for _, sentence := range sentences(said) {
		words := len(strings.Fields(sentence))
		if count+words > n {
			return strings.TrimSpace(said[strings.Index(said, sentence):])
		}
		count += words
	}
	return ""
}

// wideEnd is where the sentence ends whose last sign, of a script that puts no space
// after it, begins at byte i; i when there is none.
func wideEnd(text string, i int) int {
	for _, sign := range []string{"。", "？", "！", "؟ "} {
		if strings.HasPrefix(text[i:], sign) {
			return i + len(sign)
		}
	}
	return i
}

// sentences cuts a text at the ends of its sentences. Nothing is lost: joined
// with spaces they are the text again.
func sentences(text string) []string {
	var out []string
	start := 0
	for i := 0; i < len(text); i++ {
		if end := wideEnd(text, i); end > i {
			out = append(out, strings.TrimSpace(text[start:end]))
			start = end
			continue
		}
		if (text[i] == '.' || text[i] == '?' || text[i] == '!') && (i+1 == len(text) || text[i+1] == ' ') {
			out = append(out, strings.TrimSpace(text[start:i+1]))
			start = i + 1
		}
	}
	if rest := strings.TrimSpace(text[start:]); rest != "" {
		out = append(out, rest)
	}
	return out
}
