package rules

import (
	"encoding/json"
	"strings"
	"testing"

	"parley/llm"
	"parley/shop"
)

func TestStatusByNumber(t *testing.T) {
	d := newDialogue(t)
	d.expect(d.say("Where is my order W ten thousand and two?"), "W10002 is on its way", "Singapore", "tomorrow")
	d.expect(d.say("and what's in it?"), "rain jacket", "phone case")
	d.expect(d.say("what about W one zero zero zero one"), "W10001", "water bottle")
	d.expect(d.say("and where is W10004"), "W10004 was cancelled", "115 Singapore dollars", "Visa")
}

func TestStatusWithoutNumber(t *testing.T) {
	d := newDialogue(t)
	d.expect(d.say("where is my order"), "W10001", "W10002", "which one")
	d.expect(d.say("the second one"), "W10002 is on its way")
	d = d.again()
	d.expect(d.say("Where's my jacket?"), "W10002 is on its way")
	d = d.again()
	d.expect(d.say("where is my parcel"), "W10002 is on its way")
	d = d.again()
	d.expect(d.say("where is my piano"), "don't see a piano", "which one")
}

func TestNumberInPieces(t *testing.T) {
	d := newDialogue(t)
	d.expect(d.say("where is my order W one zero zero"), "1 0 0", "?")
	d.expect(d.say("zero two"), "W10002 is on its way")
	d = d.again()
	d.expect(d.say("where is my order"), "which one")
	d.expect(d.say("ten thousand and two"), "W10002 is on its way")
}

func TestNumberThatWasMisheard(t *testing.T) {
	d := newDialogue(t)
	d.expect(d.say("W, one o o o o two."), "W100002", "did you mean W10002?")
	d.expect(d.say("yes"), "W10002 is on its way")
	d = d.again()
	d.say("W, one o o o o two.")
	d.expect(d.say("no"), "order", "?")
	d.expect(d.say("W10003"), "W10003 was delivered", "Saturday, November 21st")
	d = d.again()
	d.expect(d.say("W-1-0-0-0-0-0-0-0-0-0-0-"), "number")
}

func TestReturnAgreed(t *testing.T) {
	d := newDialogue(t)
	d.expect(d.say("I want to return the headphones"), "the headphones from order W10003", "Visa", "shall I")
	if len(d.ran) != 0 {
		t.Fatalf("ran before the yes: %v", d.ran)
	}
	d.expect(d.say("yes please"), "done", "headphones", "W10003", "Visa")
	if len(d.ran) != 1 {
		t.Fatalf("ran %v, want one return", d.ran)
	}
	d.expect(d.say("and the kettle from W10003?"), "return", "W10003")
	d.expect(d.say("return the kettle from W10003"), "already")
	if len(d.ran) != 1 {
		t.Errorf("ran %v, want one return", d.ran)
	}
}

func TestReturnStepByStep(t *testing.T) {
	d := newDialogue(t)
	d.expect(d.say("I need to return something"), "W10003", "headphones and an electric kettle", "?")
	d.expect(d.say("both"), "the headphones and the electric kettle", "shall I")
	d.expect(d.say("no, just the kettle"), "the electric kettle from order W10003", "shall I")
	d.expect(d.say("can it go to my gift card"), "gift card", "shall I")
	d.expect(d.say("go ahead"), "done", "electric kettle", "gift card")
	if want := `return_delivered_order_items{"order_id":"W10003","item_ids":["510201"],"payment_method_id":"gift_card_7700077"}`; len(d.ran) != 1 || d.ran[0] != want {
		t.Errorf("ran %v, want %s", d.ran, want)
	}
}

func TestReturnRefused(t *testing.T) {
	d := newDialogue(t)
	for _, no := range []string{"no", "never mind", "no thanks", "I changed my mind", "stop", "actually no don't do that", "yes, no, wait, don't"} {
		d = d.again()
		d.expect(d.say("return the kettle"), "shall I")
		answer := strings.ToLower(d.say(no))
		if !strings.Contains(answer, "as it is") && !strings.Contains(answer, "nothing has been changed") {
			t.Errorf("after %q: %q", no, answer)
		}
		d.say("yes")
		if len(d.ran) != 0 {
			t.Errorf("after %q and a late yes: ran %v", no, d.ran)
		}
	}
}

