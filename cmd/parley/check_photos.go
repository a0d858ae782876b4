package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"parley/config"
	"parley/photo/heic"
	"parley/photo/text"
)

// checkReader looks for the program that reads what is printed in photos.
func checkReader(ctx context.Context, cfg *config.Config) finding {
	f := finding{Name: "print in photos", Outcome: ready}
	if cfg.Photos.Text == "off" {
		f.Detail = "not read: the config says photos: {text: off}"
		return f
	}
	ctx, cancel := context.WithTimeout(ctx, probeWait)
	defer cancel()
	reader, err := text.Find(ctx, readerOptions(cfg, slog.New(slog.DiscardHandler)))
	switch {
	case errors.Is(err, text.ErrMissing):
		f.Outcome, f.Detail = limited, "not read: tesseract is not installed. Barcodes and products are recognised without it"
		f.Advice = "install it (Debian: apt-get install tesseract-ocr), or write photos: {text: off}"
		return f
	case err != nil:
		f.Outcome, f.Detail = limited, "not read: "+err.Error()
		return f
	}
	f.Detail = fmt.Sprintf("read by tesseract, in %s", strings.Join(reader.Languages(), ", "))
	if err := reader.Close(); err != nil {
		f.Outcome, f.Detail = limited, err.Error()
	}
	return f
}

// checkHEIC looks for the program that reads iPhones' own format.
func checkHEIC(cfg *config.Config) finding {
	f := finding{Name: "HEIC photos", Outcome: ready}
	if cfg.Photos.HEIC == "off" {
		f.Detail = "refused: the config says photos: {heic: off}"
		return f
	}
	converter, err := heic.Find()
	if err != nil {
		f.Outcome, f.Detail = limited, "refused, with advice to send JPEG: "+err.Error()
		f.Advice = "install it (Debian: apt-get install libheif-examples), or write photos: {heic: off}"
		return f
	}
	f.Detail = "read by " + converter.Program()
	return f
}
