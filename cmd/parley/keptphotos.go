package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/mattn/go-isatty"

	"parley/photo/keep"
)

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
