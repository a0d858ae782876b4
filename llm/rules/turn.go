package rules

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"parley/llm"
)

// The tools that the brain knows how to use.
const (
	toolOrder    = "get_order_details"
	toolOrders   = "list_my_orders"
	toolReturn   = "return_delivered_order_items"
	toolProducts = "search_products"

	toolTrack    = "track_parcel"
	toolProblem  = "report_parcel_problem"
	toolOptions  = "return_options"
	toolCancel   = "cancel_pending_order"
	toolExchange = "exchange_delivered_order_items"
	toolItems    = "modify_pending_order_items"
	toolAddress  = "modify_pending_order_address"
	toolPayment  = "modify_pending_order_payment"
	toolAccount  = "modify_user_address"
	toolUser     = "get_user_details"
	toolProduct  = "get_product_details"
	toolStock    = "check_stock"
	toolShipping = "shipping_options"
	toolPerson   = "transfer_to_human_agents"
	toolByEmail  = "find_user_id_by_email"
	toolByName   = "find_user_id_by_name_zip"
)

// turn is one answer in the making. It is worked out anew at each step from the
// history alone: the words of the caller since the agent was last heard, the
// state before them, and the results of the tools used since. A plan that needs
// a result which is not there yet stops with a wanted call, and runs again, from
// the beginning, when it is.
type turn struct {
	brain *Brain
	// lang is the language of the answer.
	lang string
	// text is what the caller said, words the same cut up, count how many times
	// the caller has spoken.
	text  string
	words []string
	count int
	// calls is how many tools have been called for in the whole conversation.
	calls int
	// shown is how many photos the caller has sent, photos what was found in them.
	shown  int
	photos []llm.Found
	// strange says that what the photos show is not known.
	strange bool
	// earlier is what was found in the photos of the newest message before with any.
	earlier []llm.Found
	// state is the one that the caller answered to, and becomes the next one.
	state state
	// last is the agent's last message that was heard at all.
	last *llm.Message
	// results are those of this turn's calls, by call.
	results map[string]llm.Message
	// done is a write that succeeded without the caller having heard of it.
	done  *llm.Message
	tools map[string]bool
	// code is that of the last refusal, said what the shop wants said about it.
	code, said string
	// parts are the phrases of the answer; err is the first fault in one.
	parts []string
	err   error
}

// wanted is the error with which a plan asks for a tool's result.
type wanted struct{ call llm.ToolCall }

func (w *wanted) Error() string { return "rules: the result of " + w.call.Name + " is wanted" }

// fold reads the history.
func fold(b *Brain, r llm.Request) *turn {
	t := &turn{brain: b, lang: r.Language, results: make(map[string]llm.Message), tools: make(map[string]bool, len(r.Tools))}
	for _, tool := range r.Tools {
		t.tools[tool.Name] = true
	}
	calls := make(map[string]llm.ToolCall)
	for _, m := range r.Messages {
		if m.Role == llm.User {
			t.count++
		}
		for _, c := range m.ToolCalls {
			calls[c.ID] = c
			t.calls++
		}
	}
	start := t.begin(r.Messages)
	var said []string
	for _, m := range r.Messages[start:] {
		switch m.Role {
		case llm.User:
			said = append(said, m.Text)
			t.show(m.Images)
		case llm.ToolRole:
			if c, ok := calls[m.ToolCallID]; ok {
				if c.Name == toolByEmail || c.Name == toolByName {
					t.forgetUnverified() // now they may be told
				}
				t.results[callKey(c.Name, c.Arguments)] = m
			}
		}
	}
	if n := len(said); n > 1 && b.standsAlone(said[n-1]) {
		said = said[n-1:] // they have moved on to another question
	}
	t.text = strings.TrimSpace(strings.Join(said, " "))
	t.lang = b.languageFor(r.Language, t.text)
	t.words = t.wordsOf(t.text)
	t.before(r.Messages[:start])
	return t
}

// standsAlone says whether a message is a question of its own, and not the rest
// of what was said before it.
func (b *Brain) standsAlone(text string) bool {
	if !asks(strings.TrimSpace(text)) {
		return false
	}
	t := &turn{brain: b, lang: b.languageFor("", text)}
	switch t.understand(text, t.wordsOf(text), false).intent {
	case unknownIntent, yesIntent, noIntent, followIntent, goOnIntent, repeatIntent, waitIntent, abortIntent, greetIntent, thanksIntent:
		return false
	}
	return true
}

