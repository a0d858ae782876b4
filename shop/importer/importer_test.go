package importer

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/shop"
	"parley/tools"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	productsCSV = `product_id,name,description,category,keywords,photos,item_id,price,currency,available,option.size,option.color,stock.SG
5104,Rain Jacket,A light jacket.,clothing,coat raincoat,jacket.jpg|back.jpg,510401,89.00,SGD,yes,S,navy,4
5104,,,,,,510402,89.00,SGD,,M,navy,0
5109,Power Bank,,electronics,,,510901,45,SGD,,,black,
`
	ordersCSV = `order_id,customer_id,status,placed_at,first_name,last_name,email,time_zone,address1,address2,city,state,country,zip,payment_method_id,payment_source,item_id,quantity,price,currency,tracking_id,carrier,mode,shipped_at,eta,delivered_at
1001,c7,processed,2026-11-20T10:00:00+08:00,Ann,Lee,ann@example.com,Asia/Singapore,1 Road,,Singapore,,Singapore,018956,card_1,credit_card,510401,1,89.00,SGD,PX1,Parcel Express,express,2026-11-21,2026-11-26,
1001,,,,,,,,,,,,,,,,510901,2,,,,,,,,
`
)

func open(t testing.TB) *shop.Store {
	t.Helper()
	s, err := shop.Open(t.Context(), shop.Memory, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// take imports a text.
func take(t testing.TB, s *shop.Store, name, text string, o Options) (Report, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Import(t.Context(), s, path, o)
}

func TestCSV(t *testing.T) {
	s := open(t)
	for range 2 { // the same file again changes nothing
		steps := 0
		r, err := take(t, s, "products.csv", "\ufeff"+productsCSV, Options{Progress: func(done, total int) {
			if steps++; done != steps || total != 2 {
				t.Errorf("%d of %d at step %d", done, total, steps)
			}
		}})
		if err != nil || r != (Report{Format: CSV, Products: 2}) || steps != 2 {
			t.Fatalf("%+v, %v", r, err)
		}
		if r, err = take(t, s, "orders.csv", ordersCSV, Options{}); err != nil || r != (Report{Format: CSV, Customers: 1, Orders: 1}) {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	p, err := s.Product(t.Context(), "5104")
	if err != nil || len(p.Variants) != 2 || !p.Variants[0].Available || p.Variants[1].Available || p.Variants[0].Options["color"] != "navy" || len(p.Photos) != 2 ||
		p.Variants[0].Price != (shop.Money{Minor: 8900, Currency: "SGD"}) || p.Variants[0].Stock["SG"] != 4 {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err = s.Product(t.Context(), "5109"); err != nil || !p.Variants[0].Available || p.Variants[0].Stock != nil {
		t.Errorf("uncounted stock: %+v, %v", p, err)
	}
	o := order(t, s, "1001")
	if o.CustomerID != "c7" || len(o.Lines) != 3 || o.Lines[2].Name != "Power Bank" || o.Lines[2].Price.Minor != 4500 || o.Payments[0].Amount.Minor != 17900 ||
		o.PlacedAt.UTC().Hour() != 2 || len(o.Fulfilments) != 1 || o.Fulfilments[0].Parcels[0].Mode != shop.Express || len(o.Fulfilments[0].ItemIDs) != 1 {
		t.Errorf("%+v", o)
	}
}

// staff sees all orders.
var staff = tools.Caller{Staff: true}

// cancel cancels an order as its customer.
func cancel(t *testing.T, s *shop.Store, customer, id string) {
	t.Helper()
	r, err := tools.NewRegistry(slog.New(slog.DiscardHandler), s.Tools()...)
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Run(t.Context(), tools.Call{Name: "cancel_pending_order", Arguments: json.RawMessage(`{"order_id":"` + id + `","reason":"no longer needed"}`),
		Caller: tools.Caller{CustomerID: customer, Verified: true}, Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
}

// order is an order as the shop's own people see it.
func order(t *testing.T, s *shop.Store, id string) shop.Order {
	t.Helper()
	o, err := s.Order(t.Context(), staff, shop.OrderID(id))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestSpreadsheetsOfOtherCountries(t *testing.T) {
	s := open(t)
	if _, err := take(t, s, "p.csv", "product_id;name;item_id;price\r\n1;\"Größe, \"\"weit\"\"\";11;5\r\n", Options{Currency: "EUR"}); err != nil {
		t.Fatal(err)
	}
	if p, err := s.Product(t.Context(), "1"); err != nil || p.Name != `Größe, "weit"` || p.Variants[0].Price.Currency != "EUR" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestJSON(t *testing.T) {
	s := open(t)
	r, err := take(t, s, "shop.json", `{"products": [{"product_id": "1", "name": "Mug", "variants": [{"item_id": "11", "price": 5.5, "currency": "USD", "options": {"color": "red"}, "stock": {"SG": 0}}]}],
		"customers": [{"customer_id": "c", "first_name": "Ann", "last_name": "Lee", "email": "a@example.com", "payment_methods": [{"id": "g", "source": "gift_card", "balance": 10, "currency": "USD"}]}],
		"orders": [{"order_id": "7", "customer_id": "c", "status": "delivered", "currency": "USD", "items": [{"item_id": "11", "quantity": 2}],
			"payments": [{"type": "payment", "amount": 11, "payment_method_id": "g"}],
			"fulfillments": [{"item_ids": ["11", "11"], "parcels": [{"tracking_id": "T", "mode": "postal", "delivered_at": "2026-11-20", "events": [{"at": "2026-11-19", "code": "departed", "place": "X"}]}]}]}]}`, Options{})
	if err != nil || r != (Report{Format: JSON, Products: 1, Customers: 1, Orders: 1}) {
		t.Fatalf("%+v, %v", r, err)
	}
	if p, err := s.Product(t.Context(), "1"); err != nil || p.Variants[0].Available {
		t.Errorf("%+v, %v", p, err)
	}
	if o := order(t, s, "7"); len(o.Lines) != 2 || o.Fulfilments[0].Parcels[0].Events[0].Place != "X" {
		t.Errorf("%+v", o)
	}
	if r, err := take(t, s, "list.json", `[{"product_id": "2", "name": "Cup", "variants": [{"item_id": "21", "price": "3"}]}]`, Options{Currency: "USD"}); err != nil || r.Products != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestTau2(t *testing.T) {
	path := filepath.Join("..", "..", "..", "shared", "tau2-retail", "db.json")
	if _, err := os.Stat(path); err != nil {
		t.Skip("the retail store of τ²-bench is not here: ", err)
	}
	s := open(t)
	r, err := Import(t.Context(), s, path, Options{})
	if err != nil || r.Format != Tau2 || r.Orders != 1000 || r.Products != 50 || r.Customers != 500 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestWhatIsWrong gives each kind of fault its line, its column, and what would be
// right; and whatever is wrong, nothing comes in.
func TestWhatIsWrong(t *testing.T) {
	product := func(row string) string { return "product_id,name,item_id,price,currency,available,stock.SG\n" + row }
	ordered := func(row string) string {
		return "order_id,customer_id,status,item_id,price,quantity,mode,tracking_id,placed_at,first_name,time_zone,payment_method_id,payment_source,product_id,name,currency\n" + row
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":             {"", "header"},
		"no rows":           {product(""), "holds no products"},
		"unknown column":    {"product_id,nam,item_id,price\n", "f:1: nam: the column is not known; there are product_id, name"},
		"column twice":      {"product_id,name,item_id,price,price\n", "f:1: price: the column is there twice"},
		"column missing":    {"product_id,name,item_id\n", "f:1: price: the column is missing"},
		"too few cells":     {product("1,Mug\n"), "f:2: wrong number of fields; the header has 7 columns"},
		"open quote":        {product("1,\"Mug,11,5,SGD,,\n"), "f:"},
		"no id":             {product(",Mug,11,5,SGD,,\n"), "f:2: product_id: it is empty"},
		"bad price":         {product("1,Mug,11,five,SGD,,\n"), "f:2: price: "},
		"negative price":    {product("1,Mug,11,-5,SGD,,\n"), "f:2: price: "},
		"no currency":       {product("1,Mug,11,5,,,\n"), "f:2: currency: it is missing; write a currency such as SGD"},
		"bad currency":      {product("1,Mug,11,5,XXQ,,\n"), `f:2: currency: "XXQ" is no currency`},
		"neither yes nor":   {product("1,Mug,11,5,SGD,maybe,\n"), `f:2: available: "maybe" is neither yes nor no`},
		"bad stock":         {product("1,Mug,11,5,SGD,,-1\n"), "f:2: stock.SG: "},
		"item twice":        {product("1,Mug,11,5,SGD,,\n1,,11,5,SGD,,\n"), "f:3: item_id: item \"11\" is in line 2 too"},
		"two names":         {product("1,Mug,11,5,SGD,,\n1,Cup,12,5,SGD,,\n"), `f:3: name: product 1 is called "Mug" above and "Cup" here`},
		"bad status":        {ordered("1,c,sent,11,5,1,,,,A,,,,p,N,SGD\n"), `f:2: status: "sent" is not known; it is one of pending, processed`},
		"bad quantity":      {ordered("1,c,pending,11,5,0,,,,A,,,,p,N,SGD\n"), "f:2: quantity: "},
		"huge quantity":     {ordered("1,c,pending,11,5,9999,,,,A,,,,p,N,SGD\n"), "f:2: quantity: 9999 is over 1000; write several rows"},
		"bad mode":          {ordered("1,c,pending,11,5,1,ship,T,,A,,,,p,N,SGD\n"), `f:2: mode: "ship" is not known`},
		"bad time":          {ordered("1,c,pending,11,5,1,,,20/11/2026,A,,,,p,N,SGD\n"), `f:2: placed_at: "20/11/2026" is no time; write 2026-11-20T10:00:00+08:00`},
		"bad zone":          {ordered("1,c,pending,11,5,1,,,,A,Singapore/Asia,,,p,N,SGD\n"), `f:2: time_zone: "Singapore/Asia" is no time zone`},
		"bad source":        {ordered("1,c,pending,11,5,1,,,,A,,m,cash,p,N,SGD\n"), `f:2: payment_source: "cash" is not known`},
		"unknown customer":  {ordered("1,c,pending,11,5,1,,,,,,,,p,N,SGD\n"), `f:2: customer_id: there is no customer "c", neither in this file nor in the store`},
		"unknown item":      {ordered("1,c,pending,11,,1,,,,A,,,,,,SGD\n"), `f:2: item_id: there is no item "11", neither in this file nor in the store`},
		"other status":      {ordered("1,c,pending,11,5,1,,,,A,,,,p,N,SGD\n1,,delivered,12,5,1,,,,,,,,p,N,\n"), `f:3: status: order #1 has "pending" above and "delivered" here`},
		"not UTF-8":         {"product_id,name\n1,\xff\n", "f:2: not UTF-8; save the file as UTF-8"},
		"binary":            {"PK\x00\x01", "NUL"},
		"JSON cut":          {`{"products": [{"product_id": "1"`, "ends too early"},
		"JSON broken":       {"{\n\"products\": [}", "f:2: not valid JSON"},
		"JSON unknown key":  {"{\n\"goods\": []}", `f:2: the key "goods" is not known; there are products, customers and orders`},
		"JSON no array":     {`{"products": {}}`, "f:1: products: it must be an array"},
		"JSON goes on":      {`[] []`, "goes on after its end"},
		"JSON unknown":      {"[{\"product_id\": \"1\",\n\"nme\": \"Mug\"}]", "f:2: nme: the field is not known"},
		"JSON wrong type":   {"[{\"product_id\": \"1\",\n\"name\": 5}]", "f:2: name: it is a number and must be a string"},
		"JSON missing":      {`[{"product_id": "1", "variants": [{"item_id": "a", "price": 1, "currency": "SGD"}]}]`, "f:1: name: it is missing"},
		"JSON no variant":   {`[{"product_id": "1", "name": "Mug"}]`, "f:1: variants: it is missing"},
		"JSON no price":     {`[{"product_id": "1", "name": "Mug", "variants": [{"item_id": "a", "currency": "SGD"}]}]`, "f:1: variants[0].price: "},
		"JSON below zero":   {`[{"product_id": "1", "name": "Mug", "variants": [{"item_id": "a", "price": 1, "currency": "SGD", "stock": {"SG": -1}}]}]`, "variants[0].stock.SG: -1 is below 0"},
		"good, then broken": {productsCSV + "9,Bad,91,x,SGD,,,,\n", "f:5: "},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			before, err := s.Empty(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, err = take(t, s, "f", c.text, Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v\nwant %s", err, c.want)
			}
			if after, err := s.Empty(t.Context()); err != nil || after != before {
				t.Errorf("something came in: %t, %v", after, err)
			}
		})
	}
}

func TestAllThatIsWrongIsTold(t *testing.T) {
	_, err := take(t, open(t), "f", "product_id,name,item_id,price,currency\n"+strings.Repeat(",,,,\n", 60), Options{})
	wrong, ok := errors.AsType[Errors](err)
	if !ok || len(wrong) < 120 || !strings.Contains(err.Error(), "f:2: ") || !strings.HasSuffix(err.Error(), " more") {
		t.Errorf("%d: %.300v", len(wrong), err)
	}
}

func TestWhatAToolHasChangedStays(t *testing.T) {
	s := open(t)
	for _, text := range []string{productsCSV, strings.Replace(ordersCSV, "processed", "pending", 1)} {
		if _, err := take(t, s, "f", text, Options{}); err != nil {
			t.Fatal(err)
		}
	}
	cancel(t, s, "c7", "1001")
	again := strings.Replace(ordersCSV, "processed", "pending", 1)
	if r, err := take(t, s, "f", again, Options{}); err != nil || r.Left == 0 || order(t, s, "1001").Status != shop.Cancelled {
		t.Errorf("%+v, %v: the order is %s", r, err, order(t, s, "1001").Status)
	}
	if r, err := take(t, s, "f", again, Options{Overwrite: true}); err != nil || r.Left != 0 || order(t, s, "1001").Status != shop.Pending {
		t.Errorf("%+v, %v: the order is %s", r, err, order(t, s, "1001").Status)
	}
}

// TestOwnNumbersMayBeTheDemos brings products whose numbers the demo shop has too.
func TestOwnNumbersMayBeTheDemos(t *testing.T) {
	s := open(t)
	if err := s.SeedDemo(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := take(t, s, "f", productsCSV, Options{}); err != nil {
		t.Fatal(err)
	}
	if err := s.SeedDemo(t.Context(), time.Now()); err != nil { // as at the next start
		t.Fatal(err)
	}
	list, err := s.Products(t.Context(), "", 20)
	if err != nil || len(list) != 2 || len(list[1].Variants) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestACancelledImportChangesNothing(t *testing.T) {
	s := open(t)
	path := filepath.Join(t.TempDir(), "f.csv")
	if err := os.WriteFile(path, []byte(productsCSV), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	_, err := Import(ctx, s, path, Options{Progress: func(int, int) { stop() }})
	if err == nil {
		t.Error("it went on")
	}
	if empty, err := s.Empty(t.Context()); err != nil || !empty {
		t.Errorf("empty %t, %v", empty, err)
	}
}

// TestTheDocs imports what docs/import.md shows.
func TestTheDocs(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "import.md"))
	if err != nil {
		t.Fatal(err)
	}
	s := open(t)
	n := 0
	for _, m := range regexp.MustCompile("(?s)```(csv|json)\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		n++
		if _, err := take(t, s, "docs."+m[1], m[2], Options{Currency: "SGD"}); err != nil {
			t.Errorf("%s\n%v", m[2], err)
		}
	}
	if n < 3 {
		t.Errorf("%d examples", n)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{productsCSV, ordersCSV, `{"products": [{"product_id": "1", "variants": [{"price": 1}]}]}`, `[{"order_id": "1", "items": [{}]}]`,
		`{"users": {}, "orders": {"#W1": {}}, "products": {}}`, "\ufeffa;b\n\"", "[[[["} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, format, err := Parse("f", data, Options{Currency: "SGD"})
		if format == "" || (err == nil) != (c != nil) {
			t.Errorf("%q, %v, %v", format, c, err)
		}
		if wrong, ok := errors.AsType[Errors](err); ok && (wrong[0].Line < 1 || wrong[0].Message == "") {
			t.Errorf("%+v", wrong[0])
		}
	})
}
