package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"parley/caller"
	"parley/config"
	"parley/shop"
)

// wanted is one turn of a conversation with a real model.
type wanted struct {
	say string
	// call is a tool that must run, one of those with bars between; "" means that none
	// may.
	call string
	// reply is what the answer must hold, one of those with bars between, in lower
	// case; "" means anything.
	reply string
}

// TestTenConversations holds them with the model that PARLEY_TEST_LLM is the address
// of, such as http://127.0.0.1:8092/v1 after `make llm`, and prints how they went. A
// small model gets things wrong; what may never happen is that it changes something
// without the caller's yes, or leaves a caller without an answer.
func TestTenConversations(t *testing.T) {
	address := modelAddress(t)
	cfg := config.Default()
	cfg.Shop.Data = t.TempDir()
	useModel(cfg, address)
	e := &engines{cfg: cfg, log: slog.New(slog.DiscardHandler)}
	t.Cleanup(func() { e.close() })
	if err := e.openMind(t.Context()); err != nil {
		t.Fatal(err)
	}
	caller := demoCaller(t.Context(), e.store)
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tsaid\tcalled\tanswered\ttook\t")
	right, turns := 0, 0
	var took []time.Duration
	for i, talk := range [][]wanted{
		{{"Where is my order W10002?", "get_order_details|track_parcel", "way|shipped|processed|transit|arriv|expected|deliver"}},
		{{"What orders do I have?", "list_my_orders", "w10001|10001|four"}},
		{{"Do you sell headphones?", "search_products|check_stock", "headphones"}},
		{{"What is in my order W10003?", "get_order_details", "headphones|kettle"}},
		{{"Hello!", "", "help|hello|hi"}, {"Where is my order?", "", "number|which"}, {"It's W10001.", "get_order_details|track_parcel", "prepar|pending|w10001"}},
		{{"How much is an electric kettle?", "search_products|check_stock", "kettle|dollar|sgd|$"}},
		{{"I want to return the headphones from order W10003.", "get_order_details|return_options|return_delivered_order_items", ""}},
		{{"What's the weather in Paris today?", "", ""}},
		{{"Was my order W10004 cancelled?", "get_order_details|track_parcel", "cancel"}, {"Thanks, bye.", "", "bye|welcome"}},
		{{"Can you check W99999 for me?", "get_order_details|track_parcel", "not|no |can't|unable|find|sorry"}},
	} {
		c := &chat{engines: e, caller: caller}
		for _, turn := range talk {
			turns++
			began := time.Now()
			said, err := c.say(t.Context(), turn.say)
			if err != nil {
				t.Fatal(err)
			}
			took = append(took, time.Since(began))
			var called []string
			for _, call := range said.ToolCalls {
				called = append(called, call.Name)
				if call.Name == "return_delivered_order_items" && call.Result != nil && strings.Contains(string(call.Result), shop.ReturnRequested) {
					t.Errorf("it returned something without a yes: %+v", call)
				}
			}
			if strings.TrimSpace(said.Reply) == "" {
				t.Errorf("%q was left without an answer", turn.say)
			}
			mark := "wrong"
			if turn.met(called, said.Reply) {
				mark = "right"
				right++
			}
			fmt.Fprintf(w, "%d\t%s\t%s\t%.90s\t%s\t%s\n", i+1, turn.say, strings.Join(called, " "), strings.ReplaceAll(said.Reply, "\n", " "), time.Since(began).Round(100*time.Millisecond), mark)
		}
		c.end()
	}
	w.Flush()
	slices.Sort(took)
	of, today := e.meter.Tokens("")
	t.Logf("%s\n%d of %d turns right; a turn took p50 %v, at most %v; %d tokens", table.String(), right, turns, took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond), of+today)
	if right*2 < turns {
		t.Errorf("only %d of %d turns were right: is this the model, and does it call tools in this way?", right, turns)
	}
	if orders, err := e.store.Orders(t.Context(), shop.DemoCustomer, 10); err != nil || slices.ContainsFunc(orders, func(o shop.OrderSummary) bool { return o.Status == shop.ReturnRequested }) {
		t.Errorf("an order was changed without a yes, or cannot be read: %v", err)
	}
}

