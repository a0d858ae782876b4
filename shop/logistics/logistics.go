// Package logistics knows how a shop's parcels travel: by which mode, from which
// warehouse, at what price, in how many days, and after what silence one is late or
// lost. It is data, which a shop may replace, and pure functions over it.
package logistics

import (
	_ "embed"
	"fmt"
	"slices"
	"time"
	_ "time/tzdata" // the warehouses' zones, on machines that carry none

	"golang.org/x/text/currency"

	"parley/internal/yamltree"
)

// The modes of the trade.
const (
	Express           = "express"            // international express: UPS, FedEx, DHL
	OverseasWarehouse = "overseas_warehouse" // from a warehouse in the country, by local delivery
	DedicatedLine     = "dedicated_line"
	Postal            = "postal" // postal small parcel
)

// Lane is one way to a group of countries.
type Lane struct {
	Mode      string   `yaml:"mode" need:"*" enum:"express,overseas_warehouse,dedicated_line,postal" doc:"How it travels."`
	Carriers  []string `yaml:"carriers" doc:"Who carries it."`
	Warehouse string   `yaml:"warehouse" need:"*" doc:"Where it starts."`
	Zone      string   `yaml:"zone" need:"*" doc:"The warehouse's IANA time zone, such as Asia/Shanghai."`
	Countries []string `yaml:"countries" doc:"ISO 3166 codes of the countries it serves; [\"*\"] is all."`
	Price     int      `yaml:"price" min:"0" doc:"What it costs, in minor units."`
	Currency  string   `yaml:"currency" need:"*" doc:"ISO 4217 code of the price."`
	DaysMin   int      `yaml:"days_min" min:"0" max:"120" doc:"The fewest days it takes."`
	DaysMax   int      `yaml:"days_max" min:"0" max:"120" doc:"The most days it takes."`
	CutOff    int      `yaml:"cut_off" min:"0" max:"24" doc:"Hour of the warehouse's day until which an order leaves the same day."`
	LateAfter int      `yaml:"late_after" min:"1" max:"365" doc:"Days without an event after which a parcel is late."`
	LostAfter int      `yaml:"lost_after" min:"1" max:"365" doc:"Days without an event after which a parcel counts as lost."`

	zone *time.Location
}

type document struct {
	Lanes []Lane `yaml:"lanes" need:"*" doc:"The ways in which parcels travel."`
}

// Book is a shop's lanes. It does not change and is safe for use by many
// goroutines.
type Book struct {
	lanes []Lane
	codes map[string]string // of countries, by name
}

//go:embed lanes.yaml
var embedded []byte

// Default is the book that comes with the program: the four usual modes.
func Default() (*Book, error) { return Parse("lanes.yaml", embedded) }

// Parse reads a file of lanes; name stands for it in errors, which say line, column
// and what would be right.
func Parse(name string, data []byte) (*Book, error) {
	r := yamltree.New(name, yamltree.Options{Thing: "file of lanes"})
	var doc document
	if root := r.Parse(data); root != nil {
		r.Read(root, &doc)
	}
	for i := range doc.Lanes {
		l := &doc.Lanes[i]
		path := fmt.Sprintf("lanes[%d]", i)
		zone, err := time.LoadLocation(l.Zone)
		if err != nil || l.Zone == "" {
			r.FailAt(r.Place(path+".zone"), path+".zone", fmt.Sprintf("%q is no time zone; write an IANA name such as Asia/Shanghai", l.Zone))
		}
		l.zone = zone
		if unit, err := currency.ParseISO(l.Currency); l.Currency != "" && (err != nil || unit.String() != l.Currency) {
			r.FailAt(r.Place(path+".currency"), path+".currency", fmt.Sprintf("%q is no currency; write its three letters, such as SGD", l.Currency))
		}
		if l.DaysMax < l.DaysMin {
			r.FailAt(r.Place(path+".days_max"), path+".days_max", fmt.Sprintf("%d is less than days_min, %d", l.DaysMax, l.DaysMin))
		}
		if l.LostAfter < l.LateAfter {
			r.FailAt(r.Place(path+".lost_after"), path+".lost_after", fmt.Sprintf("%d is less than late_after, %d", l.LostAfter, l.LateAfter))
		}
		for j, c := range l.Countries {
			if at := fmt.Sprintf("%s.countries[%d]", path, j); c != "*" && CountryName(c) == "" {
				r.FailAt(r.Place(at), at, fmt.Sprintf("%q is no ISO 3166 code; write two capital letters, such as SG", c))
			}
		}
	}
	if errs := r.Errors(); len(errs) > 0 {
		return nil, errs
	}
	return &Book{doc.Lanes, countryCodes()}, nil
}

// To are the lanes to a country, by its ISO code, the fastest first. A mode that
// names the country hides the same mode for all countries.
func (b *Book) To(code string) []Lane {
	var found []Lane
	named := make(map[string]bool)
	for _, l := range b.lanes {
		if slices.Contains(l.Countries, code) {
			found = append(found, l)
			named[l.Mode] = true
		}
	}
	for _, l := range b.lanes {
		if slices.Contains(l.Countries, "*") && !named[l.Mode] {
			found = append(found, l)
		}
	}
	slices.SortStableFunc(found, func(a, b Lane) int { return a.DaysMax - b.DaysMax })
	return found
}

// Lane is that of a mode to a country; where there is none, that of the mode to
// anywhere; false when nobody offers the mode.
func (b *Book) Lane(mode, code string) (Lane, bool) {
	for _, l := range b.To(code) {
		if l.Mode == mode {
			return l, true
		}
	}
	i := slices.IndexFunc(b.lanes, func(l Lane) bool { return l.Mode == mode })
	if i < 0 {
		return Lane{}, false
	}
	return b.lanes[i], true
}

// Estimate is the first and the last day on which something ordered at a moment
// should arrive, as midnights in the customer's zone. An order after the cut-off of
// the warehouse leaves the next day, and none leaves on a Sunday.
func (l Lane) Estimate(ordered time.Time, customer *time.Location) (from, to time.Time) {
	leaves := ordered.In(l.zone)
	if leaves.Hour() >= l.CutOff {
		leaves = leaves.AddDate(0, 0, 1)
	}
	if leaves.Weekday() == time.Sunday {
		leaves = leaves.AddDate(0, 0, 1)
	}
	day := func(n int) time.Time {
		return time.Date(leaves.Year(), leaves.Month(), leaves.Day()+n, 0, 0, 0, 0, customer)
	}
	return day(l.DaysMin), day(l.DaysMax)
}

// CutOffTime is the cut-off as a clock shows it: "15:00".
func (l Lane) CutOffTime() string { return fmt.Sprintf("%02d:00", l.CutOff) }
