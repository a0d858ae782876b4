package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"text/tabwriter"
	"time"

	"github.com/mattn/go-isatty"

	"parley/photo/keep"
	"parley/shop"
)

// shopRequestsCmd lists what customers asked for after an order was sent.
type shopRequestsCmd struct {
	Data  string `xor:"store" placeholder:"DIR" help:"The folder with the shop's data; without it, the user's data folder."`
	DSN   string `name:"dsn" xor:"store" placeholder:"DSN" help:"A store in PostgreSQL instead, such as postgres://user@host/shop."`
	Limit int    `default:"20" help:"At most so many, the newest first."`
	JSON  bool   `name:"json" help:"As JSON."`
}

// Run prints the list.
func (c *shopRequestsCmd) Run(ctx context.Context) error {
	place := c.DSN
	if place == "" {
		var err error
		if place, err = shopFile(c.Data); err != nil {
			return err
		}
	}
	return c.run(ctx, place, os.Stdout)
}

func (c *shopRequestsCmd) run(ctx context.Context, place string, out io.Writer) (err error) {
	store, err := shop.Open(ctx, place, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	list, err := store.Requests(ctx, max(c.Limit, 0))
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(out, list)
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(out, "No customer has asked for a return or an exchange, or reported a problem.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, r := range list {
		when := ""
		if !r.At.IsZero() {
			when = r.At.Local().Format(time.DateTime)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", when, r.OrderID, r.CustomerID, r.Kind, r.State, r.Case)
		for _, hash := range r.Photos {
			fmt.Fprintf(table, "\tphoto\t%s\n", hash)
		}
	}
	return table.Flush()
}

// shopPhotosShowCmd prints a kept photo.
type shopPhotosShowCmd struct {
	Hash string `arg:"" help:"The photo's hash, as parley shop requests lists it."`
	Data string `placeholder:"DIR" help:"The folder with the shop's data; without it, the user's data folder."`
}

// Run prints the photo to standard output, which must not be a terminal.
func (c *shopPhotosShowCmd) Run(context.Context) error {
	if isatty.IsTerminal(os.Stdout.Fd()) {
		return fmt.Errorf("a photo is not for a terminal; write it to a file: parley shop photos show %s > photo.jpg", cmp.Or(c.Hash, "HASH"))
	}
	return c.run(os.Stdout)
}

func (c *shopPhotosShowCmd) run(out io.Writer) error {
	store, err := shopFile(c.Data)
	if err != nil {
		return err
	}
	data, err := keep.New(keep.Options{Dir: photoFolder(store)}).Photo(c.Hash)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no photo %s in %s: it was never kept there, or its time was over", c.Hash, photoFolder(store))
	}
	if err != nil {
		return err
	}
	_, err = out.Write(data)
	return err
}

// shopPhotosDropCmd deletes a kept photo.
type shopPhotosDropCmd struct {
	Hash string `arg:"" help:"The photo's hash, as parley shop requests lists it."`
	Data string `placeholder:"DIR" help:"The folder with the shop's data; without it, the user's data folder."`
}

// Run deletes the photo. What it was attached to goes on naming its hash.
func (c *shopPhotosDropCmd) Run(context.Context) error {
	store, err := shopFile(c.Data)
	if err != nil {
		return err
	}
	return keep.New(keep.Options{Dir: photoFolder(store)}).Delete(c.Hash)
}
