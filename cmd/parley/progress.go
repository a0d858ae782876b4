package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"parley/models"
)

// plainEvery is how often the progress is a new line where there is no terminal
// to draw a bar on.
const plainEvery = 3 * time.Second

// fetchProgress shows a fetch's progress on a file. Finish ends the display; it
// is called once, after the last report.
func fetchProgress(w *os.File) (report func(models.Event), finish func()) {
	if isatty.IsTerminal(w.Fd()) {
		b := &barProgress{w: w}
		return b.report, b.finish
	}
	p := &plainProgress{w: w}
	return p.report, func() {}
}

// barProgress draws a bar.
type barProgress struct {
	w   io.Writer
	bar *progressbar.ProgressBar // nil until the size is known
}

func (b *barProgress) report(e models.Event) {
	if e.Stage == models.Waiting {
		fmt.Fprintln(b.w, waitingText)
		return
	}
	if b.bar == nil {
		b.bar = progressbar.NewOptions64(e.Total,
			progressbar.OptionSetWriter(b.w),
			progressbar.OptionSetDescription("Fetching models"),
			progressbar.OptionShowBytes(true),
			progressbar.OptionUseANSICodes(true),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionShowCount(),
			progressbar.OptionSetWidth(30),
		)
	}
	switch e.Stage {
	case models.Unpacking:
		b.bar.Describe("Unpacking " + strings.Join(e.Models, ", "))
	case models.Done:
		b.bar.Describe("Fetching models")
	case models.Waiting, models.Downloading:
	}
	_ = b.bar.Set64(e.Bytes) // a bar that cannot be drawn is no reason to stop
}

func (b *barProgress) finish() {
	if b.bar != nil {
		_ = b.bar.Exit()
		fmt.Fprintln(b.w)
	}
}

const waitingText = "Another process is fetching models; waiting for it."

// plainProgress prints lines.
type plainProgress struct {
	w    io.Writer
	last time.Time
}

func (p *plainProgress) report(e models.Event) {
	switch e.Stage {
	case models.Waiting:
		fmt.Fprintln(p.w, waitingText)
	case models.Done:
		fmt.Fprintf(p.w, "Ready: %s\n", strings.Join(e.Models, ", "))
	case models.Downloading, models.Unpacking:
		if now := time.Now(); now.Sub(p.last) >= plainEvery {
			p.last = now
			fmt.Fprintf(p.w, "Fetching models: %s of %s (%d %%)\n", megabytes(e.Bytes), megabytes(e.Total), 100*e.Bytes/max(e.Total, 1))
		}
	}
}
