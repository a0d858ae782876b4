package web

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"math"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// get asks the handler for a path as it stands, however strange.
func get(t *testing.T, h http.Handler, urlPath string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.URL.Path = urlPath
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func handler(t *testing.T) http.Handler {
	t.Helper()
	h, err := Handler()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestEveryFileHasItsType(t *testing.T) {
	h := handler(t)
	for urlPath, want := range map[string]string{
		"/": "text/html; charset=utf-8", "/index.html": "text/html; charset=utf-8", "/app.js": "text/javascript; charset=utf-8",
		"/style.css": "text/css; charset=utf-8", "/icon.svg": "image/svg+xml",
	} {
		r := get(t, h, urlPath)
		if got := r.Header.Get("Content-Type"); r.StatusCode != http.StatusOK || got != want {
			t.Errorf("%s is answered with %s, %q; want %q", urlPath, r.Status, got, want)
		}
	}
}

func TestAFileIsSentOnce(t *testing.T) {
	h := handler(t)
	tag := get(t, h, "/app.js").Header.Get("ETag")
	if tag == "" || tag == get(t, h, "/call.js").Header.Get("ETag") {
		t.Fatalf("the tag %q does not tell files apart", tag)
	}
	for condition, want := range map[string]int{
		tag: http.StatusNotModified, "W/" + tag: http.StatusNotModified, `"other", ` + tag: http.StatusNotModified, "*": http.StatusNotModified,
		`"other"`: http.StatusOK, "": http.StatusOK,
	} {
		r := get(t, h, "/app.js", "If-None-Match", condition)
		if r.StatusCode != want {
			t.Errorf("If-None-Match: %s is answered with %s, want %d", condition, r.Status, want)
		}
		if empty := r.StatusCode == http.StatusNotModified; empty && r.Header.Get("ETag") != tag {
			t.Errorf("a file that has not changed is answered without its tag")
		}
	}
}

func TestNothingElseIsThere(t *testing.T) {
	h := handler(t)
	for _, urlPath := range []string{
		"", "/static", "/static/app.js", "/../web.go", "/../../go.mod", "/..%2fweb.go", "/./app.js", "//app.js", "/app.js/", "/app.js\x00", "/APP.JS", "/etc/passwd", `/..\web.go`,
	} {
		if r := get(t, h, urlPath); r.StatusCode != http.StatusNotFound {
			t.Errorf("%q is answered with %s", urlPath, r.Status)
		}
	}
}

// sources are the page's files by name.
func sources(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := fs.WalkDir(static, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := static.ReadFile(name)
		all[strings.TrimPrefix(name, "static/")] = string(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// references finds the files that a file names.
var references = map[string]*regexp.Regexp{
	".html": regexp.MustCompile(`(?:src|href)="([^"]+)"`),
	".js":   regexp.MustCompile(`(?:\bfrom |\bimport\(|[\[ ])'([^' ]+\.(?:js|css|html))'`),
	".css":  regexp.MustCompile(`(?:url\(|@import\s+)["']?([^"')]+)`),
}

func TestThePageIsWhole(t *testing.T) {
	files := sources(t)
	used := map[string]bool{"index.html": true, "parley.js": true, "parley.d.ts": true} // what others name
	for name, body := range files {
		find, ok := references[path.Ext(name)]
		if !ok {
			continue
		}
		for _, m := range find.FindAllStringSubmatch(body, -1) {
			if strings.Contains(m[1], "//") {
				t.Errorf("%s takes %s from elsewhere", name, m[1])
			}
			target := path.Clean(m[1])
			if _, ok := files[target]; !ok {
				t.Errorf("%s names %s, which is not there", name, m[1])
			}
			used[target] = true
		}
	}
	for name := range files {
		if !used[name] {
			t.Errorf("nothing uses %s", name)
		}
	}
}

// What the content security policy forbids would fail only in a browser.
func TestNothingIsInline(t *testing.T) {
	forbidden := map[string]*regexp.Regexp{
		".html": regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|javascript:|<script(?:[^>]*)>\s*[^<\s]`),
		".svg":  regexp.MustCompile(`(?i)<style|\sstyle=|<script|\son[a-z]+=`),
		".js":   regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\(\s*'(?:style|on)`),
	}
	for name, body := range sources(t) {
		if find, ok := forbidden[path.Ext(name)]; ok {
			for _, found := range find.FindAllString(body, -1) {
				t.Errorf("%s holds %q", name, found)
			}
		}
	}
}

// An id that a script asks for and the page lacks would fail only when it is needed.
func TestEveryElementThatIsAskedForIsThere(t *testing.T) {
	files := sources(t)
	there := make(map[string]bool)
	for _, m := range regexp.MustCompile(`\sid="([^"]+)"`).FindAllStringSubmatch(files["index.html"], -1) {
		if there[m[1]] {
			t.Errorf("the id %q is given twice", m[1])
		}
		there[m[1]] = true
	}
	asked := regexp.MustCompile(`\$\('([^']+)'\)`).FindAllStringSubmatch(files["shopper.js"]+files["face.js"], -1)
	if len(asked) == 0 {
		t.Fatal("the scripts ask for nothing, so this test looks in the wrong place")
	}
	for _, m := range asked {
		if !there[m[1]] {
			t.Errorf("a script asks for #%s, which is not in the page", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`\s(?:for|aria-labelledby|aria-describedby)="([^"]+)"`).FindAllStringSubmatch(files["index.html"], -1) {
		if !there[m[1]] {
			t.Errorf("the page points to #%s, which is not in it", m[1])
		}
	}
}

func TestThePageAndTheElementAreSmall(t *testing.T) {
	// Over a slow mobile network well under a second.
	for entry, most := range map[string]int{"index.html": 40 << 10, "parley.js": 40 << 10} {
		files := sources(t)
		size, seen := 0, map[string]bool{}
		var add func(name string)
		add = func(name string) {
			if seen[name] {
				return
			}
			seen[name] = true
			var zipped bytes.Buffer
			w := gzip.NewWriter(&zipped)
			_, _ = w.Write([]byte(files[name])) // a buffer takes all
			_ = w.Close()
			size += zipped.Len()
			if name == "index.html" && entry != name {
				return // taken for its elements alone
			}
			for _, m := range references[path.Ext(name)].FindAllStringSubmatch(files[name], -1) {
				if references[path.Ext(m[1])] != nil {
					add(path.Clean(m[1]))
				}
			}
		}
		add(entry)
		t.Logf("%s and what it takes: %d files, %d bytes gzipped", entry, len(seen), size)
		if size > most || len(seen) < 8 {
			t.Errorf("%s and what it takes: %d files, %d bytes gzipped, more than %d", entry, len(seen), size, most)
		}
	}
}

// TestTextCanBeRead: the colours differ as WCAG 2.2 asks (1.4.3, 1.4.11), on light and dark.
func TestTextCanBeRead(t *testing.T) {
	found := regexp.MustCompile(`--([a-z-]+): var\(--parley-[a-z-]+, light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\)\)`).FindAllStringSubmatch(sources(t)["style.css"], -1)
	for scheme, at := range map[string]int{"light": 2, "dark": 3} {
		colours := make(map[string]float64)
		for _, m := range found {
			colours[m[1]] = luminance(t, m[at])
		}
		for _, c := range []struct {
			over, under string
			least       float64
		}{
			{"ink", "paper", 4.5}, {"ink", "card", 4.5}, {"ink", "mine", 4.5}, {"soft", "paper", 4.5}, {"soft", "card", 4.5}, {"soft", "mine", 4.5},
			{"on-brand", "brand", 4.5}, {"alert", "alert-paper", 4.5}, {"alert", "card", 4.5}, {"edge", "paper", 3}, {"brand", "paper", 3}, {"edge", "card", 3},
		} {
			over, under := colours[c.over], colours[c.under]
			if over == 0 && under == 0 {
				t.Fatalf("%s or %s is not among the colours", c.over, c.under)
			}
			if ratio := (max(over, under) + 0.05) / (min(over, under) + 0.05); ratio < c.least {
				t.Errorf("%s: %s on %s has a contrast of %.2f, less than %.1f", scheme, c.over, c.under, ratio, c.least)
			}
		}
	}
}

// luminance is the relative luminance of a colour after WCAG.
func luminance(t *testing.T, hex string) (sum float64) {
	t.Helper()
	rgb, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	for i, weight := range []float64{0.0722, 0.7152, 0.2126} {
		v := float64(rgb>>(8*i)&0xff) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}
