// Package recording keeps the sound of calls, one file a turn, for as long as the shop
// wants it.
package recording

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"parley/agent"
)

const (
	// waiting bounds the turns that have not been written yet; the sound of one is some
	// hundred kilobytes.
	waiting = 64
	// every is how often old recordings are looked for.
	every = time.Hour
	// suffix ends the files' names.
	suffix = ".wav"
)

// ErrNone is that there is no recording of a turn: it was a text, was not recorded, or
// its time is over.
var ErrNone = fmt.Errorf("there is no recording of this turn: %w", fs.ErrNotExist)

// Options say where recordings are kept, and for how long.
type Options struct {
	// Dir is made when the first turn comes; only its owner reads it. It has a folder
	// for each conversation, in it a file for each turn: "3.wav".
	Dir string
	// Time is how long a recording is kept.
	Time time.Duration
	Log  *slog.Logger
}

// Folder is the recordings of a shop. It is an [agent.Recorder], safe for use by many
// goroutines.
type Folder struct {
	o      Options
	turns  chan agent.Sound
	counts counts
}

// New makes a folder; nothing is written but by [Folder.Run].
func New(o Options) *Folder {
	return &Folder{o: o, turns: make(chan agent.Sound, waiting), counts: newCounts()}
}

var _ agent.Recorder = (*Folder)(nil)

// Record implements [agent.Recorder]. What comes faster than the disk takes it is lost,
// and the log says so.
func (f *Folder) Record(s agent.Sound) {
	select {
	case f.turns <- s:
	default:
		f.counts.lost()
		f.o.Log.Warn("a turn was not recorded: the disk is too slow", "conversation", s.Conversation, "turn", s.Turn)
	}
}

// Run writes what is recorded, and deletes what is too old, until ctx ends. What has
// come by then is written before it returns.
func (f *Folder) Run(ctx context.Context) {
	f.sweep(ctx)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case s := <-f.turns:
			f.keep(s)
		case <-tick.C:
			f.sweep(ctx)
		case <-ctx.Done():
			for {
				select {
				case s := <-f.turns:
					f.keep(s)
				default:
					return
				}
			}
		}
	}
}

// keep writes a turn.
func (f *Folder) keep(s agent.Sound) {
	if err := f.write(s); err != nil {
		f.counts.lost()
		f.o.Log.Error("a turn was not recorded", "conversation", s.Conversation, "turn", s.Turn, "err", err)
		return
	}
	f.counts.kept()
}

// conversationID is what the program's own ids consist of; nothing else is a folder.
var conversationID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

func (f *Folder) path(conversation string, turn int64) (string, error) {
	if !conversationID.MatchString(conversation) || turn < 1 {
		return "", ErrNone
	}
	return filepath.Join(f.o.Dir, conversation, strconv.FormatInt(turn, 10)+suffix), nil
}

// Open opens the recording of a turn, a WAV file of two channels at 16 kHz: left the
// caller, right the agent. The caller closes it. The error is [ErrNone] where there is
// none.
func (f *Folder) Open(conversation string, turn int64) (*os.File, error) {
	path, err := f.path(conversation, turn)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("opening the recording of turn %d of %s: %w", turn, conversation, err)
	}
	return file, nil
}

// sweep deletes the conversations whose time is over.
func (f *Folder) sweep(ctx context.Context) {
	entries, err := os.ReadDir(f.o.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.o.Log.WarnContext(ctx, "old recordings could not be looked for", "err", err)
	}
	deleted := 0
	for _, e := range entries {
		if ctx.Err() != nil {
			return
		}
		about, err := e.Info() // its time is that of the last turn
		if err != nil || !e.IsDir() || !conversationID.MatchString(e.Name()) || time.Since(about.ModTime()) < f.o.Time {
			continue
		}
		if err := os.RemoveAll(filepath.Join(f.o.Dir, e.Name())); err != nil {
			f.o.Log.WarnContext(ctx, "an old recording could not be deleted", "conversation", e.Name(), "err", err)
			continue
		}
		deleted++
	}
	if deleted > 0 {
		f.o.Log.InfoContext(ctx, "old recordings were deleted", "conversations", deleted)
	}
}
