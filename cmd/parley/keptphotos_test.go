package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/config"
	"parley/shop"
)

// broken is a photo of something, with a place in it that nobody should learn.
func broken(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 300, 200))
	for y := range 200 {
		for x := range 300 {
			img.SetRGBA(x, y, color.RGBA{R: uint8(x), G: uint8(y), B: 90, A: 255})
		}
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, img, nil); err != nil {
		t.Fatal(err)
	}
	secret := "Exif\x00\x00II*\x00 home is at 1.2903, 103.8519"
	return append(append([]byte("\xff\xd8\xff\xe1\x00"+string(rune(2+len(secret)))), secret...), file.Bytes()[2:]...)
}

// TestAPhotoIsKeptWithTheReport has a shopper show what came broken and report it, and
// the shop's people look at the photo.
func TestAPhotoIsKeptWithTheReport(t *testing.T) {
	a := startAgent(t, func(*config.Config) {})
	conversation, photo := a.begin(t), broken(t)
	asked := a.showIn(t, conversation, "my parcel of order W10002 arrived damaged", photo)
	done := a.showIn(t, conversation, "yes", nil)

	data := a.engines.cfg.Shop.Data
	var out bytes.Buffer
	if err := (&shopRequestsCmd{Limit: 5, JSON: true}).run(t.Context(), filepath.Join(data, "shop.db"), &out); err != nil {
		t.Fatal(err)
	}
	var list []shop.Request
	if err := json.Unmarshal(out.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0].OrderID != "#W10002" || list[0].Kind != "damaged" || len(list[0].Photos) != 1 {
		t.Fatalf("after %q and %q: %s", asked, done, out.String())
	}
	hash := list[0].Photos[0]
	out.Reset()
	if err := (&shopRequestsCmd{Limit: 5}).run(t.Context(), filepath.Join(data, "shop.db"), &out); err != nil || !strings.Contains(out.String(), hash) {
		t.Errorf("for people: %s, %v", out.String(), err)
	}
	out.Reset()
	if err := (&shopPhotosShowCmd{Hash: hash, Data: data}).run(&out); err != nil {
		t.Fatal(err)
	}
	if kept, err := jpeg.Decode(bytes.NewReader(out.Bytes())); err != nil || kept.Bounds().Dx() != 300 {
		t.Errorf("the photo that was kept: %v", err)
	}
	if bytes.Contains(out.Bytes(), []byte("103.8519")) || bytes.Contains(out.Bytes(), []byte("Exif")) || !bytes.Contains(photo, []byte("103.8519")) {
		t.Error("the place is in the photo that was kept")
	}
	if err := (&shopPhotosDropCmd{Hash: hash, Data: data}).Run(t.Context()); err != nil {
		t.Error(err)
	}
	if err := (&shopPhotosShowCmd{Hash: hash, Data: data}).run(&out); err == nil || !strings.Contains(err.Error(), "there is no photo") {
		t.Errorf("a photo that is not there: %v", err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.url+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if metrics, err := io.ReadAll(response.Body); err != nil || !strings.Contains(string(metrics), `parley_photos_kept_total{outcome="kept"} 1`) {
		t.Errorf("the metrics do not say that a photo was kept: %v", err)
	}
}

// TestAConversationGoesOnWhereNoPhotoCanBeKept has no room for photos, and a file where
// their folder should be.
func TestAConversationGoesOnWhereNoPhotoCanBeKept(t *testing.T) {
	for name, change := range map[string]func(*testing.T, *config.Config){
		"no room":        func(_ *testing.T, c *config.Config) { c.Photos.Space = 1 },
		"none is wanted": func(_ *testing.T, c *config.Config) { c.Photos.Keep = 0 },
		"no folder": func(t *testing.T, c *config.Config) {
			if err := os.WriteFile(filepath.Join(c.Shop.Data, "photos"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := startAgent(t, func(c *config.Config) { change(t, c) })
			conversation := a.begin(t)
			if answer := a.showIn(t, conversation, "my parcel of order W10002 arrived damaged", broken(t)); answer == "" {
				t.Error("no answer")
			}
			a.showIn(t, conversation, "yes", nil)
			list, err := a.engines.store.Requests(t.Context(), 5)
			if err != nil || len(list) != 1 || len(list[0].Photos) != 0 {
				t.Errorf("%+v, %v", list, err)
			}
		})
	}
}
