package main

import (
	"testing"

	"parley/prompts"
)

func TestPhrasebook(t *testing.T) {
	t.Parallel()
	book, err := prompts.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := phrasebook{book: book, shop: "the demo shop"}
	for text, want := range map[string]bool{
		"Yes.": true, "Yes, please return it.": true, "Yeah, the headphones": true,
		"Yes, but not the kettle.": false, "Yes, no, wait.": false, "Return it.": false, "No.": false,
	} {
		if got := p.Affirmation("en", text); got != want {
			t.Errorf("%q is a yes: %v", text, got)
		}
	}
	for text, want := range map[string]bool{"What's the order number? It starts with a W.": true, "Your order W10002 is on its way.": false} {
		if got := p.Dictation("en", text); got != want {
			t.Errorf("%q asks for something in pieces: %v", text, got)
		}
	}
}