func TestReturnThatCannotBe(t *testing.T) {
	d := newDialogue(t)
	for said, parts := range map[string][]string{
		"I want to return order W10001":              {"W10001 can't be returned", "only delivered", "being prepared"},
		"return the rain jacket":                     {"W10002 can't be returned", "on its way"},
		"I'd like a refund for W10004":               {"W10004 can't be returned", "cancelled"},
		"return the headphones from order W20001":    {"W20001", "your account"},
		"return the headphones from order W99999":    {"W99999", "your account"},
		"I want to return the running shoes, please": {"W10004 can't be returned", "cancelled"},
	} {
		d = d.again()
		d.expect(d.say(said), parts...)
		d.say("yes")
		d.say("yes")
		if len(d.ran) != 0 {
			t.Errorf("%q: ran %v", said, d.ran)
		}
	}
}

func TestNothingToReturn(t *testing.T) {
	d := newDialogue(t)
	d.say("return both from W10003")
	d.expect(d.say("yes"), "done")
	d.messages = nil // another conversation
	d.expect(d.say("I want to return something"), "no delivered order")
}

func TestRefusalOfTheToolReachesTheCaller(t *testing.T) {
	d := newDialogue(t)
	d.say("return the headphones")
	// Someone else returned it in the meantime, say on the shop's page.
	r := newDialogue(t)
	r.tools = d.tools
	r.say("return the kettle")
	r.expect(r.say("yes"), "done")
	d.expect(d.say("yes"), "W10003", "already")
}

func TestQuestionInBetween(t *testing.T) {
	d := newDialogue(t)
	d.say("return the headphones")
	d.expect(d.say("how much did I pay for it?"), "178.50 Singapore dollars", "shall I return the headphones")
	d.expect(d.say("and what can you do?"), "I can tell you", "shall I return the headphones")
	d.expect(d.say("blue monkey dance"), "shall I return the headphones")
	d.expect(d.say("yes"), "done")
}

func TestYesBeforeTheQuestionWasHeard(t *testing.T) {
	d := newDialogue(t)
	d.say("return the headphones")
	d.interrupt(4)
	d.expect(d.say("yes"), "return the headphones from order W10003", "?")
	if len(d.ran) != 0 {
		t.Fatalf("ran %v though the question was not heard", d.ran)
	}
	d.expect(d.say("yes"), "done")
	if len(d.ran) != 1 {
		t.Errorf("ran %v, want one return", d.ran)
	}
}

func TestMeantMustHaveBeenHeard(t *testing.T) {
	d := newDialogue(t)
	d.say("W, one o o o o two.")
	d.interrupt(3)
	d.expect(d.say("yes"), "did you mean W10002?")
	d.expect(d.say("yes"), "W10002 is on its way")
}

// What the caller says while the agent is still thinking, or before a word of
// the answer was heard, belongs to what they said before.
func TestCallerGoesOn(t *testing.T) {
	d := newDialogue(t)
	d.messages = append(d.messages, llm.Message{Role: llm.User, Text: "where is my order W one zero zero"})
	first := d.step() // thrown away
	d.messages = append(d.messages, first)
	d.messages = append(d.messages, llm.Message{Role: llm.ToolRole, ToolCallID: first.ToolCalls[0].ID, ToolName: first.ToolCalls[0].Name, Text: `{"orders":[]}`},
		llm.Message{Role: llm.Assistant, Text: "", Interrupted: true, State: json.RawMessage(`{"asked":"rest","digits":"100"}`)})
	d.expect(d.say("zero two"), "W10002 is on its way")
}

// A return that ran while the caller spoke over it is told of, and not repeated.
func TestWriteUnderBargeIn(t *testing.T) {
	for _, next := range []string{"please", "thanks", "what's in order W10002", "no wait stop"} {
		d := newDialogue(t)
		d.say("return the headphones")
		d.messages = append(d.messages, llm.Message{Role: llm.User, Text: "yes"})
		call := d.step()
		d.messages = append(d.messages, call)
		result, _ := d.run(call.ToolCalls[0], d.asked)
		d.messages = append(d.messages, llm.Message{Role: llm.ToolRole, ToolCallID: call.ToolCalls[0].ID, ToolName: call.ToolCalls[0].Name, Text: result})
		answer := d.say(next)
		d.expect(answer, "the return of the headphones from order W10003 has been requested")
		if len(d.ran) != 1 {
			t.Errorf("after %q: ran %v", next, d.ran)
		}
		if strings.Contains(next, "W10002") {
			d.expect(answer, "rain jacket")
		}
		if strings.Contains(answer, "as it is") || strings.Contains(answer, "othing has been changed") {
			t.Errorf("after %q the agent denies the return: %q", next, answer)
		}
	}
}

