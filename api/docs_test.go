package api

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"parley/agent"
)

// told are all kinds of events. That none is missing here, eventTypes checks.
var told = []agent.Event{
	agent.Started{}, agent.StateChanged{}, agent.SpeechStarted{}, agent.SpeechStopped{}, agent.PartialTranscript{}, agent.UserSaid{}, agent.Understood{}, agent.Overheard{}, agent.StoodAside{}, agent.CameBack{}, agent.TurnStarted{},
	agent.ReplyText{}, agent.ReplyWritten{}, agent.ReplySpoken{}, agent.ReplyDone{}, agent.Held{}, agent.Silenced{}, agent.Resumed{}, agent.CallerSilent{}, agent.CallerIdentified{}, agent.ToolStarted{}, agent.ConfirmationAsked{},
	agent.ToolFinished{}, agent.Failed{}, agent.BrainMoved{}, agent.Usage{}, agent.TurnEnded{}, agent.Ended{},
}

var ticked = regexp.MustCompile("`([^`]+)`")

// rows are the cells of the tables in the section of docs/protocols.md with this
// heading.
func rows(t *testing.T, heading string) [][]string {
	t.Helper()
	doc, err := os.ReadFile("../docs/protocols.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(doc), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("docs/protocols.md has no section %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var out [][]string
	for line := range strings.Lines(section) {
		if cells := strings.Split(strings.TrimSpace(line), "|"); len(cells) > 2 && strings.Contains(cells[1], "`") {
			out = append(out, cells[1:len(cells)-1])
		}
	}
	return out
}

// fields are the names on the wire of a struct's fields.
func fields(v any) (names []string) {
	for f := range reflect.TypeOf(v).Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "-" { // what stays inside the process
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func TestTheDocsNameEveryEvent(t *testing.T) {
	documented := map[string][2]string{} // fields, lossy
	for _, row := range rows(t, "Events") {
		for _, m := range ticked.FindAllStringSubmatch(row[0], -1) {
			var names []string
			for part := range strings.SplitSeq(row[1], ",") {
				if m := ticked.FindStringSubmatch(strings.SplitN(part, ":", 2)[0]); m != nil && !slices.Contains(names, m[1]) {
					names = append(names, m[1])
				}
			}
			slices.Sort(names)
			if before, _, values := strings.Cut(row[1], ":"); values && !strings.Contains(before, ",") {
				names = names[:0] // one field whose values follow
				names = append(names, ticked.FindStringSubmatch(before)[1])
			}
			documented[m[1]] = [2]string{fmt.Sprint(names), strings.TrimSpace(row[2])}
		}
	}
	for _, e := range told {
		lossy := ""
		if (agent.Envelope{Event: e}).Lossy() {
			lossy = "yes"
		}
		want := [2]string{fmt.Sprint(fields(e)), lossy}
		if got, ok := documented[e.Kind()]; !ok || got != want {
			t.Errorf("docs/protocols.md has %s with fields and loss %q, the code %q", e.Kind(), got, want)
		}
		delete(documented, e.Kind())
	}
	for kind := range documented {
		t.Errorf("docs/protocols.md names the event %s, which the code does not have", kind)
	}
	doc, err := os.ReadFile("../docs/protocols.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(fields(agent.Timings{}), agent.CauseDone, agent.CauseBargeIn, agent.CauseSuperseded, agent.CauseCancelled, agent.CauseLeft, agent.CauseFailed) {
		if !strings.Contains(string(doc), "`"+name+"`") {
			t.Errorf("docs/protocols.md does not name %s", name)
		}
	}
}

// The list of this test is whole: as many kinds as the source of the events has.
func TestNoEventIsForgotten(t *testing.T) {
	source, err := os.ReadFile("../agent/event.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), ") Kind() string"); n != len(told) {
		t.Errorf("agent/event.go has %d kinds of events, this test knows %d", n, len(told))
	}
}

// statuses are the names of http's constants that the API answers problems with.
var statuses = map[string]int{
	"StatusBadRequest": 400, "StatusUnauthorized": 401, "StatusForbidden": 403, "StatusNotFound": 404, "StatusMethodNotAllowed": 405, "StatusRequestTimeout": 408, "StatusConflict": 409, "StatusPreconditionFailed": 412, "StatusPreconditionRequired": 428,
	"StatusGone": 410, "StatusRequestEntityTooLarge": 413, "StatusUnsupportedMediaType": 415, "StatusUnprocessableEntity": 422, "StatusTooManyRequests": 429,
	"StatusBadGateway": 502, "StatusInternalServerError": 500, "StatusServiceUnavailable": 503,
}

// TestTheDocsNameEveryProblem compares the problems of docs/protocols.md with
// those that the source makes: problem(http.StatusX, "kind", …) and kind = "kind".
func TestTheDocsNameEveryProblem(t *testing.T) {
	documented := map[string][]int{}
	for _, row := range rows(t, "Errors") {
		var codes []int
		for _, digits := range regexp.MustCompile(`\d{3}`).FindAllString(row[1], -1) {
			code, err := strconv.Atoi(digits)
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, code)
		}
		for _, m := range ticked.FindAllStringSubmatch(row[0], -1) {
			documented[strings.TrimPrefix(m[1], "urn:parley:problem:")] = codes
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	protocols, err := filepath.Glob("*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, protocols...)
	made := map[string]bool{}
	literal := func(e ast.Expr) string {
		if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if s, err := strconv.Unquote(l.Value); err == nil {
				return s
			}
		}
		return ""
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				name := ""
				switch f := n.Fun.(type) {
				case *ast.Ident:
					name = f.Name
				case *ast.SelectorExpr: // of a protocol's package
					name = f.Sel.Name
				}
				if name != "problem" && name != "NewProblem" || len(n.Args) < 3 || literal(n.Args[1]) == "" {
					break
				}
				kind := literal(n.Args[1])
				made[kind] = true
				if s, ok := n.Args[0].(*ast.SelectorExpr); ok && !slices.Contains(documented[kind], statuses[s.Sel.Name]) {
					t.Errorf("%s is answered with %s, the docs say %v", kind, s.Sel.Name, documented[kind])
				}
			case *ast.AssignStmt:
				if v, ok := n.Lhs[0].(*ast.Ident); ok && v.Name == "kind" && len(n.Rhs) == 1 && !strings.ContainsAny(literal(n.Rhs[0]), "/.") && literal(n.Rhs[0]) != "" {
					made[literal(n.Rhs[0])] = true
				}
			}
			return true
		})
	}
	want, got := slices.Sorted(maps.Keys(documented)), slices.Sorted(maps.Keys(made))
	if !slices.Equal(want, got) {
		t.Errorf("the docs name the problems\n%v, the source makes\n%v", want, got)
	}
}
