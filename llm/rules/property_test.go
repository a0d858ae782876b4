package rules

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/llm"
	"parley/prompts"
)

// A word that states a fact: a number, or a name (a word with a capital that does
// not begin a sentence).
var (
	digitsIn = regexp.MustCompile(`[0-9]+(?:\.[0-9]+)?`)
	nameIn   = regexp.MustCompile(`[a-z,] ([A-Z][A-Za-z]+)`)
)

// unfounded lists the numbers, names and days in an answer that neither a
// tool's result, nor the caller, nor a template has given.
func unfounded(d *dialogue, templates, answer string) []string {
	var heard strings.Builder
	heard.WriteString(d.facts.String())
	for _, m := range d.messages {
		if m.Role == llm.User {
			heard.WriteString(" " + m.Text)
		}
	}
	known := heard.String() + templates + days2026(heard.String())
	lower := strings.ToLower(known)
	squeezed := strings.NewReplacer(" ", "", "-", "").Replace(lower)
	var bad []string
	for _, n := range digitsIn.FindAllString(answer, -1) {
		if !strings.Contains(known, strings.TrimSuffix(n, "0")) && !strings.Contains(squeezed, n) && !said(d, n) {
			bad = append(bad, n)
		}
	}
	for _, m := range nameIn.FindAllStringSubmatch(answer, -1) {
		if !strings.Contains(lower, strings.ToLower(m[1])) && len(m[1]) > 1 {
			bad = append(bad, m[1])
		}
	}
	for day, given := range map[string]bool{
		"today": strings.Contains(known, "2026-11-23"), "tomorrow": strings.Contains(known, "2026-11-24"), "yesterday": strings.Contains(known, "2026-11-22"),
	} {
		if strings.Contains(answer, day) && !given {
			bad = append(bad, day)
		}
	}
	return bad
}

// said says whether digits are what the caller's words come to as a number.
func said(d *dialogue, digits string) bool {
	var all []string
	for _, m := range d.messages {
		if m.Role == llm.User {
			all = append(all, m.Text)
			for _, text := range []string{m.Text, strings.Join(all, " ")} {
				for _, n := range numbers(tokens(text), true) {
					if strings.Contains(n.Digits, digits) {
						return true
					}
				}
			}
		}
	}
	joined := ""
	for _, text := range all {
		for _, n := range numbers(tokens(text), true) {
			joined += n.Digits
		}
	}
	return strings.Contains(joined, digits)
}

// templateText is every phrase, with its fields left out.
func templateText(t testing.TB) string {
	book, err := prompts.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, k := range prompts.Keys() {
		blank := prompts.Fields{}
		for name := range k.Example {
			blank[name] = ""
		}
		for turn := range 3 {
			text, err := book.Variant(english, k.Name, blank, turn)
			if err != nil {
				t.Fatal(err)
			}
			all.WriteString(" " + text)
		}
	}
	return all.String() + " Singapore dollars Visa"
}

// days2026 writes out the dates that are in results.
func days2026(results string) string {
	var out strings.Builder
	for _, date := range regexp.MustCompile(`2026-\d\d-\d\d`).FindAllString(results, -1) {
		if t, err := time.Parse(time.DateOnly, date); err == nil {
			fmt.Fprintf(&out, " %s %s %d", t.Weekday(), t.Month(), t.Day())
		}
	}
	return out.String()
}

// TestNoFactWithoutATool holds many conversations of utterances in any order and
// looks at every number, name and day in the answers.
func TestNoFactWithoutATool(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	d, templates := newDialogue(t), templateText(t)
	checked := 0
	for range 40 {
		d = d.again()
		for range 6 {
			answer := d.say(utterances[random.IntN(len(utterances))].text)
			if bad := unfounded(d, templates, answer); len(bad) > 0 {
				t.Errorf("%q in answer to %q: %q has no ground", bad, d.messages[len(d.messages)-2].Text, answer)
			}
			checked++
			if len(d.messages) > 4 && random.IntN(6) == 0 && len(strings.Fields(answer)) > 3 {
				d.interrupt(1 + random.IntN(3))
			}
		}
	}
	t.Logf("%d answers checked", checked)
}

