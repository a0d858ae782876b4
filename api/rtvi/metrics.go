package rtvi

import "parley/agent"

// metricsData is what clients are told of a turn, in seconds.
type metricsData struct {
	TTFB       []metric `json:"ttfb,omitempty"`
	Processing []metric `json:"processing,omitempty"`
	Tokens     []tokens `json:"tokens,omitempty"`
}

type metric struct {
	Processor string  `json:"processor"`
	Value     float64 `json:"value"`
}

type tokens struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Total      int `json:"total_tokens"`
	Cached     int `json:"cache_read_input_tokens"`
}

func (m metricsData) empty() bool {
	return len(m.TTFB) == 0 && len(m.Processing) == 0 && len(m.Tokens) == 0
}

// measure makes metrics of a turn's moments. A stage's time to its first output is
// counted from when the stage before it had its own, the voice's from when the turn
// was certain as well: before, nothing may be heard. The end of the turn and the whole
// answer are counted from the caller's last voiced sound.
func measure(at agent.Timings, used *agent.Usage) metricsData {
	var m metricsData
	first := func(stage string, from, to int64) {
		if from >= 0 && to >= 0 {
			m.TTFB = append(m.TTFB, metric{stage, seconds(max(to-from, 0))})
		}
	}
	whole := func(what string, took int64) {
		if took >= 0 {
			m.Processing = append(m.Processing, metric{what, seconds(took)})
		}
	}
	first("recognition", 0, at.Transcript)
	first("brain", at.Transcript, at.FirstToken)
	if at.FirstToken >= 0 {
		first("voice", max(at.FirstToken, at.Decided), at.FirstSound)
	}
	whole("turn", at.Decided)
	whole("answer", at.FirstSound)
	if used != nil {
		m.Tokens = []tokens{{Prompt: used.Input, Completion: used.Output, Total: used.Input + used.Output, Cached: used.CachedInput}}
	}
	return m
}

func seconds(ms int64) float64 { return float64(ms) / 1000 }
