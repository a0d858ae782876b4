package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"parley/shop"
	"parley/shop/importer"
)

// shopCmd looks after the shop's store.
type shopCmd struct {
	Import   shopImportCmd   `cmd:"" help:"Read products and orders from a CSV or JSON file, or the retail store of τ²-bench."`
	Requests shopRequestsCmd `cmd:"" help:"List returns, exchanges and reported problems, with the photos that belong to them."`
	Photos   shopPhotosCmd   `cmd:"" help:"Look after photos: those that customers' photos are compared with, and those that customers sent."`
}

// shopImportCmd fills the store from a file.
type shopImportCmd struct {
	File      string `arg:"" help:"The file: CSV, JSON, or τ²-bench's db.json. It is taken in as a whole or not at all."`
	Data      string `xor:"store" placeholder:"DIR" help:"The folder with the shop's data; without it, the user's data folder."`
	DSN       string `name:"dsn" xor:"store" placeholder:"DSN" help:"A store in PostgreSQL instead, such as postgres://user@host/shop."`
	Format    string `enum:"auto,csv,json,tau2" default:"auto" help:"What the file holds: auto, csv, json or tau2."`
	Currency  string `placeholder:"CODE" help:"The currency of prices that name none, such as SGD."`
	Overwrite bool   `help:"Replace also orders and customers that were changed here since they were imported."`
}

// Run imports the file and says what came in.
func (c *shopImportCmd) Run(ctx context.Context) error {
	place := c.DSN
	if place == "" {
		var err error
		if place, err = shopFile(c.Data); err != nil {
			return err
		}
	}
	return c.run(ctx, place, os.Stdout, os.Stderr)
}

func (c *shopImportCmd) run(ctx context.Context, place string, out io.Writer, progress *os.File) (err error) {
	if c.Currency != "" && !shop.KnownCurrency(c.Currency) {
		return fmt.Errorf("--currency: %q is no currency; write its three letters, such as SGD", c.Currency)
	}
	store, err := shop.Open(ctx, place, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	began := time.Now()
	report, finish := importProgress(progress)
	done, err := importer.Import(ctx, store, c.File, importer.Options{
		Format: importer.Format(c.Format), Currency: c.Currency, Overwrite: c.Overwrite, Progress: report,
	})
	finish()
	if wrong, ok := errors.AsType[importer.Errors](err); ok {
		fmt.Fprintln(progress, wrong)
		fmt.Fprintf(progress, "Nothing was imported: %d thing(s) in %s are wrong.\n", len(wrong), c.File)
		return exitCode(1)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Imported %d products, %d customers and %d orders (%s) in %s.\n",
		done.Products, done.Customers, done.Orders, done.Format, cmp.Or(time.Since(began).Round(time.Millisecond), time.Millisecond))
	if done.Left > 0 {
		fmt.Fprintf(out, "%d customers and orders were changed here since they came in and stay as they are; --overwrite replaces them.\n", done.Left)
	}
	return nil
}

// importProgress draws a bar where there is a terminal. finish ends it.
func importProgress(w *os.File) (report func(done, total int), finish func()) {
	if !isatty.IsTerminal(w.Fd()) {
		return nil, func() {}
	}
	var bar *progressbar.ProgressBar
	report = func(done, total int) {
		if bar == nil {
			bar = progressbar.NewOptions(total,
				progressbar.OptionSetWriter(w),
				progressbar.OptionSetDescription("Importing"),
				progressbar.OptionUseANSICodes(true),
				progressbar.OptionSetPredictTime(true),
				progressbar.OptionThrottle(100*time.Millisecond),
				progressbar.OptionShowCount(),
				progressbar.OptionSetWidth(30),
			)
		}
		_ = bar.Set(done) // a bar that cannot be drawn is no reason to stop
	}
	return report, func() {
		if bar != nil {
			_ = bar.Exit()
			fmt.Fprintln(w)
		}
	}
}
