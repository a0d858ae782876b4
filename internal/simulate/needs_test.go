package simulate

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"testing"
)

// TestFiguresAreMeasured holds the figures against those measured last: they may be
// somewhat careful, and not the other way.
func TestFiguresAreMeasured(t *testing.T) {
	text, err := os.ReadFile("../../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	measured := func(pattern string) float64 {
		t.Helper()
		m := regexp.MustCompile(pattern).FindSubmatch(text)
		if m == nil {
			t.Fatalf("docs/performance.md has no %s", pattern)
		}
		x, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	if n := measured(`\| (\d+) calls at once: answers missed \| 0 of`); n != CallsPerNode {
		t.Errorf("%v calls at once were measured", n)
	}
	careful := func(what string, measured, taken float64) {
		if taken < 0.95*measured || taken > 1.6*measured {
			t.Errorf("%s is taken for %v and was measured as %v", what, taken, measured)
		}
	}
	careful("processor time", measured(`each of 60 calls \| ([\d.]+) CPU-s`), CPUPerCallMinute)
	careful("memory", measured(`memory for one conversation more \| ([\d.]+) MB`)*1e6, MemoryPerCall)
}

func TestReckon(t *testing.T) {
	n := Reckon(1_000_000)
	if n.Bits != 60e9 || n.Packets != 50e6 || n.Cores != 10_000 || math.Abs(n.Turns-66_667) > 1 {
		t.Errorf("%+v", n)
	}
	// Two zones of three bear it.
	if left := float64(n.Nodes) * 2 / 3 * CallsPerNode; left < 1e6 {
		t.Errorf("when a zone fails there is room for %.0f", left)
	}
	if one := Reckon(1); one.Nodes != 1 || one.Cores != 1 {
		t.Errorf("%+v", one)
	}
}

func TestUnits(t *testing.T) {
	for want, got := range map[string]string{
		"60 Gb/s": unit(60e9, "b/s"), "1.2 TB": unit(1.2e12, "B"), "33.3/s": unit(33.33, "/s"), "66.7 k/s": unit(66_667, "/s"), "1 MB": unit(999_900, "B"),
		"1,234,567": number(1_234_567), "123": number(123), "-1,000": number(-1000), "0.23 s": seconds(225), "12 s": seconds(12_300),
	} {
		if got != want {
			t.Errorf("%q is written %q", want, got)
		}
	}
}
