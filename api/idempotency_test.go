package api

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestIdempotencyKeys(t *testing.T) {
	g := newGate(t, same)
	defer g.close(t)
	ann, bob := g.mint(t, `{"customer":"ann"}`), g.mint(t, `{"customer":"bob"}`)
	ids := make([]string, 10)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() { ids[i] = g.converse(t, ann, "Idempotency-Key", "first") })
	}
	all.Wait()
	if ids = slices.Compact(ids); len(ids) != 1 || g.host.Count() != 1 {
		t.Errorf("%q, %d conversations", ids, g.host.Count())
	}
	if id := g.converse(t, bob, "Idempotency-Key", "first"); id == ids[0] {
		t.Error("another customer's key gave ann's conversation")
	}
	if id := g.converse(t, ann, "Idempotency-Key", "second"); id == ids[0] {
		t.Error("another key gave the same conversation")
	}
	g.converse(t, ann)
	check(t, g.ask("POST", "/v1/conversations", ann, "", "Idempotency-Key", "third").Result(), 429, "", "limit")
	check(t, g.ask("DELETE", "/v1/conversations/"+ids[0], ann, "").Result(), 204, "", "")
	eventually(t, "a try that failed to be tried again", func() bool {
		return g.ask("POST", "/v1/conversations", ann, "", "Idempotency-Key", "third").Code == 201
	})
}

func TestIdempotencyKeysAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &idempotent{}
		n := 0
		next := func() (string, error) { n++; return "c", nil }
		for range maxIdempotent + 10 {
			if _, err := i.do(t.Context(), "", fmt.Sprint(n), next); err != nil {
				t.Fatal(err)
			}
		}
		if len(i.known) > maxIdempotent || i.order.Len() != len(i.known) {
			t.Errorf("%d are remembered", len(i.known))
		}
		<-time.After(keepIdempotent + 1)
		if _, err := i.do(t.Context(), "", "new", next); err != nil || len(i.known) != 1 {
			t.Errorf("%d are remembered after a day", len(i.known))
		}
	})
}
