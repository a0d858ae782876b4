package main

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"parley/config"
	"parley/internal/standin"
)

func TestCheckBrains(t *testing.T) {
	serve := func(o standin.Options) string {
		s := httptest.NewServer(standin.New(o))
		t.Cleanup(s.Close)
		return s.URL + "/v1"
	}
	rule := []standin.ToolRule{{Match: regexp.MustCompile(`\b(W\d{5})\b`), Tool: "get_order", Arguments: `{"order_id":"$1"}`}}
	trained, untrained, talker := serve(standin.Options{Tools: rule}), serve(standin.Options{Tools: rule, Untrained: true}), serve(standin.Options{})
	for name, c := range map[string]struct {
		llm     config.LLM
		last    bool
		outcome outcome
		says    string
		advice  string
	}{
		"embedded":                   {config.LLM{Engine: config.Rules}, true, ready, "needs no network", ""},
		"it calls tools":             {config.LLM{Engine: config.OpenAI, BaseURL: trained, Model: "m"}, true, ready, "calls tools as OpenAI does; first token after", ""},
		"it needs a schema":          {config.LLM{Engine: config.OpenAI, BaseURL: untrained, Model: "m"}, true, limited, "bound to a JSON schema", "tools: structured"},
		"it needs one and gets one":  {config.LLM{Engine: config.OpenAI, BaseURL: untrained, Model: "m", Tools: config.ToolsAuto}, true, ready, "bound to a JSON schema", ""},
		"it only talks":              {config.LLM{Engine: config.OpenAI, BaseURL: talker, Model: "m"}, true, limited, "calls no tools", "trained to call tools"},
		"nobody there, the last":     {config.LLM{Engine: config.OpenAI, BaseURL: "http://127.0.0.1:1/v1", Model: "m"}, true, missing, "unreachable", "base_url"},
		"nobody there, not the last": {config.LLM{Engine: config.OpenAI, BaseURL: "http://127.0.0.1:1/v1", Model: "m"}, false, limited, "unreachable", "base_url"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := &config.Config{LLM: []config.LLM{c.llm}}
			if !c.last {
				cfg.LLM = append(cfg.LLM, config.LLM{Engine: config.Rules})
			}
			f := checkBrains(t.Context(), cfg)[0]
			if f.Outcome != c.outcome || !strings.Contains(f.Detail, c.says) || !strings.Contains(f.Advice, c.advice) || c.advice == "" && f.Advice != "" {
				t.Errorf("got %+v", f)
			}
		})
	}
}
