package match

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestAnIndexIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "photos.index")
	if _, err := Load(path, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	x := NewIndex(nil)
	view := make([]float32, featureCount)
	view[3] = 1
	x.products = []indexed{{Product: product(1), Photos: []string{"a"}, Views: [][]float32{view}}, {Product: product(2)}}
	if err := x.Save(path); err != nil {
		t.Fatal(err)
	}
	y, err := Load(path, nil)
	if err != nil || y.Len() != 2 || !y.Knows(product(1), []string{"a"}) || y.Knows(product(1), []string{"b"}) || y.Knows(Product{ID: "1"}, []string{"a"}) {
		t.Fatalf("%+v, %v", y, err)
	}
	if got := judge(y.scores([][]float32{view})); got.Kind != Certain || got.Products[0] != product(1) {
		t.Errorf("%+v", got)
	}
	y.Keep(map[string]bool{"2": true})
	if y.Len() != 1 || len(left(t, filepath.Dir(path))) != 1 {
		t.Errorf("%d products, files %v", y.Len(), left(t, filepath.Dir(path)))
	}
	if err := os.WriteFile(path, []byte("parley photo index 0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, nil); !errors.Is(err, ErrOtherIndex) {
		t.Errorf("another version: %v", err)
	}
}

func left(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestThreeAnswers(t *testing.T) {
	of := func(scores ...float32) (all []scored) {
		for i, s := range scores {
			all = append(all, scored{product(i), s})
		}
		return all
	}
	for _, c := range []struct {
		scores []scored
		kind   Kind
		names  int
	}{
		{of(0.95, 0.5), Certain, 1}, {of(0.79), Certain, 1}, {of(0.70, 0.5), Certain, 1}, {of(0.70, 0.66), Perhaps, 2}, {of(0.9, 0.895, 0.89, 0.88), Perhaps, 3},
		{of(0.65, 0.5, 0.4), Perhaps, 1}, {of(0.55, 0.2), Unknown, 0}, {nil, Unknown, 0},
	} {
		if got := judge(c.scores); got.Kind != c.kind || len(got.Products) != c.names {
			t.Errorf("%v: %+v", c.scores, got)
		}
	}
}

func FuzzReadIndex(f *testing.F) {
	f.Add([]byte(header))
	f.Add([]byte(header + "\x07\xff\x82\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		products, err := readIndex(bytes.NewReader(data))
		if err != nil && !errors.Is(err, ErrOtherIndex) {
			t.Error(err)
		}
		for _, p := range products {
			for _, v := range p.Views {
				if len(v) != featureCount {
					t.Error("a view of another length")
				}
			}
		}
	})
}