// begin finds the first message of the turn: the one after the agent was last
// heard, or after a write had its effect. What the caller said while the agent
// was still thinking belongs together.
func (t *turn) begin(messages []llm.Message) int {
	spoken := false // a message of the caller has been passed on the way back
	for i := len(messages) - 1; i >= 0; i-- {
		switch m := messages[i]; {
		case m.Role == llm.User:
			spoken = true
		case m.Role == llm.System:
			return i + 1
		case m.Role == llm.Assistant && len(m.ToolCalls) == 0 && strings.TrimSpace(m.Text) != "":
			return i + 1
		case m.Role == llm.ToolRole && spoken && succeeded(m):
			t.done = &messages[i]
			return i + 1
		}
	}
	return 0
}

// succeeded says whether a message tells of a write that was done.
func succeeded(m llm.Message) bool {
	switch m.ToolName {
	case toolReturn, toolProblem, toolCancel, toolExchange, toolItems, toolAddress, toolPayment, toolAccount:
	default:
		return false
	}
	var r struct {
		Status string          `json:"status"`
		Error  json.RawMessage `json:"error"`
	}
	return json.Unmarshal([]byte(m.Text), &r) == nil && len(r.Error) == 0 && r.Status != confirmationRequired && r.Status != "still_running"
}

// before takes over the state that the caller answered to: that of the last
// message of ours that was heard at all.
func (t *turn) before(messages []llm.Message) {
	for i := len(messages) - 1; i >= 0 && t.earlier == nil; i-- {
		for _, image := range messages[i].Images {
			if image.Found != nil {
				t.earlier = append(t.earlier, *image.Found)
			}
		}
	}
	for i := len(messages) - 1; i >= 0; i-- {
		m := &messages[i]
		if m.Role != llm.Assistant || strings.TrimSpace(m.Text) == "" {
			continue
		}
		if t.last == nil {
			t.last = m
		}
		if s, ok := decode(m.State); ok {
			t.state = s
			break
		}
	}
	if t.done != nil {
		t.state.Pending = nil
		if t.state.Asked == askedConfirm {
			t.state.Asked = ""
		}
	}
}

// heardQuestion says whether the last question was heard to its end.
func (t *turn) heardQuestion() bool {
	return t.last == nil || !t.last.Interrupted || unheard(t.state.Said, t.last.Text) == ""
}

// callKey tells calls apart by what they would do.
func callKey(name string, arguments json.RawMessage) string { return name + " " + string(arguments) }

// use gives the result of a tool, or stops the plan until there is one. refusal
// is the sentence of a tool that could not do it, "" when it could.
func (t *turn) use(name string, arguments, result any) (refusal string, err error) {
	if !t.tools[name] {
		return "", errNoTool
	}
	raw, err := json.Marshal(arguments)
	if err != nil {
		return "", fmt.Errorf("rules: writing the arguments of %s: %w", name, err)
	}
	m, ok := t.results[callKey(name, raw)]
	if !ok {
		return "", &wanted{llm.ToolCall{ID: fmt.Sprintf("call_%d", t.calls+1), Name: name, Arguments: raw}}
	}
	text := strings.TrimSpace(m.Text)
	if strings.HasPrefix(text, `"`) && json.Unmarshal([]byte(text), result) == nil {
		return "", nil
	}
	if !strings.HasPrefix(text, "{") {
		return text, nil
	}
	var failed struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
			Say     string `json:"say"`
		} `json:"error"`
	}
	if json.Unmarshal([]byte(text), &failed) == nil && failed.Error.Message != "" {
		if failed.Error.Code == "unverified" {
			return "", errWho
		}
		t.code = failed.Error.Code
		if t.said = failed.Error.Say; t.code == "fault" || t.code == "unavailable" {
			return cmp.Or(t.said, t.phrase("tool_failed")), nil
		}
		return failed.Error.Message, nil
	}
	if err := json.Unmarshal([]byte(text), result); err != nil {
		return "", fmt.Errorf("rules: reading the result of %s: %w", name, err)
	}
	return "", nil
}

// say adds a phrase to the answer.
func (t *turn) say(key string, fields ...any) {
	if p := t.phrase(key, fields...); p != "" {
		t.parts = append(t.parts, p)
	}
}

// phrase writes a phrase from the book; fields are names and values by turns.
func (t *turn) phrase(key string, fields ...any) string {
	data := make(map[string]any, len(fields)/2)
	for i := 0; i+1 < len(fields); i += 2 {
		data[fields[i].(string)] = fields[i+1]
	}
	p, err := t.brain.book.Variant(t.lang, key, data, t.count)
	if err != nil && t.err == nil {
		t.err = err
	}
	return p
}

// ask adds a phrase that ends in a question, and notes what it asks for.
func (t *turn) ask(what, key string, fields ...any) {
	t.say(key, fields...)
	t.state.Asked = what
}
