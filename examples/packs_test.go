// Package examples holds what developers copy. Its tests keep it right.
package examples

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/tools"
	"parley/tools/file"
	"parley/tools/httptool"
)

// shape is what a platform's public API answers.
type shape struct{ Order, None, Products json.RawMessage }

// TestPacks runs every file against the recorded shape of its platform's API: it has
// to ask for the caller's own orders, with the token, and to find what is there.
func TestPacks(t *testing.T) {
	for pack, orderID := range map[string]string{"shopify": "#1001", "woocommerce": "727", "medusa": "42"} {
		t.Run(pack, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join("testdata", pack+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var recorded shape
			if err := json.Unmarshal(raw, &recorded); err != nil {
				t.Fatal(err)
			}
			var asked string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				asked = r.URL.RequestURI() + " " + string(body)
				if !strings.Contains(strings.Join([]string{r.Header.Get("Authorization"), r.Header.Get("X-Shopify-Access-Token"), r.Header.Get("X-Publishable-Api-Key")}, ""), "secret-token") {
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				answer := recorded.Order
				switch {
				case strings.Contains(asked, "products"):
					answer = recorded.Products
				case !strings.Contains(asked, "c-7"):
					answer = recorded.None
				}
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write(answer)
			}))
			t.Cleanup(server.Close)
			env := func(name string) (string, bool) {
				if strings.HasSuffix(name, "_URL") {
					return server.URL, true
				}
				return "secret-token", true
			}
			client := httptool.New(httptool.Options{Env: env})
			t.Cleanup(func() { _ = client.Close() })
			r := load(t, pack, file.Runners{HTTP: client.Tool, Env: env})
			run := func(name, arguments string, who tools.Caller) (string, error) {
				result, err := r.Run(t.Context(), tools.Call{Name: name, Arguments: json.RawMessage(arguments), Caller: who})
				return string(result.JSON), err
			}
			known, other := tools.Caller{CustomerID: "c-7", Verified: true}, tools.Caller{CustomerID: "c-8", Verified: true}
			for name, arguments := range map[string]string{"get_order_details": `{"order_id":"` + orderID + `"}`, "list_my_orders": `{}`, "search_products": `{"query":"headphones"}`} {
				if result, err := run(name, arguments, known); err != nil || !strings.Contains(result, "Headphones") {
					t.Errorf("%s: %s %v (asked for %s)", name, result, err, asked)
				}
			}
			if result, err := run("get_order_details", `{"order_id":"`+orderID+`"}`, other); err == nil || strings.Contains(result, "Headphones") {
				t.Errorf("another customer sees %s", result)
			}
			if _, err := run("get_order_details", `{"order_id":"1 OR customer_id:c-7"}`, other); err == nil {
				t.Error("a search can be put into an order's number")
			}
			if _, err := run("list_my_orders", `{}`, tools.Caller{}); err == nil {
				t.Error("somebody who is not known sees orders")
			}
		})
	}
}

// load reads a pack as the agent does.
func load(t *testing.T, pack string, runners file.Runners) *tools.Registry {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(pack, "*.yaml"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no tool files in %s (%v)", pack, err)
	}
	var list []tools.Tool
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := file.Parse(name, data, runners)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, parsed.Tool)
	}
	r, err := tools.NewRegistry(nil, list...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
