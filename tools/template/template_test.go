package template

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"parley/tools"
)

func TestExpand(t *testing.T) {
	call := tools.Call{
		Arguments:    json.RawMessage(`{"order_id":"#W1","n":12345678901234567890,"ok":true,"to":{"city":"Ulm"},"list":[1,"a"],"caller":"mallory"}`),
		Caller:       tools.Caller{CustomerID: "c 1", Name: "Maya"},
		Conversation: tools.Conversation{ID: "conv", Turn: 3},
	}
	for source, want := range map[string]string{
		"":                              "",
		"plain":                         "plain",
		"/o/{{ order_id }}/t":           "/o/#W1/t",
		"{{order_id}}{{ n }}{{ ok }}":   "#W112345678901234567890true",
		"{{ to.city }} {{ list }}":      `Ulm [1,"a"]`,
		"{{ missing }}{{ to.x.y }}":     "",
		"{{ caller.customer_id }}":      "c 1",
		"{{ conversation.turn }}/{ x }": "3/{ x }",
	} {
		parsed, err := Parse(source)
		if err != nil {
			t.Errorf("%q: %v", source, err)
			continue
		}
		if got, err := parsed.Expand(call, nil); err != nil || got != want {
			t.Errorf("%q gives %q, %v; want %q", source, got, err, want)
		}
	}
	parsed, err := Parse("/o/{{ order_id }}?who={{ caller.customer_id }}")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := parsed.Expand(call, url.QueryEscape); got != "/o/%23W1?who=c+1" {
		t.Errorf("escaped: %q", got)
	}
	if got := parsed.Arguments(); !slices.Equal(got, []string{"order_id"}) {
		t.Errorf("arguments: %v", got)
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	for source, part := range map[string]string{
		"{{ order_id": "without }}", "{{ }}": "names no value", "{{ if x }}": "names no value",
		"{{ caller.password }}": "caller has customer_id", "{{ a..b }}": "names no value",
	} {
		if _, err := Parse(source); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: %v, which does not say %q", source, err, part)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add("{{ a.b }}x", `{"a":{"b":1}}`)
	f.Add("{{{{}}", `null`)
	f.Fuzz(func(t *testing.T, source, args string) {
		parsed, err := Parse(source)
		if err != nil {
			return
		}
		if out, err := parsed.Expand(tools.Call{Arguments: json.RawMessage(args)}, nil); err == nil && len(parsed.Arguments()) == 0 && !strings.Contains(source, "{{") && out != source {
			t.Errorf("%q became %q", source, out)
		}
	})
}
