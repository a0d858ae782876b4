package folder

import (
	"context"
	"time"

	"parley/tools/file"
)

// Report is what [Check] found.
type Report struct {
	// Tools are the files that are right, and Broken those that are not.
	Tools  []*file.Parsed
	Broken []Broken
	// Warnings are references to the environment that are not set: the files are right,
	// and yet would not run here.
	Warnings file.Errors
}

// Check reads the files of a folder once, as [Open] would, names that are there
// twice included. What a runner that is nil would find is not found.
func Check(ctx context.Context, dir string, r file.Runners) Report {
	s := &files{dir: dir, runners: r, entries: map[string]*entry{}}
	now := time.Now()
	s.scan(ctx, now, true)
	s.settle(now)
	report := Report{Broken: s.broken()}
	for _, e := range s.sorted() {
		if e.good != nil {
			report.Tools = append(report.Tools, e.good)
			report.Warnings = append(report.Warnings, e.good.Unset...)
		}
	}
	return report
}
