package access

import (
	"container/list"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Bounds limit one key, customer or address. 0 is no bound.
type Bounds struct {
	// Calls is how many conversations may run at once.
	Calls int
	// CallsMinute is how many may begin in a minute, Requests how many requests.
	CallsMinute, Requests int
	// Day is how long conversations may last together in a day (UTC).
	Day time.Duration
	// Bytes is how much may be sent in a day.
	Bytes int64
}

// Exceeded says that a limit was reached.
type Exceeded struct {
	// Of is "key", "customer", "address" or "server"; What names the limit.
	Of, What string
	// Retry is when to try again.
	Retry time.Duration
}

func (e *Exceeded) Error() string {
	return fmt.Sprintf("access: the %s has reached its limit of %s; try again in %s", e.Of, e.What, e.Retry.Round(time.Second))
}

// Who is to be limited; an empty one is not.
type Who struct{ Key, Customer, Address string }

// Limits count what keys, customers and addresses take. Each kind is remembered
// apart from the others, so that a flood of addresses makes nobody's day forgotten
// but addresses'. It is safe for many goroutines.
type Limits struct {
	mu    sync.Mutex
	kinds [3]ledger
}

// maxAccounts bounds the memory of each kind: the account that was used least
// lately makes room, unless a conversation of it runs. About 400 bytes each.
const maxAccounts = 20_000

// busyRetry is when to try again once a conversation has ended, which nobody knows.
const busyRetry = 5 * time.Second

// NewLimits makes limits.
func NewLimits(key, customer, address Bounds) *Limits {
	l := &Limits{}
	for i, k := range []struct {
		name string
		Bounds
	}{{"customer", customer}, {"address", address}, {"key", key}} {
		l.kinds[i] = ledger{name: k.name, bounds: k.Bounds, accounts: make(map[string]*list.Element)}
	}
	return l
}

// ledger has the accounts of one kind.
type ledger struct {
	name     string
	bounds   Bounds
	accounts map[string]*list.Element // of *account
	recent   list.List                // the latest used in front
}

type account struct {
	id              string
	calls, requests *rate.Limiter // nil without a bound
	running         int
	day             time.Time // when the day began that the rest counts
	used            time.Duration
	started         time.Duration // the sum of when those running began, since day
	bytes           int64
}

// perMinute is a token bucket that holds a minute's worth.
func perMinute(n int) *rate.Limiter {
	if n <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Every(time.Minute/time.Duration(n)), n)
}

// account finds or makes an account; nil when all the room is taken by running ones.
func (l *ledger) account(id string, now time.Time) *account {
	if e := l.accounts[id]; e != nil {
		l.recent.MoveToFront(e)
		a := e.Value.(*account)
		a.turnDay(now)
		return a
	}
	if len(l.accounts) >= maxAccounts {
		oldest := l.recent.Back()
		for range 100 { // a bounded look for one that does not run
			if oldest == nil || oldest.Value.(*account).running == 0 {
				break
			}
			oldest = oldest.Prev()
		}
		if oldest == nil || oldest.Value.(*account).running > 0 {
			return nil
		}
		delete(l.accounts, oldest.Value.(*account).id)
		l.recent.Remove(oldest)
	}
	a := &account{id: id, calls: perMinute(l.bounds.CallsMinute), requests: perMinute(l.bounds.Requests), day: dayOf(now)}
	l.accounts[id] = l.recent.PushFront(a)
	return a
}

func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// turnDay starts a new day: what runs counts from midnight on.
func (a *account) turnDay(now time.Time) {
	if today := dayOf(now); today.After(a.day) {
		a.day, a.used, a.started, a.bytes = today, 0, 0, 0
	}
}

// spent is how long conversations have lasted today, those under way included.
func (a *account) spent(now time.Time) time.Duration {
	return a.used + time.Duration(a.running)*now.Sub(a.day) - a.started
}

// wait takes one from a bucket, or says how long until there is one.
func wait(r *rate.Limiter, now time.Time) time.Duration {
	if r == nil || r.AllowN(now, 1) {
		return 0
	}
	missing := 1 - r.TokensAt(now)
	return max(time.Duration(missing/float64(r.Limit())*float64(time.Second)), time.Millisecond)
}

// each visits the accounts of who until one has exceeded something: the customer's
// before those that others share, so that a customer who is refused takes nothing
// from the others.
func (l *Limits) each(who Who, now time.Time, visit func(*ledger, *account) *Exceeded) error {
	for i, id := range []string{who.Customer, who.Address, who.Key} {
		if id == "" {
			continue
		}
		k := &l.kinds[i]
		a := k.account(id, now)
		if a == nil {
			return &Exceeded{"server", "callers at once", busyRetry}
		}
		if e := visit(k, a); e != nil {
			e.Of = k.name
			return e
		}
	}
	return nil
}

// Request counts a request with a body of n bytes (0 if that is not known; see
// Sent). The error is an [*Exceeded].
func (l *Limits) Request(who Who, n int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	return l.each(who, now, func(k *ledger, a *account) *Exceeded {
		if k.bounds.Bytes > 0 && a.bytes+n > k.bounds.Bytes {
			return &Exceeded{What: fmt.Sprintf("%d bytes a day", k.bounds.Bytes), Retry: a.day.Add(24 * time.Hour).Sub(now)}
		}
		if d := wait(a.requests, now); d > 0 {
			return &Exceeded{What: fmt.Sprintf("%d requests a minute", k.bounds.Requests), Retry: d}
		}
		return nil
	})
}

// Sent counts bytes that came in.
func (l *Limits) Sent(who Who, n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.each(who, time.Now(), func(_ *ledger, a *account) *Exceeded { // nothing exceeds here
		a.bytes += n
		return nil
	})
}

// Begin counts a conversation until release. The error is an [*Exceeded].
func (l *Limits) Begin(who Who) (release func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	// All are asked before any is charged.
	err = l.each(who, now, func(k *ledger, a *account) *Exceeded {
		switch b := k.bounds; {
		case b.Calls > 0 && a.running >= b.Calls:
			return &Exceeded{What: fmt.Sprintf("%d conversations at once", b.Calls), Retry: busyRetry}
		case b.Day > 0 && a.spent(now) >= b.Day:
			return &Exceeded{What: fmt.Sprintf("%s of conversation a day", b.Day), Retry: a.day.Add(24 * time.Hour).Sub(now)}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = l.each(who, now, func(k *ledger, a *account) *Exceeded {
		if d := wait(a.calls, now); d > 0 {
			return &Exceeded{What: fmt.Sprintf("%d conversations a minute", k.bounds.CallsMinute), Retry: d}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var held []*account
	_ = l.each(who, now, func(_ *ledger, a *account) *Exceeded {
		a.running++
		a.started += now.Sub(a.day)
		held = append(held, a)
		return nil
	})
	return sync.OnceFunc(func() { l.end(held, now) }), nil
}

func (l *Limits) end(held []*account, began time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for _, a := range held {
		a.turnDay(now)
		from := max(began.Sub(a.day), 0) // one that ran over midnight counts from there
		a.used += now.Sub(a.day) - from
		a.started -= from
		a.running--
	}
}