// The check itself must find what is made up.
func TestUnfoundedFindsInventions(t *testing.T) {
	d, templates := newDialogue(t), templateText(t)
	d.say("where is W10002")
	for _, made := range []string{"Your order W10009 is on its way.", "It should arrive yesterday, with Fedex.", "It costs 77 dollars.", "It left Hanoi on Friday, November 27th."} {
		if len(unfounded(d, templates, made)) == 0 {
			t.Errorf("%q passes for founded", made)
		}
	}
}

// A write is called for only after a question about just that write, and a yes. A
// hand-over needs none.
func TestNoWriteWithoutAYes(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	d := newDialogue(t)
	for range 40 {
		d = d.again()
		d.say([]string{"return the headphones", "I want to return the kettle", "return both from W10003"}[random.IntN(3)])
		for range 5 {
			text := utterances[random.IntN(len(utterances))].text
			before := len(d.ran)
			question := d.messages[len(d.messages)-1]
			d.say(text)
			if len(d.ran) > before && !strings.HasPrefix(d.ran[before], "transfer_to_human_agents") && !d.book.Affirmation(english, text) {
				t.Errorf("%q after %q ran %v", text, question.Text, d.ran)
			}
		}
	}
}

func TestAnswersStream(t *testing.T) {
	d := newDialogue(t)
	d.say("return the headphones")
	d.messages = d.messages[:len(d.messages)-1]
	var pieces []string
	states := 0
	for delta, err := range d.brain.Generate(context.Background(), llm.Request{Messages: d.messages, Tools: d.offered()}) {
		if err != nil {
			t.Fatal(err)
		}
		if delta.Text != "" {
			pieces = append(pieces, delta.Text)
		}
		if delta.State != nil {
			states++
		}
	}
	if len(pieces) < 3 || states != 1 {
		t.Errorf("%d pieces and %d states: %q", len(pieces), states, pieces)
	}
}

func TestGenerateStops(t *testing.T) {
	d := newDialogue(t)
	why := errors.New("the caller spoke")
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	r := llm.Request{Messages: []llm.Message{{Role: llm.User, Text: "what can you do, and who are you"}}}
	for range d.brain.Generate(ctx, r) {
		break // stopping early is allowed
	}
	var got error
	n := 0
	for _, err := range d.brain.Generate(ctx, r) {
		cancel(why)
		n++
		got = err
	}
	if !errors.Is(got, why) || n != 2 {
		t.Errorf("after a cancellation in the middle: %d deltas, %v", n, got)
	}
	for _, err := range d.brain.Generate(ctx, r) {
		got = err
	}
	if !errors.Is(got, why) {
		t.Errorf("with a context that has ended: %v", got)
	}
}

// An answer depends on the request alone.
func TestGenerateIsPure(t *testing.T) {
	d := newDialogue(t)
	d.say("return the headphones")
	d.messages = append(d.messages, llm.Message{Role: llm.User, Text: "what's in it"})
	before := fmt.Sprint(d.messages)
	first, second := d.step(), d.step()
	if fmt.Sprint(first) != fmt.Sprint(second) {
		t.Errorf("%v and then %v", first, second)
	}
	if fmt.Sprint(d.messages) != before {
		t.Error("the history was changed")
	}
}

func TestClausesLoseNothing(t *testing.T) {
	for _, text := range []string{"", "One.", "One. Two? Three!", "A, b, c. " + strings.Repeat("long and longer, ", 9) + "end", "49.50 Singapore dollars. Right"} {
		if got := strings.Join(clauses(text), ""); got != text {
			t.Errorf("%q became %q", text, got)
		}
		if got := strings.Join(sentences(text), " "); got != strings.TrimSpace(text) {
			t.Errorf("sentences of %q: %q", text, got)
		}
	}
}

