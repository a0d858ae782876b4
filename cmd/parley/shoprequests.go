package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"text/tabwriter"
	"time"

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
