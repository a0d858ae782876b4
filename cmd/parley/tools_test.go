package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/config"
	"parley/tools"
	"parley/tools/file"
	"parley/tools/folder"
)

// openToolShop opens shop and tools over a demo shop of its own, with a folder of
// tool files, under the default config with changes.
func openToolShop(t *testing.T, files map[string]string, changes ...func(*config.Config)) *engines {
	t.Helper()
	cfg := config.Default()
	cfg.Shop.Data, cfg.Tools.Dir = t.TempDir(), t.TempDir()
	for _, change := range changes {
		change(cfg)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(cfg.Tools.Dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e := &engines{cfg: cfg, log: slog.New(slog.DiscardHandler)}
	t.Cleanup(func() {
		if err := e.close(); err != nil {
			t.Error(err)
		}
	})
	if err := errors.Join(e.openShop(t.Context()), e.openTools(t.Context())); err != nil {
		t.Fatal(err)
	}
	return e
}

const weather = "name: weather\ndescription: The weather.\neffect: read\nsay: {start: {en: One moment., id: Sebentar.}, failed: {en: Sorry.}}\n" +
	"parameters: {type: object, properties: {city: {type: string}}, required: [city]}\nrun: {http: {method: GET, url: 'https://weather.example/{{ city }}'}}\n"

func TestToolsCheck(t *testing.T) {
	dir := t.TempDir()
	save := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := save("weather.yaml", weather)
	save("secret.yaml", strings.NewReplacer("name: weather", "name: secret", "method: GET", "method: GET, headers: {A: '${NO_SUCH}'}").Replace(weather))
	check := func(paths ...string) (string, string, error) {
		var out, faults bytes.Buffer
		err := (&toolsCheckCmd{Paths: paths}).check(t.Context(), file.Runners{Env: func(string) (string, bool) { return "", false }}, &out, &faults)
		return out.String(), faults.String(), err
	}
	out, faults, err := check(dir)
	if err != nil || out != "2 tools are right.\n" || !strings.Contains(faults, "secret.yaml:6:40: run.http.headers.A: the environment variable NO_SUCH is not set (a warning") {
		t.Errorf("%q, %q, %v", out, faults, err)
	}
	if out, _, err := check(good); err != nil || out != "1 tool is right.\n" {
		t.Errorf("%q, %v", out, err)
	}
	bad := save("bad.yaml", "name: weather\neffect: raed\n")
	save("twice.yml", weather)
	for _, paths := range [][]string{{dir}, {good, bad}} {
		out, faults, err = check(paths...)
		if code, ok := errors.AsType[exitCode](err); !ok || code != 1 || out != "" || !strings.Contains(faults, bad+`:2:9: effect: "raed" is not possible; did you mean "read"?`) {
			t.Errorf("%q, %q, %v", out, faults, err)
		}
	}
	if _, faults, _ = check(dir); !strings.Contains(faults, "twice.yml:1:7: name: the tool \"weather\" is also in "+good+":1:7") {
		t.Error(faults)
	}
	if _, _, err := check(filepath.Join(dir, "none.yaml")); err == nil || !strings.Contains(err.Error(), "none.yaml") {
		t.Error(err)
	}
}

func TestToolsListAndShow(t *testing.T) {
	e := openToolShop(t, map[string]string{"weather.yaml": weather})
	var out bytes.Buffer
	if err := printTools(&out, e.tools); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), filepath.Join(e.cfg.Tools.Dir, "weather.yaml")+" (http GET)") || !strings.Contains(out.String(), "list_my_orders") {
		t.Error(out.String())
	}
	if err := noTool("wether", e.tools); !strings.Contains(err.Error(), "weather") {
		t.Error(err)
	}
}

func TestToolsTry(t *testing.T) {
	e := openToolShop(t, map[string]string{"weather.yaml": weather})
	try := func(c toolsTryCmd) trial {
		t.Helper()
		tried, err := c.try(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		return tried
	}
	got := try(toolsTryCmd{Name: "get_order_details", Arguments: []string{"order_id=W10002"}, As: "demo"})
	if !got.OK || !strings.Contains(string(got.Seen), `W10002`) || got.Kept {
		t.Errorf("got %+v", got)
	}
	got = try(toolsTryCmd{Name: "get_order_details", As: "demo"})
	var failure tools.Failure
	if err := json.Unmarshal(got.Seen, &failure); err != nil || got.OK || failure.Error.Code != tools.InvalidArguments {
		t.Errorf("got %+v, %v", got, err)
	}
	got = try(toolsTryCmd{Name: "weather", Arguments: []string{"city=Bandung"}, Lang: "id-ID"})
	var out bytes.Buffer
	if err := printTrial(&out, got); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"weather (read) {\"city\":\"Bandung\"}", "says     Sebentar.", "says     Sorry.", "refused", `"code": "unavailable"`, `"say": "Sorry."`} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("no %s in\n%s", part, out.String())
		}
	}
	for _, c := range []toolsTryCmd{{Name: "wether"}, {Name: "weather", As: "nobody"}, {Name: "weather", Arguments: []string{"Bandung"}}} {
		if tried, err := c.try(t.Context(), e); err == nil {
			t.Errorf("%+v gives %+v", c, tried)
		}
	}
}

