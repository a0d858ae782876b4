package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"parley/models"
	"parley/photo"
	"parley/photo/match"
	"parley/shop"
)

// shopPhotosCmd looks after what customers' photos are compared with, and after those.
type shopPhotosCmd struct {
	Index shopPhotosIndexCmd `cmd:"" help:"Take in the photos of what the shop sells, so that customers' photos are recognised. A running server takes up the result."`
	Show  shopPhotosShowCmd  `cmd:"" help:"Print a photo that a customer sent, as JPEG: parley shop photos show HASH > photo.jpg"`
	Drop  shopPhotosDropCmd  `cmd:"" help:"Delete a photo that a customer sent, before its time, as when they ask for that."`
}

// shopPhotosIndexCmd indexes the photos of the store's products.
type shopPhotosIndexCmd struct {
	From string `placeholder:"DIR" help:"A folder of photos named by the product's or item's id, such as 5104.jpg or 5104-back.jpg; without it, the photos that the products name."`
	Data string `placeholder:"DIR" help:"The folder with the shop's data, where the index is kept; without it, the user's data folder."`
	DSN  string `name:"dsn" placeholder:"DSN" help:"A store in PostgreSQL, such as postgres://user@host/shop."`
}

// Run indexes what is new, and says what there is now.
func (c *shopPhotosIndexCmd) Run(ctx context.Context) error {
	return c.run(ctx, filepath.Join(models.Dir(), filepath.FromSlash(photoNetwork)), os.Stdout, os.Stderr)
}

func (c *shopPhotosIndexCmd) run(ctx context.Context, model string, out io.Writer, progress *os.File) (err error) {
	file, err := shopFile(c.Data)
	if err != nil {
		return err
	}
	place := file
	if c.DSN != "" {
		place = c.DSN
	}
	store, err := shop.Open(ctx, place, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	network, err := match.LoadNetwork(model, match.Options{})
	if err != nil {
		return fetchFirst("the network for photos", err)
	}
	defer func() { err = errors.Join(err, network.Close()) }()
	path := photoIndexFile(file)
	index, err := match.Load(path, network)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, match.ErrOtherIndex) {
		index = match.NewIndex(network)
	} else if err != nil {
		return err
	}
	sold, err := store.Products(ctx, "", maxIndexed)
	if err != nil {
		return err
	}
	files, err := c.files(ctx, store, filepath.Dir(file), sold)
	if err != nil {
		return err
	}
	added, faults, err := indexPhotos(ctx, index, sold, files, progress)
	if err != nil {
		return err
	}
	for _, fault := range faults {
		fmt.Fprintln(progress, fault)
	}
	if err := index.Save(path); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d products have photos in %s, %d of them new or changed.\n", index.Len(), path, added)
	if without := len(sold) - index.Len(); without > 0 {
		fmt.Fprintf(out, "%d products have no photo that can be used, and will not be recognised.\n", without)
	}
	return nil
}

// maxIndexed bounds the products of an index.
const maxIndexed = 100_000

// photoName is a file's name: an id, then perhaps a sign and more.
var photoName = regexp.MustCompile(`(?i)^(.+?)([-_. ][^.]*)?\.(jpe?g|png|webp)$`)

// files are the photo files of each product, by its id, sorted.
func (c *shopPhotosIndexCmd) files(ctx context.Context, store *shop.Store, data string, sold []shop.Product) (map[string][]string, error) {
	files := make(map[string][]string)
	if c.From == "" {
		for _, known := range sold {
			p, err := store.Product(ctx, known.ID)
			if err != nil {
				return nil, err
			}
			for _, f := range p.Photos {
				path := f.Path
				if !filepath.IsAbs(path) {
					path = filepath.Join(data, filepath.FromSlash(path))
				}
				if !strings.Contains(f.Path, "://") { // nothing is fetched
					files[p.ID] = append(files[p.ID], path)
				}
			}
		}
		return files, nil
	}
	owner := make(map[string]string) // of a product's or item's id
	for _, p := range sold {
		owner[strings.ToLower(p.ID)] = p.ID
		for _, v := range p.Variants {
			owner[strings.ToLower(v.ID)] = p.ID
		}
	}
	entries, err := os.ReadDir(c.From)
	if err != nil {
		return nil, fmt.Errorf("reading the folder of photos: %w", err)
	}
	for _, e := range entries {
		m := photoName.FindStringSubmatch(e.Name())
		if m == nil || e.IsDir() {
			continue
		}
		id := owner[strings.ToLower(m[1])]
		if id == "" {
			id = owner[strings.ToLower(strings.TrimSuffix(e.Name(), filepath.Ext(e.Name())))]
		}
		if id != "" {
			files[id] = append(files[id], filepath.Join(c.From, e.Name()))
		}
	}
	return files, nil
}

// indexPhotos takes in what the index does not have yet and drops what is not sold any
// more. faults are the files that are no photos.
func indexPhotos(ctx context.Context, index *match.Index, sold []shop.Product, files map[string][]string, progress *os.File) (added int, faults []string, err error) {
	bar := progressbar.DefaultSilent(int64(len(sold)))
	if isatty.IsTerminal(progress.Fd()) {
		bar = progressbar.NewOptions(len(sold), progressbar.OptionSetWriter(progress), progressbar.OptionSetDescription("Looking at photos"), progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
	}
	defer func() { _ = bar.Finish() }() // it is only drawn
	intake := photo.NewIntake(photo.Limits{})
	keep := make(map[string]bool)
	for _, p := range sold {
		_ = bar.Add(1) // it is only drawn
		var hashes []string
		var pictures []*image.RGBA
		for _, path := range files[p.ID] {
			one, err := takePhoto(ctx, intake, path)
			if ctx.Err() != nil {
				return 0, nil, context.Cause(ctx)
			}
			if err != nil {
				faults = append(faults, fmt.Sprintf("%s: %v", path, err))
				continue
			}
			if !slices.Contains(hashes, one.Hash()) {
				hashes, pictures = append(hashes, one.Hash()), append(pictures, one.Image())
			}
		}
		if len(hashes) == 0 {
			continue
		}
		keep[p.ID] = true
		product := match.Product{ID: p.ID, Name: p.Name}
		if index.Knows(product, hashes) {
			continue
		}
		if err := index.Put(ctx, product, hashes, pictures); err != nil {
			return 0, nil, err
		}
		added++
	}
	index.Keep(keep)
	return added, faults, nil
}

func takePhoto(ctx context.Context, intake *photo.Intake, path string) (*photo.Photo, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return intake.Read(ctx, f)
}
