// Package metrics turns what conversations tell into Prometheus metrics.
package metrics

import (
	"net/http"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"parley/agent"
)

// Metrics counts. It is safe for use by many goroutines.
type Metrics struct {
	registry *prometheus.Registry
	watching sync.WaitGroup

	mu    sync.Mutex
	named map[string]bool // the tools that have a label of their own

	turns         *prometheus.CounterVec
	stages        *prometheus.HistogramVec
	silence       prometheus.Histogram
	interruptions *prometheus.CounterVec
	failures      *prometheus.CounterVec
	tools         *prometheus.HistogramVec
	dropped       *prometheus.CounterVec
	conversations prometheus.Counter
}

// latencies are the bounds of what callers wait for, in seconds: fine around
// what is felt as instant, coarse where it no longer matters.
func latencies() []float64 {
	return []float64{.01, .02, .04, .06, .08, .1, .13, .16, .2, .25, .3, .4, .5, .6, .8, 1, 1.5, 2, 3, 5, 8}
}

// New makes the metrics; underWay tells how many conversations there are now.
func New(underWay func() int) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		named:    make(map[string]bool),
		turns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_turns_total", Help: "Turns of the agent by why they ended.",
		}, []string{"cause"}),
		stages: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "parley_turn_stage_seconds", Help: "From the caller's last voiced sound (or the text) to each moment of a turn.",
			Buckets: latencies(),
		}, []string{"stage"}),
		silence: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "parley_time_to_silence_seconds", Help: "From the caller's first voiced sound, as received, to the agent's last audible sample, as sent.",
			Buckets: latencies(),
		}),
		interruptions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_interruptions_total", Help: "Times the agent fell silent for the caller, by what came of it: confirmed or false.",
		}, []string{"outcome"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_failures_total", Help: "Engines that failed in a turn.",
		}, []string{"stage"}),
		tools: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "parley_tool_seconds", Help: "Runs of tools.", Buckets: latencies(),
		}, []string{"tool", "ok"}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_dropped_total", Help: "What was dropped because its reader was too slow.",
		}, []string{"what"}),
		conversations: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "parley_conversations_total", Help: "Conversations that have begun.",
		}),
	}
	m.registry.MustRegister(m.turns, m.stages, m.silence, m.interruptions, m.failures, m.tools, m.dropped, m.conversations,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "parley_conversations", Help: "Conversations under way.",
		}, func() float64 { return float64(underWay()) }),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler serves the metrics in Prometheus' text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Register adds a collector of another part of the program.
func (m *Metrics) Register(c prometheus.Collector) error { return m.registry.Register(c) }

// unread is how many events may wait for the metrics.
const unread = 256

// Watch counts what a conversation tells until it ends.
func (m *Metrics) Watch(c *agent.Conversation) {
	m.conversations.Inc()
	events := c.Subscribe(unread, false)
	m.watching.Go(func() {
		for e := range events.Events() {
			m.count(e.Event)
		}
		m.dropped.WithLabelValues("hearing").Add(float64(c.Dropped()))
		if events.Err() != nil {
			m.dropped.WithLabelValues("events").Inc()
		}
	})
}

// Wait returns when all conversations that are watched have ended.
func (m *Metrics) Wait() { m.watching.Wait() }

func (m *Metrics) count(e agent.Event) {
	switch e := e.(type) {
	case agent.TurnEnded:
		m.turns.WithLabelValues(e.Cause).Inc()
		m.stage("decided", e.Timings.Decided)
		m.stage("transcript", e.Timings.Transcript)
		m.stage("first_token", e.Timings.FirstToken)
		m.stage("first_audio", e.Timings.FirstSound)
		if e.Cause == agent.CauseBargeIn {
			m.interruptions.WithLabelValues("confirmed").Inc()
		}
	case agent.Silenced:
		m.silence.Observe(float64(e.After) / 1000)
	case agent.Resumed:
		m.interruptions.WithLabelValues("false").Inc()
	case agent.Failed:
		m.failures.WithLabelValues(e.Stage).Inc()
	case agent.ToolFinished:
		m.tools.WithLabelValues(m.toolName(e.Name), strconv.FormatBool(e.OK)).Observe(float64(e.Took) / 1000)
	}
}

// maxTools bounds the values of the label for tools: models make names up.
const maxTools = 64

// toolName is the label of a tool.
func (m *Metrics) toolName(name string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.named[name] {
		return name
	}
	if len(m.named) >= maxTools || len(name) > 128 || !utf8.ValidString(name) {
		return "other"
	}
	m.named[name] = true
	return name
}

func (m *Metrics) stage(name string, ms int64) {
	if ms >= 0 {
		m.stages.WithLabelValues(name).Observe(float64(ms) / 1000)
	}
}

// flag is a gauge that says yes or no.
func flag(on bool) float64 {
	if on {
		return 1
	}
	return 0
}
