package access

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// exceeded is the limit that was hit, nil for none.
func exceeded(t *testing.T, err error) *Exceeded {
	t.Helper()
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*Exceeded](err)
	if !ok || e.Retry <= 0 {
		t.Fatalf("no limit, or no time to try again: %v", err)
	}
	return e
}

func TestCallsAtOnce(t *testing.T) {
	l := NewLimits(Bounds{}, Bounds{Calls: 2}, Bounds{})
	ann, bob := Who{Key: "k", Customer: "ann"}, Who{Key: "k", Customer: "bob"}
	first, err := l.Begin(ann)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Begin(ann); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Begin(ann); exceeded(t, err) == nil || exceeded(t, err).Of != "customer" {
		t.Errorf("a third call: %v", err)
	}
	if _, err := l.Begin(bob); err != nil {
		t.Errorf("another customer's: %v", err)
	}
	first()
	first() // once
	if _, err := l.Begin(ann); err != nil {
		t.Errorf("after one has ended: %v", err)
	}
	if _, err := l.Begin(ann); exceeded(t, err) == nil {
		t.Error("releasing twice made room for two")
	}
}

func TestCallsAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimits(Bounds{}, Bounds{}, Bounds{CallsMinute: 6, Requests: 2})
		who := Who{Address: "192.0.2.1"}
		for range 6 {
			release, err := l.Begin(who)
			if err != nil {
				t.Fatal(err)
			}
			release()
		}
		_, err := l.Begin(who)
		e := exceeded(t, err)
		if e == nil || e.Retry > 10*time.Second {
			t.Fatalf("the seventh: %v", err)
		}
		<-time.After(e.Retry)
		if _, err := l.Begin(who); err != nil {
			t.Errorf("when it was said to be possible: %v", err)
		}
		for i := range 3 {
			if e := exceeded(t, l.Request(who, 0)); (e != nil) != (i == 2) {
				t.Errorf("request %d: %v", i+1, e)
			}
		}
	})
}

func TestADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // begins at midnight UTC
		l := NewLimits(Bounds{}, Bounds{Day: time.Hour, Bytes: 1000}, Bounds{})
		who := Who{Customer: "ann"}
		<-time.After(23 * time.Hour)
		release, err := l.Begin(who)
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(30 * time.Minute)
		if _, err := l.Begin(who); err != nil { // runs on
			t.Fatal(err)
		}
		<-time.After(15 * time.Minute) // 45 and 15 minutes
		_, err = l.Begin(who)
		if e := exceeded(t, err); e == nil || e.Retry != 15*time.Minute {
			t.Fatalf("an hour has been used, with what runs: %v", err)
		}
		l.Sent(who, 999)
		if err := l.Request(who, 2); exceeded(t, err) == nil {
			t.Error("1,001 bytes")
		}
		if err := l.Request(who, 1); err != nil {
			t.Error(err)
		}
		<-time.After(15 * time.Minute) // midnight
		if err := l.Request(who, 1000); err != nil {
			t.Errorf("on another day: %v", err)
		}
		if _, err := l.Begin(who); err != nil {
			t.Errorf("on another day: %v", err)
		}
		<-time.After(10 * time.Minute)
		release() // of three, ten minutes each of the new day
		if a := l.kinds[0].account("ann", time.Now()); a.spent(time.Now()) != 30*time.Minute {
			t.Errorf("%s have been used since midnight", a.spent(time.Now()))
		}
	})
}

// TestAFloodOfAddresses keeps memory bounded, customers' days in mind and running
// calls counted.
func TestAFloodOfAddresses(t *testing.T) {
	l := NewLimits(Bounds{}, Bounds{Bytes: 10}, Bounds{Calls: 1})
	l.Sent(Who{Customer: "ann"}, 10)
	if _, err := l.Begin(Who{Address: "192.0.2.1"}); err != nil {
		t.Fatal(err)
	}
	for i := range 3 * maxAccounts {
		if err := l.Request(Who{Address: fmt.Sprint("10.", i)}, 1); err != nil {
			t.Fatal(err)
		}
	}
	if k := &l.kinds[1]; len(k.accounts) > maxAccounts || k.recent.Len() != len(k.accounts) {
		t.Errorf("%d accounts, %d in their order", len(k.accounts), k.recent.Len())
	}
	if err := l.Request(Who{Customer: "ann"}, 1); exceeded(t, err) == nil {
		t.Error("a customer's day was forgotten")
	}
	if _, err := l.Begin(Who{Address: "192.0.2.1"}); exceeded(t, err) == nil {
		t.Error("a running call was forgotten")
	}
}

func TestLimitsAtOnce(t *testing.T) {
	l := NewLimits(Bounds{Calls: 50}, Bounds{Calls: 5}, Bounds{})
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			who := Who{Key: "k", Customer: fmt.Sprint(i % 8)}
			for range 100 {
				release, err := l.Begin(who)
				l.Sent(who, 1)
				if err == nil {
					release()
				} else if exceeded(t, err).Of != "customer" {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for _, id := range []string{"0", "7"} {
		if a := l.kinds[0].account(id, time.Now()); a.running != 0 || a.bytes != 500 {
			t.Errorf("customer %s: %+v", id, a)
		}
	}
}

// TestOneCustomerCannotUseUpAKey: what is refused to a customer is not charged to
// the key and the address, which others share.
func TestOneCustomerCannotUseUpAKey(t *testing.T) {
	shared := Bounds{Requests: 10, CallsMinute: 10}
	l := NewLimits(shared, Bounds{Requests: 2, CallsMinute: 2}, shared)
	for i, customer := range []string{"ann", "bob"} {
		served := 0
		for range 100 {
			who := Who{Key: "k", Customer: customer, Address: "192.0.2.1"}
			if l.Request(who, 0) == nil {
				served++
			}
			if release, err := l.Begin(who); err == nil {
				release()
				served++
			}
		}
		if served != 4 {
			t.Errorf("customer %d was served %d times", i+1, served)
		}
	}
}
