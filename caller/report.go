package caller

import (
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
	"time"
)

// Report is what was measured. All times in it are in milliseconds.
type Report struct {
	URL      string  `json:"url"`
	Shape    Shape   `json:"shape"`
	Codec    string  `json:"codec"`
	Sessions int     `json:"sessions"`
	Failed   int     `json:"failed"`
	Seconds  float64 `json:"seconds"`

	Turns    Turns    `json:"turns"`
	BargeIns BargeIns `json:"barge_ins"`
	Packets  Packets  `json:"packets"`

	// OfferToFirstPacket is from posting the offer to the first RTP packet.
	OfferToFirstPacket Summary `json:"offer_to_first_packet_ms"`
	// RoomToTrack is from the caller's joining a room to the agent's track in it; nil for
	// other calls.
	RoomToTrack *Summary `json:"room_to_track_ms,omitempty"`
	// EndToFirstAudible is from sending the last voiced packet of a question to the
	// first audible packet of the answer.
	EndToFirstAudible Summary `json:"end_of_speech_to_first_audible_ms"`
	// TimeToSilence is from sending the first voiced packet of a barge-in to the
	// last audible packet of the agent.
	TimeToSilence Summary `json:"time_to_silence_ms"`
	// PacketGap is between packets that were sent one right after the other.
	PacketGap Summary `json:"packet_gap_ms"`

	// Errors are the reasons of failed calls, each once.
	Errors []string `json:"errors,omitempty"`
	// Each has every turn of every session.
	Each [][]TurnTimes `json:"each"`
}

// Turns counts questions.
type Turns struct {
	// Planned is how many were to be asked, Asked how many were.
	Planned  int `json:"planned"`
	Asked    int `json:"asked"`
	Answered int `json:"answered"`
	Missed   int `json:"missed"`
	// Early is how many the agent spoke into.
	Early int `json:"early"`
}

// BargeIns counts interruptions.
type BargeIns struct {
	Made int `json:"made"`
	// Silenced is how many the agent fell silent on, Missed on how many it did not.
	Silenced int `json:"silenced"`
	Missed   int `json:"missed"`
	// Unmeasured is how many met a pause of the agent's own.
	Unmeasured int `json:"unmeasured"`
	// TooShort counts answers that were over before the barge-in was due.
	TooShort int `json:"answer_too_short"`
}

// Packets counts what came from the agent.
type Packets struct {
	Received int `json:"received"`
	Lost     int `json:"lost"`
}

// TurnTimes is one turn; a time that was not taken is missing.
type TurnTimes struct {
	Speech            string   `json:"speech"`
	BargeIn           bool     `json:"barge_in,omitempty"`
	TimeToSilence     *float64 `json:"time_to_silence_ms,omitempty"`
	EndToFirstAudible *float64 `json:"end_of_speech_to_first_audible_ms,omitempty"`
	Early             bool     `json:"early,omitempty"`
	Missed            bool     `json:"missed,omitempty"`
}

// Summary describes a set of times in milliseconds. Percentiles are by nearest rank.
type Summary struct {
	N   int     `json:"n"`
	Min float64 `json:"min"`
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	Max float64 `json:"max"`
}

// summarize sorts times.
func summarize(times []time.Duration) Summary {
	if len(times) == 0 {
		return Summary{}
	}
	slices.Sort(times)
	rank := func(part float64) float64 {
		return milliseconds(times[max(0, int(math.Ceil(part*float64(len(times))))-1)])
	}
	return Summary{N: len(times), Min: milliseconds(times[0]), P50: rank(0.5), P95: rank(0.95), Max: milliseconds(times[len(times)-1])}
}

// milliseconds has a resolution of a tenth: packets come every 20 ms.
func milliseconds(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Millisecond)*10) / 10
}

func newReport(options *Options, outcomes []outcome, took time.Duration) *Report {
	r := &Report{
		URL: options.URL, Shape: options.Shape, Codec: options.Codec.Name,
		Sessions: len(outcomes), Seconds: math.Round(took.Seconds()*10) / 10,
	}
	var first, present, answers, silences, gaps []time.Duration
	for _, o := range outcomes {
		if o.err != nil {
			r.Failed++
			if text := o.err.Error(); !slices.Contains(r.Errors, text) {
				r.Errors = append(r.Errors, text)
			}
		}
		if o.firstPacket > 0 {
			first = append(first, o.firstPacket)
		}
		if o.present > 0 {
			present = append(present, o.present)
		}
		gaps = append(gaps, o.gaps...)
		r.Packets.Received += o.packets
		r.Packets.Lost += o.lost
		r.BargeIns.TooShort += o.tooShort
		r.Turns.Planned += options.Turns
		each := make([]TurnTimes, 0, len(o.turns))
		for _, t := range o.turns {
			times := r.count(&t)
			if times.answer >= 0 {
				answers = append(answers, times.answer)
			}
			if times.silence >= 0 {
				silences = append(silences, times.silence)
			}
			each = append(each, times.json(&t))
		}
		r.Each = append(r.Each, each)
	}
	// A question that could not be asked was not answered either.
	r.Turns.Missed = r.Turns.Planned - r.Turns.Answered
	r.OfferToFirstPacket = summarize(first)
	if len(present) > 0 {
		s := summarize(present)
		r.RoomToTrack = &s
	}
	r.EndToFirstAudible = summarize(answers)
	r.TimeToSilence = summarize(silences)
	r.PacketGap = summarize(gaps)
	return r
}

