package logistics

import (
	"strings"
	"testing"
	"time"
)

func load(t testing.TB) *Book {
	t.Helper()
	b, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestTheFourModesKeepTheirPromises(t *testing.T) {
	b := load(t)
	for mode, days := range map[string][2]int{Express: {3, 7}, OverseasWarehouse: {1, 5}, DedicatedLine: {7, 15}, Postal: {15, 30}} {
		l, ok := b.Lane(mode, "SG")
		if !ok || l.DaysMin != days[0] || l.DaysMax != days[1] {
			t.Errorf("%s: %+v, want %v days", mode, l, days)
		}
	}
	if lanes := b.To("BR"); len(lanes) != 3 || lanes[0].Mode != Express {
		t.Errorf("to Brazil: %+v", lanes)
	}
	if lanes := b.To("US"); len(lanes) != 4 || lanes[0].Warehouse != "Los Angeles" {
		t.Errorf("to the United States: %+v", lanes)
	}
}

func TestEstimate(t *testing.T) {
	b := load(t)
	shenzhen := zone(t, "Asia/Shanghai")
	express, _ := b.Lane(Express, "BR")
	for _, c := range []struct {
		name     string
		ordered  time.Time
		customer string
		from, to string
	}{
		{"before the cut-off", time.Date(2026, 11, 26, 14, 59, 0, 0, shenzhen), "Asia/Singapore", "2026-11-29", "2026-12-03"},
		{"after it", time.Date(2026, 11, 26, 15, 0, 0, 0, shenzhen), "Asia/Singapore", "2026-11-30", "2026-12-04"},
		{"late on Saturday leaves on Monday", time.Date(2026, 11, 28, 20, 0, 0, 0, shenzhen), "Asia/Singapore", "2026-12-03", "2026-12-07"},
		{"over the end of the year", time.Date(2026, 12, 30, 10, 0, 0, 0, shenzhen), "Asia/Jakarta", "2027-01-02", "2027-01-06"},
		{"the warehouse's day counts", time.Date(2026, 11, 26, 23, 30, 0, 0, time.UTC), "America/Sao_Paulo", "2026-11-30", "2026-12-04"},
	} {
		from, to := express.Estimate(c.ordered, zone(t, c.customer))
		if got := from.Format(time.DateOnly) + " " + to.Format(time.DateOnly); got != c.from+" "+c.to {
			t.Errorf("%s: %s, want %s %s", c.name, got, c.from, c.to)
		}
	}
}

func TestJudge(t *testing.T) {
	b := load(t)
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	ago := func(days int) time.Time { return now.AddDate(0, 0, -days) }
	for _, c := range []struct {
		name, mode string
		parcel     Parcel
		state      string
		late       int
	}{
		{"labelled", Express, Parcel{Shipped: ago(1), ETA: ago(-3), Last: ago(1), Code: "label_created"}, Labelled, 0},
		{"on its way", Express, Parcel{Shipped: ago(3), ETA: ago(-1), Last: ago(1), Code: "departed"}, InTransit, 0},
		{"due today", Express, Parcel{ETA: now.Add(-time.Hour), Last: ago(1), Code: "arrived"}, InTransit, 0},
		{"out", Express, Parcel{ETA: now, Last: now, Code: "out_for_delivery"}, Out, 0},
		{"past its day", Express, Parcel{ETA: ago(2), Last: ago(1), Code: "arrived"}, Late, 2},
		{"due yesterday evening", Express, Parcel{ETA: now.Add(-17 * time.Hour), Last: ago(0), Code: "arrived"}, Late, 1},
		{"in the van on the day after", Express, Parcel{ETA: ago(2), Last: ago(0), Code: "out_for_delivery"}, Out, 2},
		{"in the van for days", Express, Parcel{ETA: ago(2), Last: ago(2), Code: "out_for_delivery"}, Late, 2},
		{"sent, and no event yet", Express, Parcel{Shipped: ago(1)}, InTransit, 0},
		{"an event in the future", Express, Parcel{ETA: ago(-2), Last: ago(-1), Code: "departed"}, InTransit, 0},
		{"silent", Express, Parcel{ETA: ago(-1), Last: ago(5), Code: "departed"}, Late, 0},
		{"lost", Express, Parcel{ETA: ago(9), Last: ago(16), Code: "departed"}, Lost, 9},
		{"post may be silent for longer", Postal, Parcel{ETA: ago(-5), Last: ago(14), Code: "departed"}, InTransit, 0},
		{"post lost", Postal, Parcel{ETA: ago(5), Last: ago(40), Code: "departed"}, Lost, 5},
		{"delivered late is delivered", Express, Parcel{ETA: ago(9), Delivered: ago(1), Last: ago(1), Code: "delivered"}, Delivered, 0},
		{"nothing known", Express, Parcel{}, Labelled, 0},
		{"sent, and nothing heard", DedicatedLine, Parcel{Shipped: ago(30)}, Lost, 0},
	} {
		l, _ := b.Lane(c.mode, "SG")
		if state, late := l.Judge(c.parcel, now); state != c.state || late != c.late {
			t.Errorf("%s: %s, %d days late; want %s, %d", c.name, state, late, c.state, c.late)
		}
	}
}

func TestDaysAreThoseOfTheCustomersCalendar(t *testing.T) {
	b := load(t)
	l, _ := b.Lane(Express, "SG")
	due := time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC) // six in the evening in Singapore
	now := time.Date(2026, 11, 30, 16, 30, 0, 0, time.UTC)
	for name, want := range map[string]int{"Asia/Singapore": 1, "Europe/London": 0} {
		if _, late := l.Judge(Parcel{ETA: due, Last: now, Code: "arrived"}, now.In(zone(t, name))); late != want {
			t.Errorf("in %s it is %d days late, want %d", name, late, want)
		}
	}
	for _, c := range []struct {
		from, to string
		want     int
	}{
		{"2026-11-30T23:59:00+08:00", "2026-12-01T00:01:00+08:00", 1}, {"2026-12-01T00:01:00+08:00", "2026-11-30T23:59:00+08:00", -1},
		{"2028-02-28T12:00:00Z", "2028-03-01T01:00:00Z", 2}, {"2026-03-28T12:00:00+01:00", "2026-03-30T12:00:00+02:00", 2},
	} {
		from, err := time.Parse(time.RFC3339, c.from)
		if err != nil {
			t.Fatal(err)
		}
		to, err := time.Parse(time.RFC3339, c.to)
		if err != nil {
			t.Fatal(err)
		}
		if got := DaysBetween(from, to); got != c.want {
			t.Errorf("from %s to %s: %d days, want %d", c.from, c.to, got, c.want)
		}
	}
}

