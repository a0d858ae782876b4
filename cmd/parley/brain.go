package main

import (
	"cmp"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parley/config"
	"parley/llm"
	"parley/llm/failover"
	"parley/llm/langchain"
	"parley/llm/meter"
	llmopenai "parley/llm/openai"
	"parley/llm/rules"
)

// openBrain makes one brain of the list in the config.
func (e *engines) openBrain() error {
	e.spent = newBrainMetrics()
	e.meter = meter.New(meter.Options{Conversation: e.cfg.Limits.TokensConversation, Day: e.cfg.Limits.TokensDay, Spent: e.spent.spent})
	var list []failover.Named
	for i, c := range e.cfg.LLM {
		b, err := e.openOne(c)
		if err != nil {
			return fmt.Errorf("opening brain %d: %w", i+1, err)
		}
		list = append(list, failover.Named{Name: brainName(c), Brain: b, FirstToken: c.FirstToken})
	}
	f := e.cfg.Failover
	var err error
	e.brain, err = failover.New(failover.Options{
		FirstToken: f.FirstToken, Budget: f.Budget, Failures: f.Failures, Rest: f.Rest, Observer: e.spent, Log: e.log,
	}, list...)
	return err
}

// brainName is what a brain is called in logs, metrics and events.
func brainName(c config.LLM) string { return cmp.Or(c.Name, c.Model, c.Engine) }

// openOne opens one brain.
func (e *engines) openOne(c config.LLM) (llm.Brain, error) {
	if c.Engine == config.Rules {
		return rules.New(e.book, time.Now, e.log), nil
	}
	b, err := openProvider(c, e.log)
	if err != nil {
		return nil, err
	}
	e.closers = append(e.closers, b.Close)
	return e.meter.Wrap(brainName(c), b), nil
}

// provided is a brain behind a network.
type provided interface {
	llm.Brain
	llm.Warmer
	Close() error
}

// openProvider opens a brain behind a network.
func openProvider(c config.LLM, log *slog.Logger) (provided, error) {
	if c.Engine == config.Anthropic {
		return langchain.New(langchain.Options{
			BaseURL: c.BaseURL, Model: c.Model, APIKey: c.APIKey.Reveal(), FirstToken: c.FirstToken, Between: c.Between, Timeout: c.Timeout,
			MaxTokens: c.MaxTokens, Temperature: c.Temperature, Images: c.Images, Log: log,
		})
	}
	return llmopenai.New(openAIOptions(c, log))
}

// openAIOptions are those of a brain behind a server that speaks OpenAI's protocol.
func openAIOptions(c config.LLM, log *slog.Logger) llmopenai.Options {
	return llmopenai.Options{
		BaseURL: cmp.Or(c.BaseURL, endpoint(c.Engine)), Model: c.Model, APIKey: c.APIKey.Reveal(), FirstToken: c.FirstToken, Between: c.Between,
		Timeout: c.Timeout, MaxTokens: c.MaxTokens, Temperature: c.Temperature, ReasoningEffort: c.ReasoningEffort,
		Tools: llmopenai.ToolMode(c.Tools), Images: c.Images, Log: log,
	}
}

// endpoint is where an engine's provider speaks OpenAI's protocol; "" when only the
// config knows.
func endpoint(engine string) string {
	switch engine {
	case config.Google: // https://ai.google.dev/gemini-api/docs/openai
		return "https://generativelanguage.googleapis.com/v1beta/openai"
	case config.Ollama: // https://docs.ollama.com/api/openai-compatibility
		return "http://127.0.0.1:11434/v1"
	case config.Mistral: // https://docs.mistral.ai/api/
		return "https://api.mistral.ai/v1"
	}
	return ""
}

// brainMetrics counts how often a turn went to the next brain, and what brains take.
// It implements failover.Observer and prometheus.Collector.
type brainMetrics struct{ moves, tokens *prometheus.CounterVec }

func newBrainMetrics() *brainMetrics {
	return &brainMetrics{
		moves: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_brain_moves_total", Help: "Turns that went from one brain to the next, also those made in advance and thrown away.",
		}, []string{"from", "to", "reason"}),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_brain_tokens_total", Help: "Tokens that brains took: input (cached is a part of it) and output; estimated where a provider did not tell.",
		}, []string{"brain", "kind", "estimated"}),
	}
}

// Moved implements failover.Observer.
func (m *brainMetrics) Moved(_ string, v llm.Move) {
	m.moves.WithLabelValues(v.From, v.To, v.Reason).Inc()
}

// spent counts an answer's tokens.
func (m *brainMetrics) spent(brain string, u llm.Usage, estimated bool) {
	for kind, n := range map[string]int{"input": u.Input, "cached": u.CachedInput, "output": u.Output} {
		m.tokens.WithLabelValues(brain, kind, strconv.FormatBool(estimated)).Add(float64(max(n, 0)))
	}
}

// Describe implements prometheus.Collector.
func (m *brainMetrics) Describe(ch chan<- *prometheus.Desc) {
	m.moves.Describe(ch)
	m.tokens.Describe(ch)
}

// Collect implements prometheus.Collector.
func (m *brainMetrics) Collect(ch chan<- prometheus.Metric) {
	m.moves.Collect(ch)
	m.tokens.Collect(ch)
}
