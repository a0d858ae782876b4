package simulate

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Text writes a result for people.
func (r *Result) Text(w io.Writer) error {
	s := r.Scenario
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(what, format string, args ...any) {
		fmt.Fprintf(out, "%s\t%s\n", what, fmt.Sprintf(format, args...))
	}
	line("scenario", "%s: %s", s.Name, s.About)
	line("played", "%s of callers, seed %d, policy %s, %s events", s.For, s.Seed, s.Policy, number(int(r.Events)))
	line("nodes", "%s to %s, room for %d calls each, in %d zones", number(r.Fewest), number(r.Most), s.Capacity, s.Zones)
	line("room in use", "%.1f %%; by node p50 %.0f, p95 %.0f, at most %.0f %%", 100*r.Used, 100*r.Load.P50, 100*r.Load.P95, 100*r.Load.Max)
	line("calls", "%s, at most %s at once", number(r.Arrived), number(r.Peak))
	line("waited for an agent", "%s", r.Wait.text())
	line("gave up waiting", "%s", number(r.GaveUp))
	line("refusals", "%s, %s offers not answered, %s times nobody with room", number(r.Refusals), number(r.Timeouts), number(r.NoRoom))
	line("queued for a dispatcher", "at most %s", seconds(r.Queued))
	line("nodes that failed", "%s", number(r.Failed))
	line("cut off", "%s, %s of them by drains", number(r.Cut), number(r.CutByDrain))
	line("taken over", "%s, after %s", number(r.TakenOver), r.TakeOver.text())
	line("lost", "%s", number(r.Lost))
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

// text is a spread in one line.
func (s Spread) text() string {
	if s.N == 0 {
		return "–"
	}
	return fmt.Sprintf("p50 %s, p95 %s, p99 %s, at most %s; %.2f %% over 1 s", seconds(s.P50), seconds(s.P95), seconds(s.P99), seconds(s.Max), 100*s.Late)
}

// Markdown writes results as a table, one a row; label heads its first column and names
// each result.
func Markdown(w io.Writer, results []*Result, label string, name func(*Result) string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | nodes | in use | calls | wait p50 / p95 / p99 / most | over 1 s | refused | gave up | cut | taken over after p50 / p95 / most | lost |\n", label)
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range results {
		nodes := number(r.Most)
		if r.Fewest != r.Most {
			nodes = number(r.Fewest) + "–" + nodes
		}
		over := "–"
		if t := r.TakeOver; t.N > 0 {
			over = fmt.Sprintf("%s / %s / %s", seconds(t.P50), seconds(t.P95), seconds(t.Max))
		}
		fmt.Fprintf(&b, "| %s | %s | %.0f %% | %s | %s / %s / %s / %s | %.2f %% | %s | %s | %s | %s | %s |\n",
			name(r), nodes, 100*r.Used, number(r.Arrived),
			seconds(r.Wait.P50), seconds(r.Wait.P95), seconds(r.Wait.P99), seconds(r.Wait.Max), 100*r.Wait.Late,
			number(r.Refusals), number(r.GaveUp), number(r.Cut), over, number(r.Lost))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}

// seconds writes milliseconds as a person would: 0.23 s, 12 s.
func seconds(ms float64) string {
	if ms >= 10_000 {
		return fmt.Sprintf("%.0f s", ms/1000)
	}
	return fmt.Sprintf("%.2f s", ms/1000)
}

// number writes 1234567 as 1,234,567.
func number(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
