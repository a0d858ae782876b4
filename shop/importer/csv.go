package importer

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"parley/shop"
)

// table is a CSV file with a header.
type table struct {
	*complaints
	header []string
}

// row is one record of a table.
type row struct {
	table *table
	line  int
	cells map[string]string
}

// The columns that need no prefix.
var (
	productColumns = []string{"product_id", "name", "description", "category", "keywords", "photos", "item_id", "price", "currency", "available"}
	orderColumns   = []string{"order_id", "customer_id", "status", "placed_at", "cancel_reason", "first_name", "last_name", "email", "time_zone",
		"address1", "address2", "city", "state", "country", "zip", "payment_method_id", "payment_source", "brand", "last_four",
		"item_id", "product_id", "name", "quantity", "price", "currency", "tracking_id", "carrier", "service", "mode", "shipped_at", "eta", "delivered_at"}
)

// The prefixes of columns whose names the shop chooses.
const (
	optionPrefix = "option."
	stockPrefix  = "stock."
)

func (c *Contents) csv(data []byte, currency string, said *complaints) {
	r := csv.NewReader(bytes.NewReader(data))
	first, _, _ := bytes.Cut(data, []byte("\n"))
	if bytes.Count(first, []byte(";")) > bytes.Count(first, []byte(",")) {
		r.Comma = ';' // what spreadsheets write in half of the world
	}
	header, err := r.Read()
	if err != nil {
		said.add(place{line: 1}, "the header with the columns' names is missing")
		return
	}
	t := &table{said, header}
	orders := slices.ContainsFunc(header, func(name string) bool { return strings.TrimSpace(name) == "order_id" })
	known, needed := productColumns, []string{"product_id", "name", "item_id", "price"}
	if orders {
		known, needed = orderColumns, []string{"order_id", "customer_id", "status", "item_id"}
	}
	if !t.checkHeader(known, needed, orders) {
		return
	}
	var all []row
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			line := 1
			if bad, ok := errors.AsType[*csv.ParseError](err); ok {
				line, err = bad.Line, bad.Err
			}
			said.add(place{line: line}, "%v; the header has %d columns", err, len(header))
			return
		}
		line, _ := r.FieldPos(0)
		cells := make(map[string]string, len(record))
		for i, cell := range record {
			cells[t.header[i]] = strings.TrimSpace(cell)
		}
		all = append(all, row{t, line, cells})
	}
	if orders {
		c.csvOrders(all, currency)
	} else {
		c.csvProducts(all, currency)
	}
}

// checkHeader finds columns that are unknown, twice there, or missing.
func (t *table) checkHeader(known, needed []string, orders bool) bool {
	before := len(t.errs)
	seen := make(map[string]bool)
	for i, name := range t.header {
		name = strings.TrimSpace(name)
		t.header[i] = name
		prefixed := strings.HasPrefix(name, optionPrefix) && len(name) > len(optionPrefix) ||
			!orders && strings.HasPrefix(name, stockPrefix) && len(name) > len(stockPrefix)
		switch {
		case seen[name]:
			t.add(place{1, name}, "the column is there twice")
		case !slices.Contains(known, name) && !prefixed:
			t.add(place{1, name}, "the column is not known; there are %s, and option.NAME such as option.size", strings.Join(known, ", "))
		}
		seen[name] = true
	}
	for _, name := range needed {
		if !seen[name] {
			t.add(place{1, name}, "the column is missing")
		}
	}
	return len(t.errs) == before
}

// at is the place of a cell.
func (r row) at(column string) place { return place{r.line, column} }

// need is a cell that must not be empty.
func (r row) need(column string) string {
	if r.cells[column] == "" {
		r.table.add(r.at(column), "it is empty")
	}
	return r.cells[column]
}

// prefixed are the cells of the columns with a prefix, by the rest of the name;
// nil when all are empty.
func (r row) prefixed(prefix string) map[string]string {
	var found map[string]string
	for column, cell := range r.cells {
		if name, ok := strings.CutPrefix(column, prefix); ok && cell != "" {
			if found == nil {
				found = make(map[string]string)
			}
			found[name] = cell
		}
	}
	return found
}

// yes reads a cell of yes or no.
func (r row) yes(column string, otherwise bool) bool {
	switch strings.ToLower(r.cells[column]) {
	case "":
		return otherwise
	case "yes", "true", "1":
		return true
	case "no", "false", "0":
		return false
	}
	r.table.add(r.at(column), "%q is neither yes nor no", r.cells[column])
	return otherwise
}

// count reads a cell with a number from least on.
func (r row) count(column, cell string, least int64) int64 {
	n, err := strconv.ParseInt(cell, 10, 32)
	if err != nil || n < least {
		r.table.add(r.at(column), "%q is no whole number from %d on", cell, least)
		return least
	}
	return n
}

func (c *Contents) csvProducts(all []row, currency string) {
	index := make(map[string]int)
	items := make(map[string]int) // item_id to line
	for _, r := range all {
		id, item := r.need("product_id"), r.need("item_id")
		i, seen := index[id]
		if !seen {
			i = len(c.Products)
			index[id] = i
			p := shop.Product{ID: id, Name: r.need("name"), Description: r.cells["description"], Category: r.cells["category"], Keywords: r.cells["keywords"]}
			for path := range strings.SplitSeq(r.cells["photos"], "|") {
				if path = strings.TrimSpace(path); path != "" {
					p.Photos = append(p.Photos, shop.Photo{Path: path})
				}
			}
			c.Products = append(c.Products, p)
		} else if name := r.cells["name"]; name != "" && name != c.Products[i].Name {
			r.table.add(r.at("name"), "product %s is called %q above and %q here", id, c.Products[i].Name, name)
		}
		if line, twice := items[item]; twice {
			r.table.add(r.at("item_id"), "item %q is in line %d too; each variant has a row and an item_id of its own", item, line)
		}
		items[item] = r.line
		v := shop.Variant{ID: item, Options: r.prefixed(optionPrefix)}
		v.Price = r.table.money(r.at("price"), r.need("price"), r.table.currency(r.at("currency"), r.cells["currency"], currency), currency)
		available := true
		stock := r.prefixed(stockPrefix)
		for _, warehouse := range slices.Sorted(maps.Keys(stock)) {
			if v.Stock == nil {
				v.Stock, available = make(map[string]int64), false
			}
			v.Stock[warehouse] = r.count(stockPrefix+warehouse, stock[warehouse], 0)
			available = available || v.Stock[warehouse] > 0
		}
		v.Available = r.yes("available", available)
		c.Products[i].Variants = append(c.Products[i].Variants, v)
	}
}
