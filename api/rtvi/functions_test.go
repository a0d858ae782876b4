package rtvi

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// page is a function of an app's, as /start takes it.
func page(name string) map[string]any {
	return map[string]any{"type": "function", "name": name, "description": "Show a page.", "parameters": map[string]any{"type": "object"}}
}

// TestAClientRunsAFunction: it is called with its arguments, and what it answers is what
// the agent is told.
func TestAClientRunsAFunction(t *testing.T) {
	s := open(t)
	for version, called := range map[string]struct{ kind, arguments string }{
		"2.1.0": {typeFunctionCallInProgress, "arguments"},
		"1.1.0": {typeFunctionCall, "args"},
	} {
		c := s.startWith(t, "", map[string]any{"transport": "webrtc", "body": map[string]any{"tools": []any{page("show_page"), page("look")}}})
		c.connect(false)
		c.greet(version)
		mark := c.mark()
		c.send("1", typeSendText, map[string]any{"content": "show me"})
		asked := c.until(mark, called.kind, "show_page")
		id, ok := asked.Data["tool_call_id"].(string)
		given, isObject := asked.Data[called.arguments].(map[string]any)
		if !ok || id == "" || !isObject || given["page"] != "returns" {
			t.Fatalf("the function is called with %v", asked.Data)
		}
		c.send("2", typeFunctionCallResult, map[string]any{"function_name": "show_page", "tool_call_id": id, "arguments": given, "result": map[string]any{"shown": "returns page"}})
		c.until(mark, typeFunctionCallStopped, id, `"cancelled":false`)
		c.until(mark, typeBotTranscription, "returns page")
		for _, m := range c.since(mark) {
			if m.Type == typeErrorResponse {
				t.Errorf("the client is told %v", m.Data)
			}
		}

		mark = c.mark()
		c.send("3", typeFunctionCallResult, map[string]any{"function_name": "show_page", "tool_call_id": id, "result": 1})
		c.until(mark, typeErrorResponse, "No call")

		// What the shop has is the shop's to run, whoever brings one of the same name.
		c.send("4", typeSendText, map[string]any{"content": "use the tool"})
		c.until(mark, typeFunctionCallStopped, `"ok":true`)
		for _, m := range c.since(mark) {
			if m.Data["arguments"] != nil || strings.Contains(story([]told{m}), "W1") {
				t.Errorf("the client is told of a tool of the shop's: %v", m.Data)
			}
		}
		c.close()
	}
}

// TestAClientThatGoesAnswersNothing: the conversation ends as well, and waits for nobody.
func TestAClientThatGoesAnswersNothing(t *testing.T) {
	s := open(t)
	c := s.start(t, "")
	c.requestData = map[string]any{"tools": []any{page("show_page")}}
	c.connect(false)
	c.greet("2.1.0")
	c.send("1", typeSendText, map[string]any{"content": "show me"})
	c.until(0, typeFunctionCallInProgress, "show_page")
	conversation := s.protocol.findPeer(c.id, s.protocol.peers[c.id].who).conversation
	c.send("2", typeDisconnectBot, map[string]any{})
	select {
	case <-conversation.Done():
	case <-time.After(limit):
		t.Fatal("the conversation does not end")
	}
}

func TestFunctionsThatCannotBeHad(t *testing.T) {
	s := open(t)
	many := make([]any, 65)
	for i := range many {
		many[i] = page("a")
	}
	long := page("a")
	long["description"] = strings.Repeat("long ", 4000)
	for _, tools := range []any{"none", 1, map[string]any{}, []any{1}, []any{page("")}, []any{page("show page")}, []any{map[string]any{"name": "a", "parameters": []any{}}}, many, []any{long}} {
		for path, body := range map[string]any{
			"/start":     map[string]any{"tools": tools},
			"/api/offer": map[string]any{"sdp": "v=0", "type": "offer", "requestData": map[string]any{"tools": tools}},
		} {
			if status, answer := s.request(t, http.MethodPost, path, "", body); status != http.StatusUnprocessableEntity || answer["type"] != "urn:parley:problem:bad-tools" {
				t.Errorf("%s with tools %.60v is answered with %d %v", path, tools, status, answer)
			}
		}
	}
	for _, tools := range []any{nil, []any{}} {
		if status, answer := s.request(t, http.MethodPost, "/start", "", map[string]any{"tools": tools}); status != http.StatusOK {
			t.Errorf("/start with tools %v is answered with %d %v", tools, status, answer)
		}
	}
}
