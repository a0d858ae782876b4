package policy

import (
	"errors"
	"strings"
	"testing"

	"parley/internal/yamltree"
)

func load(t testing.TB) *Book {
	t.Helper()
	b, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestReturns(t *testing.T) {
	b := load(t)
	for _, c := range []struct {
		given      Case
		rule       string
		returnable bool
		pays       string
	}{
		{Case{Country: "SG", Mode: "express", Category: "electronics", Days: 2}, "electronics", true, "customer"},
		{Case{Country: "DE", Mode: "express", Category: "electronics", Days: 20}, "eu", true, "customer"},
		{Case{Country: "MY", Mode: "overseas_warehouse", Category: "clothing", Days: 31}, "local_warehouse", false, "shop"},
		{Case{Category: "hygiene"}, "hygiene", false, ""},
		{Case{}, "standard", true, "customer"},
	} {
		got, err := b.Return(c.given)
		if err != nil || got.Rule != c.rule || got.Returnable != c.returnable || got.WhoPays != c.pays {
			t.Errorf("%+v: %+v, %v; want %s, %v, %s", c.given, got, err, c.rule, c.returnable, c.pays)
		}
	}
}

func TestProblems(t *testing.T) {
	b := load(t)
	for want, given := range map[string]Case{
		"refund": {Problem: "lost", Price: 80, DaysSilent: 20}, "investigate": {Problem: "lost", Price: 80}, "wait": {Problem: "late"},
		"replacement": {Problem: "wrong_item"}, "reship": {Problem: "late", DaysLate: 30},
	} {
		if got, err := b.Problem(given); err != nil || got.Kind != want {
			t.Errorf("%+v: %+v, %v; want %s", given, got, err, want)
		}
	}
	if _, err := b.Problem(Case{Problem: "eaten"}); !errors.Is(err, ErrNoRule) {
		t.Errorf("a problem without a rule: %v", err)
	}
}

const small = `returns:
  - id: all
    when: "true"
    returnable: true
    window_days: 10
    who_pays: shop
    refund_to: [original]
    refund_days: 3
    examples:
      - {given: {days: 10}, returnable: true}
problems:
  - id: any
    when: problem != ""
    offer: refund
    examples:
      - given: {problem: lost}
`

func TestWrongFilesSayWhereAndWhat(t *testing.T) {
	if _, err := Parse("p.yaml", []byte(small)); err != nil {
		t.Fatal(err)
	}
	for change, part := range map[[2]string]string{
		{"window_days: 10", "window_day: 10"}:                                              `p.yaml:5:5`,
		{`when: "true"`, `when: "category = 1"`}:                                           "p.yaml:3:11",
		{`when: "true"`, `when: "price"`}:                                                  "must be true or false",
		{`when: "true"`, `when: "colour == 'red'"`}:                                        "undeclared reference",
		{"offer: refund", "offer: cake"}:                                                   "p.yaml:14:12",
		{"{given: {days: 10}, returnable: true}", "{given: {days: 11}, returnable: true}"}: "gives returnable false, expected true",
		{`when: "true"`, `when: "false"`}:                                                  "no rule is about this case",
		{"id: any", "id: all"}:                                                             "there twice",
		{"window_days: 10", "window_days: ten"}:                                            "p.yaml:5:18",
		{"refund_to: [original]", "refund_to: [cash]"}:                                     `p.yaml:7:17: returns[0].refund_to[0]: "cash" is not possible`,
		{"    who_pays: shop\n", ""}:                                                       `p.yaml:2:5: returns[0]: the key "who_pays" is missing`,
		{`when: problem != ""`, `when: problem == "lost"`}:                                 "p.yaml:12:3: problems: nothing is said about a parcel that is damaged",
		{`when: "true"`, `when: days > 3`}:                                                 "returns: nothing is said about a thing of which nothing is known",
		{"    examples:\n      - given: {problem: lost}\n", ""}:                            `the key "examples" is missing`,
	} {
		_, err := Parse("p.yaml", []byte(strings.Replace(small, change[0], change[1], 1)))
		var all yamltree.Errors
		if !errors.As(err, &all) || !strings.Contains(err.Error(), part) {
			t.Errorf("%v: %v, which does not say %q", change, err, part)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	f.Fuzz(func(t *testing.T, data []byte) {
		if b, err := Parse("x", data); err == nil && b == nil {
			t.Error("neither a book nor an error")
		}
	})
}

func BenchmarkReturn(b *testing.B) {
	book := load(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := book.Return(Case{Country: "VN", Mode: "postal", Category: "home", Days: 3, Price: 20}); err != nil {
			b.Fatal(err)
		}
	}
}
