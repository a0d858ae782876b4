package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"parley/access"
	"parley/config"
)

// keysCmd looks after the API keys that the shop's servers hold.
type keysCmd struct {
	Create keysCreateCmd `cmd:"" help:"Make a key and print it, this once."`
	List   keysListCmd   `cmd:"" help:"List the keys, without what is secret."`
	Rotate keysRotateCmd `cmd:"" help:"Give a key a new secret; the old one works a while longer."`
	Revoke keysRevokeCmd `cmd:"" help:"End a key at once, and the tokens that it minted."`
}

// keyPlace says where the keys are.
type keyPlace struct {
	Config string `placeholder:"FILE" help:"Use the data folder of this config."`
	Data   string `placeholder:"DIR" help:"The folder with the shop's data."`
}

func (p keyPlace) open() (*access.Keys, error) {
	cfg, err := loadConfig(p.Config, p.Data)
	if err != nil {
		return nil, err
	}
	return openKeys(cfg)
}

// openKeys opens the keys of the data folder and of the config.
func openKeys(cfg *config.Config) (*access.Keys, error) {
	dir, err := dataFolder(cfg.Shop.Data)
	if err != nil {
		return nil, err
	}
	return access.OpenKeys(filepath.Join(dir, "keys"), reveal(cfg.Server.Keys)...)
}

// dataFolder is where the shop's data lies.
func dataFolder(dir string) (string, error) {
	if dir != "" {
		return dir, nil
	}
	return userData()
}

type keysCreateCmd struct {
	keyPlace
	Name  string   `placeholder:"NAME" help:"What it is for, such as web-shop."`
	Scope []string `default:"tokens,conversations" enum:"tokens,conversations" help:"What it may do: tokens (make tokens for customers), conversations (hold and read conversations)."`
}

// Run prints the key to standard output.
func (c *keysCreateCmd) Run(context.Context) error { return c.run(os.Stdout, os.Stderr) }

func (c *keysCreateCmd) run(out, notes io.Writer) error {
	keys, err := c.open()
	if err != nil {
		return err
	}
	key, text, err := keys.Create(c.Name, c.Scope)
	if err != nil {
		return err
	}
	fmt.Fprintf(notes, "The key %s, which cannot be shown again. Keep it on your server; browsers get tokens (POST /v1/tokens).\n", key.ID)
	fmt.Fprintln(out, text)
	return nil
}

type keysListCmd struct{ keyPlace }

// Run prints to standard output.
func (c *keysListCmd) Run(context.Context) error { return c.run(os.Stdout) }

func (c *keysListCmd) run(out io.Writer) error {
	keys, err := c.open()
	if err != nil {
		return err
	}
	list, err := keys.List()
	if err != nil {
		return err
	}
	if len(list) == 0 {
		fmt.Fprintln(out, "There are no keys. parley keys create makes one.")
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tNAME\tSCOPES\tCREATED\tSTATE")
	for _, k := range list {
		state := "works"
		switch {
		case !k.Revoked.IsZero():
			state = "revoked " + k.Revoked.Format(time.DateOnly)
		case time.Now().Before(k.Until):
			state = "works, the one before until " + k.Until.Format(time.DateTime) + " UTC"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.ID, k.Name, strings.Join(k.Scopes, ","), k.Created.Format(time.DateOnly), state)
	}
	return w.Flush()
}

type keysRotateCmd struct {
	keyPlace
	ID    string        `arg:"" help:"The key's id (parley keys list)."`
	Grace time.Duration `default:"24h" help:"How long the old secret works on."`
}

// Run prints the new key to standard output.
func (c *keysRotateCmd) Run(context.Context) error { return c.run(os.Stdout, os.Stderr) }

func (c *keysRotateCmd) run(out, notes io.Writer) error {
	keys, err := c.open()
	if err != nil {
		return err
	}
	if c.Grace < 0 {
		return fmt.Errorf("--grace: %s lies in the past; 0s ends the old secret now", c.Grace)
	}
	text, err := keys.Rotate(c.ID, c.Grace)
	if err != nil {
		return err
	}
	fmt.Fprintf(notes, "The new secret of the key %s, which cannot be shown again. The old one works for %s more.\n", c.ID, c.Grace)
	fmt.Fprintln(out, text)
	return nil
}

type keysRevokeCmd struct {
	keyPlace
	ID string `arg:"" help:"The key's id (parley keys list)."`
}

// Run says on standard output that it is done.
func (c *keysRevokeCmd) Run(context.Context) error { return c.run(os.Stdout) }

func (c *keysRevokeCmd) run(out io.Writer) error {
	keys, err := c.open()
	if err != nil {
		return err
	}
	if err := keys.Revoke(c.ID); err != nil {
		return err
	}
	fmt.Fprintf(out, "The key %s is revoked, with the tokens that it minted.\n", c.ID)
	return nil
}
