package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"parley/config"
	"parley/photo"
	"parley/photo/heic"
	"parley/photo/keep"
	"parley/photo/look"
	"parley/photo/match"
	"parley/photo/text"
)

// photoNetwork is where a model lies among the models.
const photoNetwork = "efficientnet-lite0/efficientnet-lite0.onnx"

// openEyes prepares to look at photos and to keep them. Without the network, or an
// index of the shop's own photos, barcodes are read and nothing is recognised.
func (e *engines) openEyes(ctx context.Context, models string) error {
	store, err := shopFile(e.cfg.Shop.Data)
	if err != nil {
		return err
	}
	index := &photoIndex{path: photoIndexFile(store), log: e.log}
	index.network, err = match.LoadNetwork(filepath.Join(models, filepath.FromSlash(photoNetwork)), match.Options{})
	if err != nil {
		e.log.Info("no network for photos: barcodes alone are read in them", "err", err)
	} else {
		e.closers = append(e.closers, index.network.Close)
	}
	o := look.Options{Intake: e.intake(), Catalogue: index.current, Log: e.log}
	e.photos = e.keptPhotos(photoFolder(store))
	if e.cfg.Photos.Keep > 0 {
		o.Keeper = e.photos
	}
	if e.reader = e.openReader(ctx); e.reader != nil {
		o.Reader = e.reader
	}
	e.eyes = look.New(o)
	return nil
}

// intake takes photos, HEIC among them where that is wanted and can be read.
func (e *engines) intake() *photo.Intake {
	if e.cfg.Photos.HEIC == "off" {
		return photo.NewIntake(photo.Limits{})
	}
	converter, err := heic.Find()
	if err != nil {
		e.log.Info("HEIC photos are refused", "err", err)
		return photo.NewIntake(photo.Limits{})
	}
	return photo.NewIntakeWith(photo.Limits{}, converter)
}

// openReader finds tesseract; nil where it is not wanted or cannot be used.
func (e *engines) openReader(ctx context.Context) *text.Reader {
	if e.cfg.Photos.Text == "off" {
		return nil
	}
	reader, err := text.Find(ctx, readerOptions(e.cfg, e.log))
	if err != nil {
		e.log.Info("print in photos is not read", "err", err)
		return nil
	}
	e.closers = append(e.closers, reader.Close)
	return reader
}

// readerOptions are what the config says of print in photos.
func readerOptions(c *config.Config, log *slog.Logger) text.Options {
	languages := c.Photos.Languages
	if len(languages) == 0 {
		languages = text.Languages(c.Shop.Language, "en")
	}
	return text.Options{Languages: languages, Log: log}
}

// keptPhotos is the folder of what shoppers sent. Where nothing is to be kept it still
// deletes what was.
func (e *engines) keptPhotos(folder string) *keep.Folder {
	c := e.cfg.Photos
	return keep.New(keep.Options{
		Dir: folder, Time: c.Keep, Most: int64(c.Space), Log: e.log,
		Needed: func(ctx context.Context, hashes []string) (map[string]bool, error) {
			return e.store.PhotosNeeded(ctx, hashes, time.Now().Add(-c.Requests))
		},
	})
}

// photoFolder lies beside the store.
func photoFolder(store string) string { return filepath.Join(filepath.Dir(store), "photos") }

// photoIndexFile lies beside the store.
func photoIndexFile(store string) string { return filepath.Join(filepath.Dir(store), "photos.index") }

// photoIndex is the index of the shop's photos as the file has it, which a command may
// write anew at any time.
type photoIndex struct {
	path    string
	network *match.Network // nil without a model
	log     *slog.Logger

	mu      sync.Mutex
	looked  time.Time
	changed time.Time // of the file that was read
	index   *match.Index
}

// looksEvery bounds how long a new index is not noticed.
const looksEvery = time.Second

// current is the index, nil where there is none. A file that cannot be read leaves the
// last good one in force.
func (p *photoIndex) current() *match.Index {
	if p.network == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if now.Sub(p.looked) < looksEvery {
		return p.index
	}
	p.looked = now
	info, err := os.Stat(p.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.index, p.changed = nil, time.Time{}
		return nil
	case err != nil || info.ModTime().Equal(p.changed):
		return p.index
	}
	index, err := match.Load(p.path, p.network)
	if err != nil {
		p.log.Warn("the index of photos cannot be read", "err", err)
		return p.index
	}
	p.index, p.changed = index, info.ModTime()
	p.log.Info("photos are looked for", "products", index.Len())
	return index
}