// TestASpokenConversationWithAModel holds one by voice with the model that
// PARLEY_TEST_LLM is the address of, and prints what both sides said. What the caller
// heard is recognised again from the sound.
func TestASpokenConversationWithAModel(t *testing.T) {
	address := modelAddress(t)
	a := startAgent(t, func(cfg *config.Config) {
		useModel(cfg, address)
		cfg.Turn.Filler = 0 // the caller would take a word of patience for the answer
	})
	var conversation struct{ ID string }
	began, err := http.Post(a.url+"/v1/conversations", "application/json", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer began.Body.Close()
	if err := json.NewDecoder(began.Body).Decode(&conversation); err != nil {
		t.Fatal(err)
	}
	var heard listener
	questions := []string{"Where is my order W one zero zero zero two?", "Do you sell headphones?", "Was my order W one zero zero zero four cancelled?"}
	o := caller.Options{
		URL: a.url + "/v1/realtime/calls?conversation=" + conversation.ID, Shape: caller.Raw, Codec: a.engines.opus.Codec(), Record: heard.record, Sessions: 1,
		Greeting: caller.DefaultGreeting, Gap: 3 * time.Second, Timeout: 4 * time.Minute,
	}
	for _, q := range questions {
		o.Speeches = append(o.Speeches, a.speech(t, q))
	}
	report, err := caller.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(get(t, a.url+"/v1/conversations/"+conversation.ID+"/transcript"))
	var table strings.Builder
	for i, turn := range report.Each[0] {
		if turn.EndToFirstAudible != nil {
			fmt.Fprintf(&table, "%d  %s: first audible after %.1f s\n", i+1, questions[i], *turn.EndToFirstAudible/1000)
		}
	}
	text := a.understand(t, &heard)
	t.Logf("\n%sheard: %s", table.String(), text)
	if report.Turns.Answered != len(questions) {
		t.Errorf("%d of %d questions were answered", report.Turns.Answered, len(questions))
	}
	if !strings.Contains(text, "order") && !strings.Contains(text, "headphones") {
		t.Errorf("nothing of the shop's was heard: %q", text)
	}
}

// modelAddress is where the real model is.
func modelAddress(t *testing.T) string {
	t.Helper()
	address := os.Getenv("PARLEY_TEST_LLM")
	if address == "" {
		t.Skip("PARLEY_TEST_LLM is not set to the address of a model; `make llm` serves one")
	}
	return address
}

// useModel makes the real model the only brain, with the patience that a small machine needs.
func useModel(cfg *config.Config, address string) {
	zero := 0.0
	cfg.Limits.FirstToken = 3 * time.Minute
	cfg.LLM = []config.LLM{{
		Engine: config.OpenAI, BaseURL: address, Model: cmp.Or(os.Getenv("PARLEY_TEST_LLM_MODEL"), "qwen"), Tools: cmp.Or(os.Getenv("PARLEY_TEST_LLM_TOOLS"), config.ToolsStructured),
		FirstToken: 3 * time.Minute, Between: time.Minute, Timeout: 5 * time.Minute, MaxTokens: 200, Temperature: &zero,
	}}
}

// met says whether a turn went as wanted.
func (w wanted) met(called []string, reply string) bool {
	if w.call == "" && len(called) > 0 {
		return false
	}
	any := func(list string, has func(string) bool) bool {
		return list == "" || slices.ContainsFunc(strings.Split(list, "|"), has)
	}
	return any(w.call, func(name string) bool { return slices.Contains(called, name) }) &&
		any(w.reply, func(word string) bool { return strings.Contains(strings.ToLower(reply), word) })
}
