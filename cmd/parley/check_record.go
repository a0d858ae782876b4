package main

import (
	"context"

	"parley/config"
	"parley/record"
)

// checkRecord asks the database in which conversations are kept.
func checkRecord(ctx context.Context, r config.Record) finding {
	f := finding{Name: "record of conversations", Outcome: ready, Detail: "the database answers"}
	ctx, cancel := context.WithTimeout(ctx, probeWait)
	defer cancel()
	if err := record.Probe(ctx, r.DSN.Reveal()); err != nil {
		f.Outcome, f.Detail = limited, "conversations go on, but are not kept, and nothing can be changed in them: "+err.Error()
		f.Advice = "see that PostgreSQL runs at record.dsn"
	}
	return f
}