func TestCountries(t *testing.T) {
	b := load(t)
	for name, code := range map[string]string{
		"SG": "SG", "sg": "SG", "Singapore": "SG", "indonesia": "ID", "印度尼西亚": "ID", "越南": "VN", "Việt Nam": "VN", "ไทย": "TH", "เวียดนาม": "VN",
		"USA": "US", "United States": "US", "UK": "GB", "Estados Unidos": "US", "Deutschland": "DE", "Amerika Serikat": "US", "Atlantis": "", "": "",
		"the Netherlands": "NL", "U.S.A.": "US", "IDN": "ID", "thai lan": "TH", "duc": "DE", "Đức": "DE", "nhat ban": "JP", "ญี่ปุ่น": "JP", "السعودية": "SA", "臺灣": "TW", "Hàn Quốc": "KR",
		"Côte d’Ivoire": "CI", "cote d'ivoire": "CI", "Niger": "NE", "Nigeria": "NG", "Guinea": "GN", "缅甸": "MM", "Myanmar": "MM", "Georgia": "GE", "EU": "", "001": "", "\xff": "", "XX": "", "ZZ": "",
	} {
		if got := b.Code(name); got != code {
			t.Errorf("%q is %q, want %q", name, got, code)
		}
	}
	if CountryName("VN") != "Vietnam" || CountryName("HK") != "Hong Kong" {
		t.Errorf("%q %q", CountryName("VN"), CountryName("HK"))
	}
}

func TestWrongLanesSayWhereAndWhat(t *testing.T) {
	const lane = "lanes:\n  - {mode: express, warehouse: S, zone: Asia/Shanghai, countries: [SG], currency: SGD, days_min: 3, days_max: 7, cut_off: 15, late_after: 4, lost_after: 9}\n"
	if _, err := Parse("l.yaml", []byte(lane)); err != nil {
		t.Fatal(err)
	}
	for change, part := range map[[2]string]string{
		{"mode: express", "mode: rocket"}:   "l.yaml:2:",
		{"Asia/Shanghai", "Asia/Nowhere"}:   "Asia/Nowhere",
		{"days_max: 7", "days_max: 2"}:      "less than days_min",
		{"lost_after: 9", "lost_after: 2"}:  "less than late_after",
		{"[SG]", "[Singapur]"}:              "ISO 3166",
		{"cut_off: 15", "cut_of: 15"}:       "cut_of",
		{"currency: SGD, ", ""}:             "currency",
		{"currency: SGD", "currency: euro"}: `l.yaml:2:83: lanes[0].currency: "euro" is no currency`,
	} {
		_, err := Parse("l.yaml", []byte(strings.Replace(lane, change[0], change[1], 1)))
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v: %v, which does not say %q", change, err, part)
		}
	}
}

func FuzzCode(f *testing.F) {
	b := load(f)
	f.Add("Indonesia")
	f.Fuzz(func(t *testing.T, text string) {
		if code := b.Code(text); code != "" && CountryName(code) == "" {
			t.Errorf("%q is %s", text, code)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("lanes: [{mode: postal}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if b, err := Parse("x", data); err == nil && b == nil {
			t.Error("neither a book nor an error")
		}
	})
}

func BenchmarkDefault(b *testing.B) {
	for b.Loop() {
		if _, err := Default(); err != nil {
			b.Fatal(err)
		}
	}
}
