package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"parley/shop"
	"parley/shop/importer"
	"parley/tools"
)

// replayCmd makes the calls of recorded tasks again and compares what comes of
// them.
type replayCmd struct {
	Gold string `arg:"" name:"gold.json" help:"The tasks: calls in order, each with its result or error, and the rows changed by the end."`
	Shop string `required:"" placeholder:"DB.JSON" help:"The store in which each task begins, as a file that parley shop import reads."`
}

type (
	goldTask struct {
		Calls   []goldCall                `json:"calls"`
		Changed map[string]map[string]any `json:"changed"`
	}
	goldCall struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"`
		Result    any             `json:"result"`
		Error     *string         `json:"error"`
	}
)

// Run prints each difference and a closing line; the exit status is 1 when there
// is one.
func (c *replayCmd) Run(ctx context.Context) error {
	r, err := newReplay(ctx, c.Shop, os.Stdout)
	if err != nil {
		return err
	}
	defer r.close()
	return r.all(ctx, c.Gold)
}

// replay holds the store as it was imported, in a file that is copied for each
// task.
type replay struct {
	out      io.Writer
	dir      string
	log      *slog.Logger
	pristine shop.Snapshot

	tasks, calls, differences int
}

func newReplay(ctx context.Context, db string, out io.Writer) (*replay, error) {
	dir, err := os.MkdirTemp("", "parley-replay-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the replay: %w", err)
	}
	r := &replay{out: out, dir: dir, log: slog.New(slog.DiscardHandler)}
	store, err := shop.Open(ctx, r.template(), r.log)
	if err == nil {
		_, err = importer.Import(ctx, store, db, importer.Options{})
		if err == nil {
			r.pristine, err = store.Snapshot(ctx)
		}
		err = errors.Join(err, store.Close()) // closing writes the log into the file
	}
	if err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *replay) close() { _ = os.RemoveAll(r.dir) }

func (r *replay) template() string { return filepath.Join(r.dir, "imported.db") }

// all replays a file of tasks.
func (r *replay) all(ctx context.Context, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the tasks: %w", err)
	}
	var tasks map[string]goldTask
	if err := json.Unmarshal(data, &tasks); err != nil {
		return fmt.Errorf("reading the tasks in %s: %w", path, err)
	}
	for _, id := range slices.SortedFunc(maps.Keys(tasks), byNumber) {
		if err := r.task(ctx, id, tasks[id]); err != nil {
			return fmt.Errorf("replaying task %s: %w", id, err)
		}
	}
	fmt.Fprintf(r.out, "replayed %d tasks, %d calls, %d differences\n", r.tasks, r.calls, r.differences)
	if r.differences > 0 {
		return exitCode(1)
	}
	return nil
}

// byNumber puts 9 before 10.
func byNumber(a, b string) int {
	m, errA := strconv.Atoi(a)
	n, errB := strconv.Atoi(b)
	if errA == nil && errB == nil {
		return m - n
	}
	if a < b {
		return -1
	}
	return 1
}

// task replays one task in a store of its own.
func (r *replay) task(ctx context.Context, id string, task goldTask) (err error) {
	data, err := os.ReadFile(r.template())
	if err != nil {
		return err
	}
	path := filepath.Join(r.dir, "task.db")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return err
	}
	store, err := shop.Open(ctx, path, r.log)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, store.Close())
		for _, suffix := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(path + suffix)
		}
	}()
	registry, err := tools.NewRegistry(r.log, store.Tools()...)
	if err != nil {
		return err
	}
	r.tasks++
	for i, call := range task.Calls {
		r.calls++
		where := fmt.Sprintf("task %s, call %d (%s)", id, i+1, call.Name)
		got, err := registry.Run(ctx, tools.Call{
			Name: call.Name, Arguments: call.Arguments, Caller: tools.Caller{Staff: true},
			Conversation: tools.Conversation{ID: id, Turn: int64(i + 1)}, Key: fmt.Sprintf("%s-%d", id, i),
		})
		if err := r.compareCall(where, call, got, err); err != nil {
			return err
		}
	}
	changed, err := store.Since(ctx, r.pristine)
	if err != nil {
		return err
	}
	return r.compareRows("task "+id, task.Changed, changed)
}
