package tools

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var quiet = slog.New(slog.DiscardHandler)

const addressSchema = `{"type": "object", "properties": {
	"city": {"type": "string", "pattern": "^[A-Z]", "description": "The city, such as Jakarta."},
	"lines": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
	"zip": {"type": "integer", "minimum": 1}
}, "required": ["city"], "additionalProperties": false}`

type addressArgs struct {
	City  string   `json:"city"`
	Lines []string `json:"lines"`
	Zip   int      `json:"zip"`
}

func definition(name string) Definition {
	return Definition{Name: name, Description: "For a test.", Parameters: json.RawMessage(addressSchema), Effect: Read}
}

// Builtin makes a tool of a typed function, for tests.
func Builtin[A any](def Definition, run func(context.Context, A, Call) (any, error)) Tool {
	return New(def, Func("test."+def.Name, def.Effect, run).Run())
}

// echo answers with what it was given.
func echo(_ context.Context, args addressArgs, _ Call) (any, error) { return args, nil }

func newRegistry(t testing.TB, all ...Tool) *Registry {
	t.Helper()
	r, err := NewRegistry(quiet, all...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestArguments(t *testing.T) {
	r := newRegistry(t, Builtin(definition("echo"), echo))
	for _, c := range []struct {
		arguments string
		result    string
		// parts must all be in the error's message.
		parts []string
	}{
		{arguments: `{"city":"Jakarta","zip":10110}`, result: `{"city":"Jakarta","lines":null,"zip":10110}`},
		{arguments: ` {"city":"Jakarta"} `, result: `{"city":"Jakarta","lines":null,"zip":0}`},
		{arguments: ``, parts: []string{"city is missing", "such as Jakarta"}},
		{arguments: `{}`, parts: []string{"city is missing", "such as Jakarta"}},
		{arguments: `null`, parts: []string{"the whole must be object, not null"}},
		{arguments: `{"city":7}`, parts: []string{"city must be string, not number"}},
		{arguments: `{"city":"jakarta"}`, parts: []string{`city is "jakarta"`, "^[A-Z]", "such as Jakarta"}},
		{arguments: `{"city":"Jakarta","lines":["a",2]}`, parts: []string{"lines[1] must be string, not number"}},
		{arguments: `{"city":"Jakarta","lines":["a","b","c"]}`, parts: []string{"lines", "2"}},
		{arguments: `{"city":"Jakarta","zip":0}`, parts: []string{"zip", "1"}},
		{arguments: `{"city":"Jakarta","town":"x"}`, parts: []string{`"town" is unknown`, "known are city, lines, zip"}},
		{arguments: `{"city":"Jakarta","zip":1,"city":3}`, parts: []string{"city must be string"}},
		{arguments: `{"city":"Jakarta"`, parts: []string{"not JSON"}},
		{arguments: `{"city":"Jakarta"} {}`, parts: []string{"not JSON"}},
		{arguments: `{"city":"` + strings.Repeat("A", MaxArguments) + `"}`, parts: []string{"at most 16384"}},
		{arguments: `{"city":"Jakarta","zip":99999999999999999999}`, parts: []string{"do not fit"}},
	} {
		result, err := r.Run(t.Context(), Call{Name: "echo", Arguments: json.RawMessage(c.arguments)})
		if c.parts == nil {
			if err != nil || string(result.JSON) != c.result {
				t.Errorf("%.60s: %s %v, want %s", c.arguments, result.JSON, err, c.result)
			}
			continue
		}
		said := new(Error)
		if !errors.As(err, &said) || said.Code != InvalidArguments {
			t.Errorf("%.60s: error %v, want %s", c.arguments, err, InvalidArguments)
			continue
		}
		for _, p := range c.parts {
			if !strings.Contains(said.Message, p) {
				t.Errorf("%.60s: %q does not say %q", c.arguments, said.Message, p)
			}
		}
		if len(said.Message) > 1000 {
			t.Errorf("%.60s: a message of %d bytes", c.arguments, len(said.Message))
		}
	}
}

func TestWhatIsRequired(t *testing.T) {
	private, mine := definition("private"), definition("mine")
	private.Requires = "caller.verified"
	mine.Requires = `caller.verified && args.city == "Jakarta" && conversation.turn > 1`
	r := newRegistry(t, Builtin(definition("open"), echo), Builtin(private, echo), Builtin(mine, echo))
	known := Caller{CustomerID: "demo", Verified: true}
	for _, c := range []struct {
		name, city string
		caller     Caller
		turn       int64
		code       string
		part       string
	}{
		{"open", "A", Caller{}, 1, "", ""},
		{"private", "A", known, 1, "", ""},
		{"private", "A", Caller{Staff: true}, 1, "", ""},
		{"private", "A", Caller{CustomerID: "demo"}, 1, Unverified, "e-mail"},
		{"mine", "Jakarta", known, 2, "", ""},
		{"mine", "Jakarta", known, 1, NotAllowed, "conversation.turn > 1"},
		{"mine", "Bandung", known, 2, NotAllowed, "args.city"},
		{"publish", "A", known, 1, NotFound, "mine, open, private"},
	} {
		call := Call{Name: c.name, Arguments: json.RawMessage(`{"city":"` + c.city + `"}`), Caller: c.caller, Conversation: Conversation{Turn: c.turn}}
		_, err := r.Run(t.Context(), call)
		if checked := r.Check(call); (checked == nil) != (err == nil) {
			t.Errorf("%s: Check says %v, Run %v", c.name, checked, err)
		}
		said := new(Error)
		switch {
		case c.code == "" && err != nil:
			t.Errorf("%s for %+v: %v", c.name, c.caller, err)
		case c.code != "" && (!errors.As(err, &said) || said.Code != c.code || !strings.Contains(said.Message, c.part)):
			t.Errorf("%s for %+v: %v, want %s with %q", c.name, c.caller, err, c.code, c.part)
		}
	}
}

func TestWhoWasFound(t *testing.T) {
	found := New(definition("find"), func(context.Context, Call) (any, error) {
		return Identified{Value: "demo", Caller: Caller{CustomerID: "demo", Verified: true}}, nil
	})
	r := newRegistry(t, found)
	result, err := r.Run(t.Context(), Call{Name: "find", Arguments: json.RawMessage(`{"city":"A"}`)})
	if err != nil || string(result.JSON) != `"demo"` || result.Caller == nil || result.Caller.CustomerID != "demo" {
		t.Errorf("%s %+v %v", result.JSON, result.Caller, err)
	}
}

func TestFaultsStayOurs(t *testing.T) {
	fault := errors.New("the disk is full")
	r := newRegistry(t,
		Builtin(definition("panics"), func(context.Context, addressArgs, Call) (any, error) { panic("a slip") }),
		Builtin(definition("fails"), func(context.Context, addressArgs, Call) (any, error) { return nil, fault }),
		Builtin(definition("endless"), func(context.Context, addressArgs, Call) (any, error) { return strings.Repeat("x", MaxResult), nil }),
		Builtin(definition("unmarshallable"), func(context.Context, addressArgs, Call) (any, error) { return func() {}, nil }),
		Builtin(definition("raw"), func(context.Context, addressArgs, Call) (any, error) { return json.RawMessage(`{`), nil }),
	)
	for _, name := range []string{"panics", "fails", "endless", "unmarshallable", "raw"} {
		_, err := r.Run(t.Context(), Call{Name: name, Arguments: json.RawMessage(`{"city":"A"}`)})
		if err == nil || errors.As(err, new(*Error)) {
			t.Errorf("%s: %v, want an error that no model hears", name, err)
		}
		if name == "fails" && !errors.Is(err, fault) {
			t.Errorf("%v does not wrap its cause", err)
		}
	}
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wait := func(ctx context.Context, _ addressArgs, _ Call) (any, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		short, write := definition("short"), definition("write")
		short.Timeout, write.Effect = time.Second, Write
		r := newRegistry(t, Builtin(short, wait), Builtin(write, wait))
		args := json.RawMessage(`{"city":"A"}`)
		began := time.Now()
		_, err := r.Run(t.Context(), Call{Name: "short", Arguments: args})
		if said := new(Error); !errors.As(err, &said) || said.Code != Unavailable || time.Since(began) != time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		// A read ends with its caller, and says why; a write does not.
		why := errors.New("the caller left")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(why)
		if _, err := r.Run(ctx, Call{Name: "short", Arguments: args}); !errors.Is(err, why) {
			t.Errorf("a read: %v, want %v", err, why)
		}
		began = time.Now()
		if _, err := r.Run(ctx, Call{Name: "write", Arguments: args, Key: "k"}); errors.Is(err, why) || time.Since(began) != DefaultTimeout {
			t.Errorf("a write after %s: %v", time.Since(began), err)
		}
	})
}

func TestWriteNeedsAKey(t *testing.T) {
	write := definition("write")
	write.Effect = Write
	r := newRegistry(t, Builtin(write, echo))
	if _, err := r.Run(t.Context(), Call{Name: "write", Arguments: json.RawMessage(`{"city":"A"}`)}); err == nil {
		t.Error("a write ran without a key")
	}
}

func TestDefinitionsAreChecked(t *testing.T) {
	for name, change := range map[string]func(*Definition){
		"no name": func(d *Definition) { d.Name = "" }, "no description": func(d *Definition) { d.Description = "" },
		"no effect": func(d *Definition) { d.Effect = "" }, "wrong confirm": func(d *Definition) { d.Confirm = "maybe" },
		"negative timeout": func(d *Definition) { d.Timeout = -1 }, "no schema": func(d *Definition) { d.Parameters = nil },
		"broken condition": func(d *Definition) { d.Requires = "caller." }, "no condition": func(d *Definition) { d.Requires = `"yes"` },
		"foreign condition": func(d *Definition) { d.Requires = "secrets.token == ''" },
		"broken schema":     func(d *Definition) { d.Parameters = json.RawMessage(`{"type":"object"`) },
		"wrong schema":      func(d *Definition) { d.Parameters = json.RawMessage(`{"type":"object","minProperties":"two"}`) },
		"not an object":     func(d *Definition) { d.Parameters = json.RawMessage(`{"type":"string"}`) },
	} {
		d := definition("x")
		change(&d)
		if _, err := NewRegistry(quiet, Builtin(d, echo)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := NewRegistry(quiet, Builtin(definition("x"), echo), Builtin(definition("x"), echo)); err == nil {
		t.Error("one name twice: no error")
	}
	if _, err := NewRegistry(quiet, New(definition("x"), nil)); err == nil {
		t.Error("nothing to run: no error")
	}
}

func FuzzArguments(f *testing.F) {
	for _, seed := range []string{`{"city":"Jakarta"}`, `{"city":7,"lines":[1,{"a":[]}]}`, `{"town":"\u0000"}`, `[`, `{"city":"A","zip":1e400}`} {
		f.Add([]byte(seed))
	}
	r, err := NewRegistry(quiet, Builtin(definition("echo"), echo))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, arguments []byte) {
		result, err := r.Run(t.Context(), Call{Name: "echo", Arguments: arguments})
		if err == nil && !json.Valid(result.JSON) {
			t.Errorf("%q gives %q", arguments, result.JSON)
		}
		if err != nil && !errors.As(err, new(*Error)) {
			t.Errorf("%q: %v, which no model would hear", arguments, err)
		}
	})
}

func BenchmarkRun(b *testing.B) {
	r := newRegistry(b, Builtin(definition("echo"), echo))
	call := Call{Name: "echo", Arguments: json.RawMessage(`{"city":"Jakarta","lines":["a","b"],"zip":10110}`)}
	took := make([]time.Duration, 0, 1<<20)
	b.ReportAllocs()
	for b.Loop() {
		began := time.Now()
		if _, err := r.Run(b.Context(), call); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1000, "p99-µs")
}