func FuzzGenerate(f *testing.F) {
	for _, u := range utterances[:20] {
		f.Add(u.text, `{"order_id":"#W10002","status":"processed"}`, `{"asked":"rest","digits":"100"}`)
	}
	f.Add("yes", `{"status":"confirmation_required"}`, `{"pending":{"tool":"return_delivered_order_items","arguments":{},"order":"W1"},"asked":"confirm"}`)
	f.Add("double double u thousand hundred and triple", "Order not found", `{`)
	b := newBrain(f)
	offered := []llm.Tool{{Name: toolOrder}, {Name: toolOrders}, {Name: toolReturn}, {Name: toolProducts}}
	f.Fuzz(func(t *testing.T, text, result, state string) {
		messages := []llm.Message{{Role: llm.Assistant, Text: "Hm?", State: []byte(state)}, {Role: llm.User, Text: text}}
		for range 12 {
			var m llm.Message
			for delta, err := range b.Generate(t.Context(), llm.Request{Messages: messages, Tools: offered}) {
				if err != nil {
					t.Fatalf("%q %q %q: %v", text, result, state, err)
				}
				m.Text += delta.Text
				if delta.ToolCall != nil {
					m.ToolCalls = append(m.ToolCalls, *delta.ToolCall)
				}
			}
			if len(m.ToolCalls) == 0 {
				return
			}
			m.Role = llm.Assistant
			messages = append(messages, m, llm.Message{Role: llm.ToolRole, ToolCallID: m.ToolCalls[0].ID, ToolName: m.ToolCalls[0].Name, Text: result})
		}
		t.Errorf("%q %q %q: the brain asks for tools without end", text, result, state)
	})
}

// The slowest way through: a return after a conversation of some length.
func BenchmarkAnswer(b *testing.B) {
	d := newDialogue(b)
	for _, said := range []string{"hello", "where is my order", "the second one", "what's in it", "list my orders", "do you sell kettles"} {
		d.say(said)
	}
	d.messages = append(d.messages, llm.Message{Role: llm.User, Text: "I want to return the headphones, no, the kettle from order W one zero zero zero three"})
	history := len(d.messages)
	d.answer()
	d.messages = d.messages[:len(d.messages)-1]
	b.Logf("%d steps a turn", (len(d.messages)-history)/2+1)
	r := llm.Request{Messages: d.messages, Tools: d.offered()}
	took := make([]time.Duration, 0, 1<<16)
	b.ReportAllocs()
	for b.Loop() {
		began := time.Now()
		for _, err := range d.brain.Generate(context.Background(), r) {
			if err != nil {
				b.Fatal(err)
			}
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

// Every language, in the sentences that a shopper begins with.
func BenchmarkLanguages(b *testing.B) {
	brain := newBrain(b)
	offered := newDialogue(b).offered()
	var took []time.Duration
	said := map[string]string{
		"en": "where is my order W10002, it should have been here days ago", "zh": "我的订单W一零零零二到哪里了，怎么还没收到", "id": "pesanan saya W satu nol nol nol dua kok belum sampai ya kak",
		"vi": "đơn hàng W một không không không hai của tôi giao tới đâu rồi", "th": "ออเดอร์ W หนึ่งศูนย์ศูนย์ศูนย์สอง ของฉันถึงไหนแล้วคะ", "es": "¿dónde está mi pedido W10002?",
		"pt": "onde está o meu pedido W10002?", "ar": "أين طلبي W10002؟",
	}
	b.ReportAllocs()
	for b.Loop() {
		for language, text := range said {
			began := time.Now()
			for _, err := range brain.Generate(context.Background(), llm.Request{Messages: []llm.Message{{Role: llm.User, Text: text}}, Tools: offered, Language: language}) {
				if err != nil {
					b.Fatal(err)
				}
			}
			took = append(took, time.Since(began))
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
