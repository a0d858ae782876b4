package record

import (
	"context"
	"fmt"
	"time"
)

const (
	// sweepInterval is how often what need not be kept is deleted.
	sweepInterval = time.Minute
	// forgetNode is how long a dead server is remembered that holds nothing.
	forgetNode = time.Hour
)

// sweepEvery deletes what need not be kept, until ctx ends.
func (s *Store) sweepEvery(ctx context.Context) {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	for {
		if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("sweeping the record", "err", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// sweep ends what nobody can take up any more, and deletes what has ended long ago.
func (s *Store) sweep(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*attempt)
	defer cancel()
	for _, step := range []struct {
		query string
		age   time.Duration
	}{
		{`UPDATE record_conversations c SET ended = clock_timestamp(), cause = 'its server is gone', epoch = epoch + 1 WHERE c.ended IS NULL
			AND COALESCE((SELECT n.seen FROM record_nodes n WHERE n.id = c.node), c.updated) < clock_timestamp() - make_interval(secs => $1)`, Resumable},
		{`DELETE FROM record_conversations WHERE ended < clock_timestamp() - make_interval(secs => $1)`, s.opts.Keep},
		{`DELETE FROM record_nodes n WHERE n.seen < clock_timestamp() - make_interval(secs => $1)
			AND NOT EXISTS (SELECT FROM record_conversations c WHERE c.node = n.id AND c.ended IS NULL)`, forgetNode},
	} {
		if _, err := s.pulse.ExecContext(ctx, step.query, step.age.Seconds()); err != nil {
			return fmt.Errorf("deleting what need not be kept: %w", err)
		}
	}
	return nil
}

// leave says that this server is gone, so that what it could not end is free at once.
func (s *Store) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, attempt/2)
	defer cancel()
	if _, err := s.pulse.ExecContext(ctx, `DELETE FROM record_nodes WHERE id = $1`, s.node); err != nil {
		s.log.Debug("leaving the record", "err", err)
	}
}