func TestRepeat(t *testing.T) {
	d := newDialogue(t)
	d.expect(d.say("what did you say?"), "haven't said anything")
	said := d.say("where is W10002")
	if again := d.say("sorry, what?"); again != said {
		t.Errorf("repeated %q, said %q", again, said)
	}
	d = d.again()
	d.say("where is W10002")
	d.interrupt(9) // "… on its way to you. It"
	again := d.say("what did you say?")
	if !strings.HasPrefix(again, "It reached Singapore") || !strings.HasSuffix(again, "tomorrow.") {
		t.Errorf("after an interruption it says %q", again)
	}
	d = d.again()
	d.say("return the kettle")
	d.expect(d.say("can you repeat that?"), "shall I")
	d.expect(d.say("yes"), "done")
}

func TestOutOfScope(t *testing.T) {
	d := newDialogue(t)
	for _, said := range []string{"what's the weather like in Paris", "tell me a joke about cats please"} {
		d.expect(d.say(said), "I can tell you where an order is")
	}
	if len(d.ran) != 0 {
		t.Errorf("ran %v", d.ran)
	}
}

func TestHandOver(t *testing.T) {
	d := newDialogue(t)
	d.expect(d.say("I want to talk to a person"), "colleague")
	if len(d.ran) != 1 || !strings.HasPrefix(d.ran[0], "transfer_to_human_agents") {
		t.Errorf("ran %v", d.ran)
	}
}

func TestProducts(t *testing.T) {
	d := newDialogue(t)
	d.expect(d.say("do you sell yoga mats?"), "yoga mat", "39 Singapore dollars", "purple or green")
	d.expect(d.say("how much are the head phones"), "headphones")
	d.expect(d.say("do you have bicycles"), "didn't find")
	d.expect(d.say("what do you sell"), "for example")
}

func TestCallerWhoIsNotSignedIn(t *testing.T) {
	d := newDialogue(t)
	d.caller.Verified = false
	d.expect(d.say("where is my order W10002"), "e-mail")
	d.expect(d.say("do you sell a kettle"), "electric kettle", "49.50")
}

func TestOtherCustomer(t *testing.T) {
	d := newDialogue(t)
	d.caller.CustomerID = shop.OtherDemoCustomer
	d.expect(d.say("where is order W10002"), "W10002", "your account")
	if strings.Contains(d.facts.String(), "Shenzhen") {
		t.Error("a tool told another customer of the parcel")
	}
}

func TestGreetingWhenNothingWasSaid(t *testing.T) {
	d := newDialogue(t)
	d.expect(d.answer(), "Parley", "?")
}

func TestToolThatFails(t *testing.T) {
	d := newDialogue(t)
	d.messages = append(d.messages, llm.Message{Role: llm.User, Text: "where is W10002"})
	for _, result := range []string{`{"order_id": 7}`, "The tool get_order_details did not answer within 5s."} {
		messages := d.messages
		call := d.step()
		d.messages = append(d.messages, call, llm.Message{Role: llm.ToolRole, ToolCallID: call.ToolCalls[0].ID, ToolName: call.ToolCalls[0].Name, Text: result})
		if m := d.step(); len(m.ToolCalls) > 0 || m.Text == "" {
			t.Errorf("after %q: %+v", result, m)
		}
		d.messages = messages
	}
}

func TestANewQuestionTakesThePlaceOfAnUnansweredOne(t *testing.T) {
	d := newDialogue(t)
	d.messages = append(d.messages, llm.Message{Role: llm.User, Text: "Where is my order W10004?"})
	answer := d.say("What headphones do you sell?")
	d.expect(answer, "headphones")
	if strings.Contains(answer, "W10004") {
		t.Errorf("the caller has moved on, and hears %q", answer)
	}
	d = newDialogue(t)
	d.messages = append(d.messages, llm.Message{Role: llm.User, Text: "Where is my order"})
	d.expect(d.say("W10004?"), "W10004", "cancelled")
}
