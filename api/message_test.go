package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"parley/llm"
)

// labels are eyes that find what is written in a file, and know no file "bad".
type labels struct{}

func (labels) Look(_ context.Context, files [][]byte) ([]llm.Image, error) {
	var images []llm.Image
	for _, f := range files {
		if string(f) == "bad" {
			return nil, badPhoto{}
		}
		images = append(images, llm.Image{MediaType: "image/jpeg", Data: f, Found: &llm.Found{Match: llm.MatchCertain, Products: []llm.FoundProduct{{Name: string(f)}}}})
	}
	return images, nil
}

type badPhoto struct{}

func (badPhoto) Error() string { return "broken" }
func (badPhoto) PhotoStatus() (int, string) {
	return http.StatusUnprocessableEntity, "that is no photo"
}

// form makes a form of fields, of which those named photo are files.
func form(t *testing.T, fields ...string) (kind, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		create := w.CreateFormField
		if fields[i] == "photo" {
			create = func(name string) (io.Writer, error) { return w.CreateFormFile(name, "p.jpg") }
		}
		part, err := create(fields[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(fields[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

func TestPhotosInMessages(t *testing.T) {
	const js = "application/json"
	d := newDesk(t, 4, func(c *Config) { c.Eyes = labels{} })
	defer d.close(t)
	if w := d.do(t.Context(), "POST", "/v1/conversations", "", ""); w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	lamp := base64.StdEncoding.EncodeToString([]byte("lamp"))
	large := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("x"), 200<<10))
	formOf := func(fields ...string) [2]string { k, b := form(t, fields...); return [2]string{k, b} }
	for name, c := range map[string]struct {
		sent    [2]string // content type and body
		status  int
		want    string
		problem string
	}{
		"base64":           {[2]string{js, `{"text":"this?","photos":["` + lamp + `"]}`}, 200, `"text":"this?","source":"text","language":"en","images":[{"match":"certain","products":[{"name":"lamp"}]}]`, ""},
		"data URL":         {[2]string{js, `{"photos":["data:image/jpeg;base64,` + lamp + `"]}`}, 200, `"products":[{"name":"lamp"}]`, ""},
		"as OpenAI has it": {[2]string{js, `{"content":[{"type":"input_text","text":"this?"},{"type":"input_image","image_url":"data:image/png;base64,` + lamp + `"}]}`}, 200, `"text":"this?"`, ""},
		"large":            {[2]string{js, `{"photos":["` + large + `"]}`}, 200, "turn.ended", ""},
		"form":             {formOf("text", "this?", "photo", "kettle", "photo", "lamp"), 200, `[{"name":"kettle"}]},{"match":"certain","products":[{"name":"lamp"}]`, ""},
		"form, photo only": {formOf("photo", "kettle"), 200, `"name":"kettle"`, ""},
		"form of nothing":  {formOf(), 422, "empty", "bad-text"},
		"no photo":         {formOf("photo", "bad"), 422, "That is no photo", "bad-photo"},
		"five photos":      {formOf("photo", "1", "photo", "2", "photo", "3", "photo", "4", "photo", "5"), 422, "at most 4", "bad-photo"},
		"not base64":       {[2]string{js, `{"photos":["%%%"]}`}, 422, "Photo 1", "bad-photo"},
		"from elsewhere":   {[2]string{js, `{"photos":["http://169.254.169.254/latest"]}`}, 422, "not fetched", "bad-photo"},
		"other content":    {[2]string{js, `{"content":[{"type":"input_audio"}]}`}, 422, "input_audio", "bad-content"},
		"other field":      {formOf("customer_id", "someone"), 422, "customer_id", "bad-form"},
		"no boundary":      {[2]string{"multipart/form-data", "x"}, 400, "boundary", "bad-form"},
		"a broken form":    {[2]string{"multipart/form-data; boundary=b", "--b\r\nx"}, 400, "form", "bad-form"},
		"photo too large":  {formOf("photo", strings.Repeat("x", maxPhoto+1)), 413, fmt.Sprint(maxPhoto), "too-large"},
		"all too large":    {[2]string{js, `{"text":"` + strings.Repeat("x", maxPhotos) + `"}`}, 413, fmt.Sprint(maxPhotos), "too-large"},
	} {
		t.Run(name, func(t *testing.T) {
			check(t, d.do(t.Context(), "POST", "/v1/conversations/c1/messages", c.sent[0], c.sent[1]).Result(), c.status, c.want, c.problem)
		})
	}
	if len(d.photos) != 0 {
		t.Errorf("%d places are still taken", len(d.photos))
	}
}

func TestNoPhotosWithoutEyes(t *testing.T) {
	d := newDesk(t, 4, same)
	defer d.close(t)
	d.do(t.Context(), "POST", "/v1/conversations", "", "")
	kind, body := form(t, "photo", "lamp")
	check(t, d.do(t.Context(), "POST", "/v1/conversations/c1/messages", kind, body).Result(), 422, "no photos", "bad-photo")
	kind, body = form(t, "photo", strings.Repeat("x", maxMessage))
	check(t, d.do(t.Context(), "POST", "/v1/conversations/c1/messages", kind, body).Result(), 413, "65536", "too-large")
}

func FuzzReadMessage(f *testing.F) {
	kind, body := "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"p\"\r\n\r\nx\r\n--b--\r\n"
	f.Add(kind, body)
	f.Add("application/json", `{"text":"a","photos":["eA=="],"content":[{"type":"input_image","image_url":"data:;base64,eA=="}]}`)
	f.Fuzz(func(t *testing.T, kind, body string) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		m, err := readMessage(httptest.NewRecorder(), r, maxMessage)
		if err != nil && asProblem(err) == nil {
			t.Errorf("%v is no answer for a client", err)
		}
		if raw, e := json.Marshal(m.text); e != nil || len(raw) > 8*maxMessage {
			t.Errorf("%d bytes of text, %v", len(raw), e)
		}
	})
}
