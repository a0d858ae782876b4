package shop

import (
	"testing"
	"time"
)

// TestASearchKnowsWhatAnotherProcessBrought searches in one store while another over
// the same place takes products in and away, as an import beside a running server does.
func TestASearchKnowsWhatAnotherProcessBrought(t *testing.T) {
	for _, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) { searchBeside(t, places[name](t)) })
	}
}

func searchBeside(t *testing.T, place string) {
	a, b := openStore(t, place), openStore(t, place)
	now := noon
	a.now = func() time.Time { return now }
	find := func(query string) (names []string) {
		list, err := a.Products(t.Context(), query, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			names = append(names, p.Name)
		}
		return names
	}
	if got := find("teapot"); len(got) != 0 {
		t.Fatalf("found %q", got)
	}
	teapot := Product{ID: "t1", Name: "Teapot", Variants: []Variant{{ID: "t1v", Options: map[string]string{"color": "blue"}, Price: sgd(100), Available: true}}}
	load := func(do func(*Batch) error) {
		if err := b.Load(t.Context(), false, do); err != nil {
			t.Fatal(err)
		}
	}
	load(func(batch *Batch) error { return batch.Product(teapot) })
	if got := find("teapots"); len(got) != 1 || got[0] != "Teapot" {
		t.Errorf("found %q", got)
	}
	load(func(batch *Batch) error { return batch.dropProduct("t1") })
	if got := find("blue"); len(got) != 0 {
		t.Errorf("found %q, which is gone", got)
	}
	// Whoever writes past us is noticed in a while.
	if _, err := b.write.ExecContext(t.Context(), `INSERT INTO products (id, name, description, keywords, category) VALUES ('x', 'Samovar', '', '', '')`); err != nil {
		t.Fatal(err)
	}
	if _, err := b.write.ExecContext(t.Context(), `INSERT INTO variants (id, product_id, position, options, price_minor, currency, available) VALUES ('xv', 'x', 0, '{}', 1, 'SGD', 1)`); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * maxAge)
	if got := find("samovar"); len(got) != 1 {
		t.Errorf("found %q", got)
	}
}

func TestTheBestMatchComesFirst(t *testing.T) {
	of := func(id, name, keywords string, colours ...string) Product {
		p := Product{ID: id, Name: name, Keywords: keywords}
		for _, c := range colours {
			p.Variants = append(p.Variants, Variant{ID: id + c, Options: map[string]string{"color": c}})
		}
		return p
	}
	i := newIndex([]Product{of("1", "Cup", "mug tea", "black"), of("2", "Kettle", "tea", "black", "red"), of("3", "Tea Pot", "", "red")})
	for query, want := range map[string]string{
		"tea": "312", "black": "12", "black kettle": "2", "red tea": "321", "mugs": "1", "nothing": "", "": "123", "TEA pot": "312",
	} {
		got := ""
		for _, p := range i.find(searchWords(query), 10) {
			got += p.ID
		}
		if got != want {
			t.Errorf("%q finds %s, want %s", query, got, want)
		}
	}
	if got := i.find(searchWords("tea"), 2); len(got) != 2 {
		t.Errorf("%d found, at most 2", len(got))
	}
}
