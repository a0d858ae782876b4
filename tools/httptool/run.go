package httptool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley/tools"
)

// tries is how often a request is made that may be made again.
const tries = 3

// run makes the request and gives the part of the answer that the file asks for.
func (t *tool) run(ctx context.Context, call tools.Call) (any, error) {
	s := newSecrets(t.client.options.Env)
	first, err := t.request(call, s)
	if err != nil {
		return nil, err
	}
	ctx = context.WithValue(ctx, listedHosts{}, append(slices.Clone(t.spec.Hosts), first.URL.Host))
	if tools.IsDryRun(ctx) && t.effect == tools.Write {
		return wouldSend(first, s), nil
	}
	breaker := t.client.breaker(first.URL.Host)
	for try := 1; ; try++ {
		if !breaker.TryAcquirePermit() {
			return nil, unavailable("The service behind this tool is down.")
		}
		answer, wait, err := t.once(ctx, call, s)
		if wait < 0 {
			breaker.RecordSuccess()
			return answer, err
		}
		breaker.RecordFailure()
		if try == tries || !t.mayRepeat(call) || !sleep(ctx, max(wait, time.Duration(try)*100*time.Millisecond)) {
			return nil, err
		}
	}
}

// mayRepeat says whether a request can be made twice without harm: a read, or a
// write whose key tells the server that it is the same.
func (t *tool) mayRepeat(call tools.Call) bool { return t.effect == tools.Read || call.Key != "" }

// sleep waits, unless the context ends before: then there is no time for another
// try.
func sleep(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// once makes the request once. A negative wait says that the answer is final, well or
// not; otherwise it may be tried again after that time.
func (t *tool) once(ctx context.Context, call tools.Call, s *secrets) (answer any, wait time.Duration, err error) {
	r, err := t.request(call, s)
	if err != nil {
		return nil, -1, err
	}
	response, err := t.http.Do(r.WithContext(ctx))
	if err != nil {
		return nil, t.patience(ctx, err), t.fault(ctx, err, s)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, t.patience(ctx, err), t.fault(ctx, err, s)
	case len(body) > maxBody:
		return nil, -1, fmt.Errorf("httptool: the answer of %s is longer than %d bytes", r.URL.Host, maxBody)
	case response.StatusCode/100 == 2:
		answer, err = t.pick(response, body, s)
		return answer, -1, err
	}
	return nil, again(response), t.refusal(response, body, s)
}

// patience is how long to wait before another try after a failure; -1 for none.
func (t *tool) patience(ctx context.Context, err error) time.Duration {
	if ctx.Err() != nil || errors.Is(err, errAddress) || errors.Is(err, errRedirect) {
		return -1
	}
	return 0
}

// fault is a failure to reach the service. Where the tool wanted to go is not
// repeated: the address may hold secrets.
func (t *tool) fault(ctx context.Context, err error, s *secrets) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, errAddress):
		return errAddress
	case errors.Is(err, errRedirect):
		return errRedirect
	}
	if inner, ok := errors.AsType[*url.Error](err); ok {
		err = inner.Err
	}
	t.client.options.Log.Warn("an HTTP tool could not reach its service", "err", s.hide(err.Error()))
	return unavailable("The service behind this tool cannot be reached.")
}

func unavailable(message string) error {
	return &tools.Error{Code: tools.Unavailable, Message: message}
}

// again is how long a server asks to wait before the request is made again; -1 when
// it would not help.
func again(r *http.Response) time.Duration {
	if r.StatusCode != http.StatusTooManyRequests && r.StatusCode < 500 {
		return -1
	}
	if seconds, err := strconv.Atoi(r.Header.Get("Retry-After")); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second
	}
	return 0
}

// refusal is what a model hears of an answer that is an error. The server's own
// words are passed on, shortened, where they are about the request.
func (t *tool) refusal(r *http.Response, body []byte, s *secrets) error {
	said := strings.TrimSpace(s.hide(strings.ToValidUTF8(string(body[:min(len(body), maxSaid)]), "")))
	about := func(code, plain string) error {
		if said != "" && isJSON(r) {
			plain += " The service says: " + said
		}
		return &tools.Error{Code: code, Message: plain}
	}
	switch r.StatusCode {
	case http.StatusNotFound, http.StatusGone:
		return about(tools.NotFound, "There is no such thing.")
	case http.StatusConflict:
		return about(tools.Conflict, "That is not possible as things stand.")
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return about(tools.InvalidArguments, "The service does not take these arguments.")
	case http.StatusTooManyRequests:
		return unavailable("The service behind this tool has too much to do now.")
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("httptool: %s refuses the tool's credentials (%d)", r.Request.URL.Host, r.StatusCode)
	}
	if r.StatusCode >= 500 {
		return unavailable("The service behind this tool has failed.")
	}
	return fmt.Errorf("httptool: %s answers %d", r.Request.URL.Host, r.StatusCode)
}

func isJSON(r *http.Response) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json"))
}

// pick takes the part of an answer that the file asks for. One node is given as it
// is, several as a list.
func (t *tool) pick(r *http.Response, body []byte, s *secrets) (any, error) {
	if r.StatusCode == http.StatusNoContent || len(body) == 0 {
		return map[string]string{"status": "done"}, nil
	}
	if !isJSON(r) {
		return nil, fmt.Errorf("httptool: %s answers with %q, not with JSON", r.Request.URL.Host, r.Header.Get("Content-Type"))
	}
	clean := []byte(s.hide(string(body)))
	var value any
	decoder := json.NewDecoder(strings.NewReader(string(clean)))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("httptool: the answer of %s is no JSON: %w", r.Request.URL.Host, err)
	}
	if t.result == nil {
		return value, nil
	}
	switch nodes := t.result.Select(value); len(nodes) {
	case 0:
		return nil, &tools.Error{Code: tools.NotFound, Message: "The service's answer has nothing of what was asked for."}
	case 1:
		return nodes[0], nil
	default:
		return []any(nodes), nil
	}
}

// wouldSend is what a write would send, without its secrets.
func wouldSend(r *http.Request, s *secrets) any {
	headers := make(map[string]string, len(r.Header))
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		headers[name] = s.hide(r.Header.Get(name))
	}
	sent := map[string]any{"method": r.Method, "url": s.hide(r.URL.String()), "headers": headers}
	if r.Body != nil {
		if body, err := io.ReadAll(r.Body); err == nil {
			sent["body"] = json.RawMessage(s.hide(string(body)))
		}
	}
	return map[string]any{"dry_run": true, "would_send": sent}
}
