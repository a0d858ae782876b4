package mcptool

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"

	"parley/tools"
)

// asServer has this test's binary be an MCP server on its standard input and output.
const asServer = "PARLEY_TEST_MCP_SERVER"

func TestMain(m *testing.M) {
	switch os.Getenv(asServer) {
	case "good":
		if err := newServer().Run(context.Background(), &mcp.StdioTransport{}); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	case "garbage":
		_, _ = os.Stdout.WriteString("this is no JSON\n")
		select {}
	case "silent":
		select {}
	}
	goleak.VerifyTestMain(m)
}

type order struct {
	OrderID string `json:"order_id"`
}

type where struct {
	Place string `json:"place"`
	Key   string `json:"key,omitempty"`
	Env   string `json:"env,omitempty"`
}

// newServer is a carrier: it tracks, cancels, refuses, hangs and dies.
func newServer() *mcp.Server {
	s := mcp.NewServer(&mcp.Implementation{Name: "carrier", Version: "1"}, nil)
	mcp.AddTool(s, &mcp.Tool{Name: "track", Description: "Where a parcel is.", Annotations: &mcp.ToolAnnotations{ReadOnlyHint: true}},
		func(_ context.Context, r *mcp.CallToolRequest, in order) (*mcp.CallToolResult, where, error) {
			key, _ := r.Params.Meta["idempotency_key"].(string)
			return nil, where{Place: "Hanoi, for " + in.OrderID, Key: key, Env: os.Getenv("CARRIER_KEY") + os.Getenv("NOT_FOR_YOU")}, nil
		})
	mcp.AddTool(s, &mcp.Tool{Name: "Cancel-Pickup", Description: "Cancels a pick-up."},
		func(context.Context, *mcp.CallToolRequest, order) (*mcp.CallToolResult, any, error) {
			return nil, nil, errors.New("too late for that")
		})
	mcp.AddTool(s, &mcp.Tool{Name: "hang", Description: "Never answers."},
		func(ctx context.Context, _ *mcp.CallToolRequest, _ order) (*mcp.CallToolResult, any, error) {
			<-ctx.Done()
			return nil, nil, ctx.Err()
		})
	mcp.AddTool(s, &mcp.Tool{Name: "die", Description: "Ends the server."},
		func(context.Context, *mcp.CallToolRequest, order) (*mcp.CallToolResult, any, error) {
			os.Exit(3)
			return nil, nil, nil
		})
	return s
}

func program(t testing.TB, kind string) Server {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Server{Command: []string{self}, Env: map[string]string{asServer: kind, "CARRIER_KEY": "k-17"}}
}

func open(t testing.TB, servers map[string]Server) *Servers {
	t.Helper()
	s, err := Open(servers, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func run(t testing.TB, s *Servers, tool string, call tools.Call, timeout time.Duration) (string, error) {
	t.Helper()
	do, err := s.Run(Spec{Server: "carrier", Tool: tool})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	value, err := do(ctx, call)
	raw, _ := json.Marshal(value)
	return string(raw), err
}

var someCall = tools.Call{Arguments: json.RawMessage(`{"order_id":"W1"}`), Key: "key-1", Conversation: tools.Conversation{ID: "c"}}

func TestARealServer(t *testing.T) {
	t.Setenv("NOT_FOR_YOU", "secret")
	web := httptest.NewServer(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return newServer() }, nil))
	t.Cleanup(web.Close)
	for name, config := range map[string]Server{"program": program(t, "good"), "address": {URL: web.URL}} {
		t.Run(name, func(t *testing.T) {
			s := open(t, map[string]Server{"carrier": config})
			result, err := run(t, s, "track", someCall, 10*time.Second)
			if err != nil || !strings.Contains(result, `"place":"Hanoi, for W1"`) || !strings.Contains(result, "key-1") {
				t.Errorf("%s %v", result, err)
			}
			if name == "program" && (!strings.Contains(result, `"env":"k-17"`)) {
				t.Errorf("the program's environment: %s", result)
			}
			said := new(tools.Error)
			if _, err := run(t, s, "Cancel-Pickup", someCall, 10*time.Second); !errors.As(err, &said) || !strings.Contains(said.Message, "too late for that") {
				t.Errorf("a refusal: %v", err)
			}
			if _, err := run(t, s, "hang", someCall, 300*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a tool that hangs: %v", err)
			}
			if result, err := run(t, s, "track", someCall, 10*time.Second); err != nil {
				t.Errorf("after a tool that hung: %s %v", result, err)
			}
			list, err := s.Tools(t.Context(), "carrier")
			if err != nil || len(list) != 4 {
				t.Fatalf("%d tools, %v", len(list), err)
			}
			r, err := tools.NewRegistry(nil, list...)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range r.Definitions(tools.Caller{}) {
				if read := d.Name == "track"; (d.Effect == tools.Read) != read || (d.Confirm == tools.ConfirmHeard) == read {
					t.Errorf("%s is a %s that confirms %s", d.Name, d.Effect, d.Confirm)
				}
			}
			if _, err := r.Run(t.Context(), tools.Call{Name: "track", Arguments: json.RawMessage(`{}`)}); err == nil || !strings.Contains(err.Error(), "order_id is missing") {
				t.Errorf("arguments are checked here: %v", err)
			}
		})
	}
}

func TestADryRunCallsNobody(t *testing.T) {
	s := open(t, map[string]Server{"carrier": {URL: "http://127.0.0.1:1"}})
	do, err := s.Run(Spec{Server: "carrier", Tool: "cancel"})
	if err != nil {
		t.Fatal(err)
	}
	value, err := do(tools.DryRun(t.Context()), someCall)
	if raw, _ := json.Marshal(value); err != nil || !strings.Contains(string(raw), `"dry_run":true`) {
		t.Errorf("%s %v", raw, err)
	}
}

func TestServersThatFail(t *testing.T) {
	t.Run("one that dies is started again", func(t *testing.T) {
		s := open(t, map[string]Server{"carrier": program(t, "good")})
		said := new(tools.Error)
		if _, err := run(t, s, "die", someCall, 10*time.Second); !errors.As(err, &said) || said.Code != tools.Unavailable {
			t.Fatalf("%v", err)
		}
		one := s.all["carrier"]
		one.mu.Lock()
		one.rested = time.Time{} // the rest is over
		one.mu.Unlock()
		if result, err := run(t, s, "track", someCall, 10*time.Second); err != nil {
			t.Errorf("%s %v", result, err)
		}
	})
	for name, config := range map[string]Server{
		"garbage": program(t, "garbage"), "silent": program(t, "silent"), "nowhere": {URL: "http://127.0.0.1:1"}, "no program": {Command: []string{"/nonexistent"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, map[string]Server{"carrier": config})
			began := time.Now()
			if _, err := run(t, s, "track", someCall, 700*time.Millisecond); err == nil || time.Since(began) > 8*time.Second {
				t.Errorf("after %s: %v", time.Since(began), err)
			}
			_, err := run(t, s, "track", someCall, time.Second)
			if said := new(tools.Error); !errors.As(err, &said) && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the next time: %v", err)
			}
		})
	}
	if _, err := Open(map[string]Server{"x": {}}, nil); err == nil {
		t.Error("a server that is nothing is taken")
	}
	if _, err := open(t, nil).Run(Spec{Server: "carrier"}); err == nil || !strings.Contains(err.Error(), "under tools, mcp") {
		t.Errorf("a server that is not there: %v", err)
	}
}