// turnTimes are a turn's two figures; -1 is none.
type turnTimes struct{ answer, silence time.Duration }

// count adds a turn to the counts.
func (r *Report) count(t *Turn) turnTimes {
	times := turnTimes{-1, -1}
	if t.Ended.IsZero() {
		return times // the call ended before the question
	}
	r.Turns.Asked++
	if t.Early {
		r.Turns.Early++
	}
	if t.BargedIn {
		r.BargeIns.Made++
		switch {
		case t.PausedItself:
			r.BargeIns.Unmeasured++
		case !t.Silent.IsZero():
			r.BargeIns.Silenced++
			times.silence = t.Silent.Sub(t.Asked)
		default:
			r.BargeIns.Missed++
		}
	}
	switch {
	case t.Missed:
	case t.Early:
		r.Turns.Answered++
	case !t.Answered.IsZero():
		r.Turns.Answered++
		times.answer = t.Answered.Sub(t.Ended)
	}
	return times
}

func (t turnTimes) json(turn *Turn) TurnTimes {
	optional := func(d time.Duration) *float64 {
		if d < 0 {
			return nil
		}
		ms := milliseconds(d)
		return &ms
	}
	return TurnTimes{
		Speech: turn.Speech, BargeIn: turn.BargedIn, Early: turn.Early,
		Missed:        turn.Missed || turn.Answered.IsZero() && !turn.Early,
		TimeToSilence: optional(t.silence), EndToFirstAudible: optional(t.answer),
	}
}

// OK says that every question was answered and every barge-in heard.
func (r *Report) OK() bool { return r.Failed == 0 && r.Turns.Missed == 0 && r.BargeIns.Missed == 0 }

// Print writes the report as a table.
func (r *Report) Print(w io.Writer) error {
	fmt.Fprintf(w, "%s  %d call(s), %s, %.1f s\n\n", r.URL, r.Sessions, r.Codec, r.Seconds)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "milliseconds\tn\tmin\tp50\tp95\tmax\t")
	type line struct {
		name string
		s    Summary
	}
	lines := []line{
		{"offer to first packet", r.OfferToFirstPacket},
		{"end of speech to first audible packet", r.EndToFirstAudible},
		{"time to silence", r.TimeToSilence},
		{"packet gap", r.PacketGap},
	}
	if r.RoomToTrack != nil {
		lines = slices.Insert(lines, 1, line{"caller in the room to the agent's track", *r.RoomToTrack})
	}
	for _, row := range lines {
		if row.s.N == 0 {
			fmt.Fprintf(table, "%s\t0\t–\t–\t–\t–\t\n", row.name)
			continue
		}
		fmt.Fprintf(table, "%s\t%d\t%.1f\t%.1f\t%.1f\t%.1f\t\n", row.name, row.s.N, row.s.Min, row.s.P50, row.s.P95, row.s.Max)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing the table: %w", err)
	}
	fmt.Fprintf(w, "\nturns: %d of %d answered, %d missed", r.Turns.Answered, r.Turns.Planned, r.Turns.Missed)
	if r.Turns.Early > 0 {
		fmt.Fprintf(w, "; the agent spoke into %d", r.Turns.Early)
	}
	if b := r.BargeIns; b.Made+b.TooShort > 0 {
		fmt.Fprintf(w, "\nbarge-ins: %d of %d silenced the agent, %d missed", b.Silenced, b.Made, b.Missed)
		if b.Unmeasured > 0 {
			fmt.Fprintf(w, ", %d met a pause of its own", b.Unmeasured)
		}
		if b.TooShort > 0 {
			fmt.Fprintf(w, "; %d answers were too short to barge into", b.TooShort)
		}
	}
	fmt.Fprintf(w, "\npackets: %d received, %d lost\n", r.Packets.Received, r.Packets.Lost)
	if r.Failed > 0 {
		fmt.Fprintf(w, "calls that failed: %d\n", r.Failed)
	}
	for _, text := range r.Errors {
		fmt.Fprintf(w, "  %s\n", text)
	}
	return nil
}
