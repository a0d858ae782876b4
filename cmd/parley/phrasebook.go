package main

import (
	"strings"
	"time"

	"parley/prompts"
	"parley/tools"
)

// phrasebook gives the agent the words of a book.
type phrasebook struct {
	book *prompts.Book
	shop string
}

func (p phrasebook) System(language string, caller tools.Caller, spoken bool) (string, error) {
	return p.book.System(language, prompts.SystemData{
		Shop: p.shop, Agent: "Parley", Customer: caller.Name, Verified: caller.Verified,
		Today: time.Now().Format("Monday, 2 January 2006"), Language: language, Spoken: spoken,
	})
}

func (p phrasebook) Phrase(language, key string, caller tools.Caller) (string, error) {
	name, _, _ := strings.Cut(caller.Name, " ")
	return p.book.Phrase(language, key, prompts.Fields{"Name": name})
}

func (p phrasebook) Backchannel(language, text string) bool {
	return p.book.Backchannel(language, text)
}

// Affirmation takes a yes that goes on ("yes, please return it") for one.
func (p phrasebook) Affirmation(language, text string) bool {
	return p.book.Agrees(language, text)
}
func (p phrasebook) Negation(language, text string) bool { return p.book.Negation(language, text) }
func (p phrasebook) Interruption(language, text string) bool {
	return p.book.Interruption(language, text)
}

func (p phrasebook) Recall(language, text string) bool { return p.book.Recall(language, text) }

func (p phrasebook) Dictation(language, text string) bool { return p.book.Dictation(language, text) }
