package dashboard

import "strings"

// query is one set of lines in a panel; legend names each by its labels.
type query struct{ expr, legend string }

// panel is one picture. about names the metric whose help explains it.
type panel struct {
	title, about, unit string
	stacked            bool
	queries            []query
}

// row is panels under a heading, side by side.
type row struct {
	title  string
	panels []panel
}

const (
	perNode = "{{instance}}"
	perSec  = "cps" // Grafana's word for counts a second
	second  = "s"
)

// percentiles are the middle and the far end of a histogram, by labels; legend names them.
func percentiles(metric, legend string, by ...string) []query {
	if legend != "" {
		legend += " "
	}
	return []query{{quantile("0.5", metric, by...), legend + "p50"}, {quantile("0.95", metric, by...), legend + "p95"}}
}

// rows are what was thought of.
func rows() []row {
	return []row{
		{"Conversations", []panel{
			{title: "Conversations under way", about: "parley_conversations", unit: "short", stacked: true, queries: []query{{now("parley_conversations", "instance"), perNode}}},
			{title: "Conversations begun", about: "parley_conversations_total", unit: perSec, queries: []query{{rate("parley_conversations_total", "instance"), perNode}}},
			{title: "Turns by why they ended", about: "parley_turns_total", unit: perSec, stacked: true, queries: []query{{rate("parley_turns_total", "cause"), "{{cause}}"}}},
			{title: "Turns by node", about: "parley_turns_total", unit: perSec, queries: []query{{rate("parley_turns_total", "instance"), perNode}}},
		}},
		{"What callers wait for", []panel{
			{title: "Stages of a turn", about: "parley_turn_stage_seconds", unit: second, queries: percentiles("parley_turn_stage_seconds", "{{stage}}", "stage")},
			{title: "Stages of a turn by node, p95", about: "parley_turn_stage_seconds", unit: second, queries: []query{{quantile("0.95", "parley_turn_stage_seconds", "instance", "stage"), "{{instance}} {{stage}}"}}},
			{title: "Time to silence", about: "parley_time_to_silence_seconds", unit: second, queries: percentiles("parley_time_to_silence_seconds", "")},
			{title: "Time to silence by node, p95", about: "parley_time_to_silence_seconds", unit: second, queries: []query{{quantile("0.95", "parley_time_to_silence_seconds", "instance"), perNode}}},
		}},
		{"Interruptions and drops", []panel{
			{title: "Interruptions", about: "parley_interruptions_total", unit: perSec, stacked: true, queries: []query{{rate("parley_interruptions_total", "outcome"), "{{outcome}}"}}},
			{title: "False interruptions, share", about: "parley_interruptions_total", unit: "percentunit", queries: []query{{
				`sum by (instance) (rate(parley_interruptions_total{instance=~"$instance", outcome="false"}[$__rate_interval])) / ` + rate("parley_interruptions_total", "instance"), perNode,
			}}},
			{title: "Dropped because a reader was too slow", about: "parley_dropped_total", unit: perSec, queries: []query{{rate("parley_dropped_total", "instance", "what"), "{{instance}} {{what}}"}}},
		}},
		{"Models and tools", []panel{
			{title: "Engines that failed", about: "parley_failures_total", unit: perSec, queries: []query{{rate("parley_failures_total", "instance", "stage"), "{{instance}} {{stage}}"}}},
			{title: "Turns that went to the next brain", about: "parley_brain_moves_total", unit: perSec, queries: []query{{rate("parley_brain_moves_total", "from", "to", "reason"), "{{from}} → {{to}}: {{reason}}"}}},
			{title: "Tokens", about: "parley_brain_tokens_total", unit: perSec, queries: []query{{rate("parley_brain_tokens_total", "brain", "kind"), "{{brain}} {{kind}}"}}},
			{title: "Tool calls", about: "parley_tool_seconds", unit: perSec, queries: []query{{count("parley_tool_seconds", "tool", "ok"), "{{tool}} ok={{ok}}"}}},
			{title: "Tool calls, p95", about: "parley_tool_seconds", unit: second, queries: []query{{quantile("0.95", "parley_tool_seconds", "tool"), "{{tool}}"}}},
			{title: "Tool files", about: "parley_tool_files", unit: "short", queries: []query{{now("parley_tool_files", "instance", "state"), "{{instance}} {{state}}"}}},
		}},
		{"Nodes", []panel{
			{title: "Processor", about: "process_cpu_seconds_total", unit: "short", queries: []query{{rate("process_cpu_seconds_total", "instance"), perNode}}},
			{title: "Processor a conversation", about: "process_cpu_seconds_total", unit: "short", queries: []query{{
				rate("process_cpu_seconds_total", "instance") + " / " + now("parley_conversations", "instance"), perNode,
			}}},
			{title: "Memory", about: "process_resident_memory_bytes", unit: "bytes", queries: []query{{now("process_resident_memory_bytes", "instance"), perNode}}},
			{title: "Goroutines", about: "go_goroutines", unit: "short", queries: []query{{now("go_goroutines", "instance"), perNode}}},
		}},
	}
}

// plain is the panel of a metric for which none was thought of.
func plain(m Metric) panel {
	p := panel{title: m.Name, about: m.Name, unit: "short"}
	by := append([]string{"instance"}, m.Labels...)
	legend := "{{" + strings.Join(by, "}} {{") + "}}"
	switch m.Kind {
	case Counter:
		p.unit, p.queries = perSec, []query{{rate(m.Name, by...), legend}}
	case Histogram:
		p.queries = percentiles(m.Name, legend, by...)
	default:
		p.queries = []query{{now(m.Name, by...), legend}}
	}
	return p
}
