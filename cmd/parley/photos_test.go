package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/jpeg"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/image/draw"

	"parley/config"
	"parley/models/modeltest"
)

// TestAPhotoIsAnswered indexes photos of products, and asks the agent about other
// pictures of them and of something else.
func TestAPhotoIsAnswered(t *testing.T) {
	model := modeltest.Path(t, photoNetwork)
	photos, err := filepath.Glob(modeltest.Path(t, "product-photos/images") + "/*.jpg")
	if err != nil || len(photos) < 4 {
		t.Fatalf("%d photos, %v", len(photos), err)
	}
	slices.Sort(photos)
	a := startAgent(t, func(*config.Config) {})
	from := t.TempDir()
	for i, name := range []string{"5106.jpg", "510101-black.jpg", "5108 mat.jpg"} {
		data, err := os.ReadFile(photos[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(from, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(from, "5109.png"), []byte("no photo"), 0o600); err != nil {
		t.Fatal(err)
	}
	quiet, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	defer quiet.Close()
	for _, want := range []string{"3 products have photos", "0 of them new or changed"} { // the second time there is nothing to do
		var out bytes.Buffer
		c := shopPhotosIndexCmd{From: from, Data: a.engines.cfg.Shop.Data}
		if err := c.run(t.Context(), model, &out, quiet); err != nil || !strings.Contains(out.String(), want) {
			t.Fatalf("%q, %v", out.String(), err)
		}
	}
	if said, err := os.ReadFile(quiet.Name()); err != nil || !strings.Contains(string(said), "5109.png") {
		t.Errorf("the file that is no photo: %q, %v", said, err)
	}

	var slow []time.Duration
	for _, c := range []struct{ photo, text, want string }{
		{photos[0], "is this in stock?", "desk lamp"},
		{photos[1], "I want to return this, it came broken", "headphones"},
		{photos[2], "", "yoga mat"},
		{photos[3], "", "don't recognise the photo"},
	} {
		begin := time.Now()
		if got := a.show(t, c.text, smaller(t, c.photo)); !strings.Contains(got, c.want) {
			t.Errorf("%q about %s is answered %q", c.text, filepath.Base(c.photo), got)
		}
		slow = append(slow, time.Since(begin).Round(time.Millisecond))
	}
	t.Logf("photos were answered in %v", slow)
}

// smaller is a photo cut and made small, as another picture of the same.
func smaller(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, 480, 480*b.Dy()/b.Dx()))
	draw.BiLinear.Scale(out, out.Rect, img, b.Inset(b.Dx()/12), draw.Src, nil)
	return packed(t, out)
}

// packed is a picture as a camera packs it.
func packed(t *testing.T, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 70}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// show sends a photo in a conversation of its own and gives the answer.
func (a *shopAgent) show(t *testing.T, text string, photo []byte) string {
	t.Helper()
	return a.showIn(t, a.begin(t), text, photo)
}

// begin begins a conversation and gives its id.
func (a *shopAgent) begin(t *testing.T) string {
	t.Helper()
	var begun struct{ ID string }
	if err := json.NewDecoder(a.post(t, "/v1/conversations", "application/json", nil).Body).Decode(&begun); err != nil {
		t.Fatal(err)
	}
	return begun.ID
}

func (a *shopAgent) post(t *testing.T, path, kind string, body io.Reader) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", kind)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// showIn sends a photo, or words alone for nil, in a conversation and gives the answer.
func (a *shopAgent) showIn(t *testing.T, conversation, text string, photo []byte) string {
	t.Helper()
	var form bytes.Buffer
	var err error
	w := multipart.NewWriter(&form)
	if photo != nil {
		var part io.Writer
		if part, err = w.CreateFormFile("photo", "photo.jpg"); err == nil {
			_, err = part.Write(photo)
		}
	}
	if err == nil && text != "" {
		err = w.WriteField("text", text)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(a.post(t, "/v1/conversations/"+conversation+"/messages", w.FormDataContentType(), &form).Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(answer), "\n") {
		var e struct{ Type, Text string }
		if data, ok := strings.CutPrefix(line, "data: "); ok && json.Unmarshal([]byte(data), &e) == nil && e.Type == "reply.done" {
			return e.Text
		}
	}
	t.Errorf("no answer in %s", answer)
	return ""
}
