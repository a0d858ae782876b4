package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"parley/config"
)

// prompted is what `parley prompt show` prints.
func prompted(t *testing.T, p promptShowCmd, brains ...config.LLM) string {
	t.Helper()
	cfg := config.Default()
	cfg.Shop.Data = t.TempDir()
	if len(brains) > 0 {
		cfg.LLM = brains
	}
	e := &engines{cfg: cfg, log: slog.New(slog.DiscardHandler)}
	t.Cleanup(func() { e.close() })
	if err := e.openMind(t.Context()); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := p.show(t.Context(), e, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestPromptShow(t *testing.T) {
	signedIn := prompted(t, promptShowCmd{As: "demo", Spoken: true, Say: "Hello"})
	for _, want := range []string{"You are heard, not read", "Maya", "--- user\nHello\n", "--- tool get_order_details\n", "--- about "} {
		if !strings.Contains(signedIn, want) {
			t.Errorf("it lacks %q:\n%s", want, signedIn)
		}
	}
	stranger := prompted(t, promptShowCmd{})
	if !strings.Contains(stranger, "not signed in") || !strings.Contains(stranger, "read on a phone") || strings.Contains(stranger, "--- user") {
		t.Errorf("for a stranger who reads:\n%s", stranger)
	}
}

// TestThePromptsBeginningStays: what changes from call to call stands last, so that
// providers can keep what they have read.
func TestThePromptsBeginningStays(t *testing.T) {
	a := prompted(t, promptShowCmd{As: "demo"})
	b := prompted(t, promptShowCmd{})
	system, _, _ := strings.Cut(a, "--- tool")
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	if same < len(system)*3/4 {
		t.Errorf("two callers' prompts have %d of %d bytes in common", same, len(system))
	}
}

func TestPromptShowBody(t *testing.T) {
	var body struct {
		Model    string            `json:"model"`
		Stream   bool              `json:"stream"`
		Messages []json.RawMessage `json:"messages"`
		Tools    []json.RawMessage `json:"tools"`
		Format   struct {
			Type string `json:"type"`
		} `json:"response_format"`
	}
	model := config.LLM{Engine: config.OpenAI, BaseURL: "http://127.0.0.1:1/v1", Model: "m"}
	if err := json.Unmarshal([]byte(prompted(t, promptShowCmd{JSON: true, As: "demo"}, model)), &body); err != nil {
		t.Fatal(err)
	}
	if body.Model != "m" || !body.Stream || len(body.Messages) != 1 || len(body.Tools) == 0 || body.Format.Type != "" {
		t.Errorf("native: %+v", body)
	}
	model.Tools, body.Tools = config.ToolsStructured, nil
	if err := json.Unmarshal([]byte(prompted(t, promptShowCmd{JSON: true, As: "demo"}, model)), &body); err != nil {
		t.Fatal(err)
	}
	if body.Format.Type != "json_schema" || len(body.Tools) != 0 || !strings.Contains(string(body.Messages[0]), "How you answer") {
		t.Errorf("structured: %+v", body)
	}
}