func TestOnlyWhatRollsBackIsTriedWithoutCommit(t *testing.T) {
	for runs, want := range map[string]bool{"builtin shop.cancel_order": true, "http POST": true, "mcp carrier track": false, "": false} {
		if got := rollsBack(runs); got != want {
			t.Errorf("%q: %t", runs, got)
		}
	}
	e := openToolShop(t, map[string]string{"claim.yaml": "name: claim\ndescription: d\neffect: write\nconfirm: heard\nrun: {mcp: {server: s, tool: t}}\n"}, func(cfg *config.Config) {
		cfg.Tools.MCP = map[string]config.MCPServer{"s": {Command: []string{"false"}}}
	})
	c := toolsTryCmd{Name: "claim"}
	if _, err := c.try(t.Context(), e); err == nil || !strings.Contains(err.Error(), "--commit") {
		t.Errorf("got %v", err)
	}
	c.Commit = true
	if tried, err := c.try(t.Context(), e); err != nil || tried.OK || !tried.Confirm || tried.Kept { // the server ends at once
		t.Errorf("got %+v, %v", tried, err)
	}
}

func TestReadArguments(t *testing.T) {
	const schema = `{"type":"object","properties":{"s":{"type":"string"},"n":{"type":"integer"},"f":{"type":["number","null"]},"b":{"type":"boolean"},
		"l":{"type":"array","items":{"type":"string"}},"i":{"type":"array","items":{"type":"integer"}},"o":{"type":"object"},"any":{}}}`
	for _, tc := range []struct{ in, want string }{
		{"", `{}`}, {"s=a=b", `{"s":"a=b"}`}, {"s=", `{"s":""}`}, {"s=12", `{"s":"12"}`}, {"n=12", `{"n":12}`}, {"f=1.5", `{"f":1.5}`}, {"f=null", `{"f":null}`}, {"b=true", `{"b":true}`},
		{"l=a,b", `{"l":["a","b"]}`}, {"l=[\"a,b\"]", `{"l":["a,b"]}`}, {"l=1", `{"l":["1"]}`}, {"l=", `{"l":[]}`}, {"i=1, 2", `{"i":[1,2]}`}, {`o={"a":1}`, `{"o":{"a":1}}`}, {"any=x", `{"any":"x"}`}, {"new=1", `{"new":"1"}`},
		{"n=many", "error"}, {"n=", "error"}, {"b=perhaps", "error"}, {"i=a", "error"}, {"o=a", "error"}, {"l=[a", "error"}, {"s", "error"}, {"=1", "error"}, {"n=1 n=2", "error"},
	} {
		pairs := strings.Fields(tc.in)
		if tc.in == "i=1, 2" {
			pairs = []string{tc.in}
		}
		got, err := readArguments(pairs, json.RawMessage(schema))
		if (err != nil) != (tc.want == "error") || err == nil && string(got) != tc.want {
			t.Errorf("%q: %s, %v; want %s", tc.in, got, err, tc.want)
		}
	}
}

// TestToolFilesInTheProgram finds the folder's tools in a conversation, and broken
// files where people look for what is wrong.
func TestToolFilesInTheProgram(t *testing.T) {
	e := openToolShop(t, map[string]string{"weather.yaml": weather})
	names := func(set tools.Set) (all []string) {
		for _, d := range set.Definitions(tools.Caller{}) {
			all = append(all, d.Name)
		}
		return all
	}
	began := e.textConversation()
	if !slices.Contains(names(began.Engines.Tools), "weather") {
		t.Fatalf("no weather in %v", names(began.Engines.Tools))
	}
	if got := e.toolFiles(); got.Loaded != len(names(began.Engines.Tools)) || got.Broken != 0 {
		t.Errorf("metrics %+v", got)
	}
	got := brokenTools(folder.Status{Broken: []folder.Broken{{File: "a.yaml", Err: errors.New("a.yaml:1:2: wrong\na.yaml:3:4: too"), Held: true}, {File: "/etc/b.yaml", Err: errors.New("/etc/b.yaml:1:1: x")}}})
	if len(got) != 2 || got[0] != "a tool file is broken, and its last good version is in force: a.yaml:1:2: wrong" || got[1] != "a tool file is broken, and it is left out: b.yaml:1:1: x" {
		t.Errorf("got %q", got)
	}
}
