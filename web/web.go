// Package web holds the shopper's page, and the element that puts the same
// conversation on a shop's own pages: plain files, no build step.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed static
var static embed.FS

// page is one file, ready to be sent.
type page struct {
	body []byte
	kind string
	tag  string
}

// Handler serves the page and what belongs to it.
func Handler() (http.Handler, error) {
	pages := make(map[string]page)
	err := fs.WalkDir(static, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := static.ReadFile(name)
		if err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		sum := sha256.Sum256(body)
		pages[strings.TrimPrefix(name, "static")] = page{body, kindOf(name), `"` + hex.EncodeToString(sum[:8]) + `"`}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("loading the page: %w", err)
	}
	pages["/"] = pages["/index.html"]
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := pages[r.URL.Path]
		if !ok {
			http.Error(w, "There is nothing here.", http.StatusNotFound)
			return
		}
		h := w.Header()
		h.Set("Content-Type", p.kind)
		h.Set("ETag", p.tag)
		h.Set("Cache-Control", "no-cache") // asked again each time, answered with 304
		// The element on another origin's page fetches them; they are the same for all.
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(p.body))
	}), nil
}

// kindOf does not ask the machine's own tables, which differ.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".ts":
		return "application/typescript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".html":
		return "text/html; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	default:
		return mime.TypeByExtension(path.Ext(name))
	}
}
