package simulate

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// Need is what a number of calls at once takes.
type Need struct {
	Calls int
	// Nodes as measured, in three zones; when one fails, calmShare of the room of the others
	// is in use.
	Nodes int
	// Cores at work, of all that the nodes have.
	Cores, CoresThere int
	// Memory in bytes.
	Memory float64
	// Bits and Packets a second in each direction, between callers and agents. Where a
	// LiveKit server stands between them it takes in and gives out twice that.
	Bits, Packets float64
	// Turns a second: transcripts, answers and voices each.
	Turns float64
}

// calmShare is the share of all room that may be in use while callers still wait for
// nobody: at 98 % some wait, as the scenarios steady and tight show.
const calmShare = 0.85

// Reckon says what calls at once take.
func Reckon(calls int) Need {
	n := float64(calls)
	nodes := int(math.Ceil(n / (CallsPerNode * calmShare) * 3 / 2))
	return Need{
		Calls: calls, Nodes: nodes,
		Cores: int(math.Ceil(n * CPUPerCallMinute / 60)), CoresThere: nodes * CoresPerNode,
		Memory:  n*MemoryPerCall + float64(nodes)*MemoryPerNode,
		Bits:    n * (OpusBits + 8*PacketOverhead*PacketsPerSecond),
		Packets: n * PacketsPerSecond,
		Turns:   n * TurnsPerMinute / 60,
	}
}

// Needs writes what numbers of calls take as a table in Markdown, one column each.
func Needs(w io.Writer, calls []int) error {
	rows := []struct {
		what string
		cell func(Need) string
	}{
		{"calls at once", func(n Need) string { return number(n.Calls) }},
		{"nodes of 2 cores, in three zones of which one may fail", func(n Need) string { return number(n.Nodes) }},
		{"cores at work / there", func(n Need) string { return number(n.Cores) + " / " + number(n.CoresThere) }},
		{"memory", func(n Need) string { return unit(n.Memory, "B") }},
		{"sound, each way", func(n Need) string { return unit(n.Bits, "b/s") + ", " + unit(n.Packets, "packets/s") }},
		{"through LiveKit servers, in and out each", func(n Need) string { return unit(2*n.Bits, "b/s") + ", " + unit(2*n.Packets, "packets/s") }},
		{"calls that begin, of five minutes", func(n Need) string { return unit(float64(n.Calls)/300, "/s") }},
		{"turns: transcripts, answers, voices, each", func(n Need) string { return unit(n.Turns, "/s") }},
		{"the same in a flash sale, ten times the callers", func(n Need) string { return unit(10*n.Turns, "/s") }},
	}
	var b strings.Builder
	for i, row := range rows {
		b.WriteString("| " + row.what)
		for _, n := range calls {
			b.WriteString(" | " + row.cell(Reckon(n)))
		}
		b.WriteString(" |\n")
		if i == 0 {
			b.WriteString("|---" + strings.Repeat("|---", len(calls)) + "|\n")
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}

// unit writes a quantity with three digits and a prefix: 600 Mb/s, 1.2 TB.
func unit(x float64, of string) string {
	for _, p := range []string{"", "k", "M", "G", "T"} {
		if x < 999.5 || p == "T" {
			digits := fmt.Sprintf("%.3g", x)
			if of[0] == '/' && p == "" {
				return digits + of
			}
			return digits + " " + p + of
		}
		x /= 1000
	}
	return ""
}
