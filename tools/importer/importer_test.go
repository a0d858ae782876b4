package importer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/tools"
	"parley/tools/file"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestImport(t *testing.T) {
	for _, c := range []struct {
		file    string
		tools   []string
		skipped string // part of the reason
		parts   []string
		notes   []string
		secrets []string
	}{
		{file: "vapi.json", tools: []string{"track_parcel", "get_stock"}, skipped: "transferCall",
			parts:   []string{"effect: write", "effect: read", "https://shop.example/stock/{{ sku }}", "after: 2.5s", "timeout: 12s", "Bearer ${TRACK_PARCEL_AUTHORIZATION}", "I cannot reach the carrier.", "X-Shop: eu"},
			notes:   []string{"track_parcel", "TRACK_PARCEL_AUTHORIZATION"},
			secrets: []string{"sk-live-123456"}},
		{file: "retell.json", tools: []string{"cancel_order"}, skipped: "end_call",
			parts: []string{"args:", "{{ reason }}", "source: phone", "timeout: 8s", "I cancel it now.", "${CANCEL_ORDER_X_API_KEY}"}, notes: []string{"response_variables"}, secrets: []string{"abc123secret"}},
		{file: "elevenlabs.json", tools: []string{"order_status", "start_return"}, skipped: "client",
			parts: []string{"https://shop.example/api/orders/{{ order_id }}", "timeout: 20s", "${ORDER_STATUS_AUTHORIZATION}", "lang: \"{{ lang }}\"", "const: en", "confirm: heard"},
			notes: []string{"customer", "secret"}},
	} {
		t.Run(c.file, func(t *testing.T) {
			found, skipped, err := Read(sample(t, c.file), "")
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			var all, notes strings.Builder
			for _, tool := range found {
				names = append(names, tool.Name)
				all.Write(tool.YAML)
				notes.WriteString(strings.Join(tool.Notes, "\n"))
				parsed, err := file.Parse(tool.Name+".yaml", tool.YAML, file.Runners{})
				if err != nil {
					t.Errorf("%s is no right tool file: %v\n%s", tool.Name, err, tool.YAML)
					continue
				}
				if parsed.Tool.Effect == tools.Write && parsed.Tool.Confirm != tools.ConfirmHeard {
					t.Errorf("%s writes without asking", tool.Name)
				}
			}
			if strings.Join(names, " ") != strings.Join(c.tools, " ") {
				t.Errorf("tools %v, want %v", names, c.tools)
			}
			if len(skipped) != 1 || !strings.Contains(skipped[0].Why, c.skipped) {
				t.Errorf("left out: %v", skipped)
			}
			for _, part := range c.parts {
				if !strings.Contains(all.String(), part) {
					t.Errorf("%q is not in\n%s", part, all.String())
				}
			}
			for _, part := range c.notes {
				if !strings.Contains(notes.String(), part) {
					t.Errorf("the notes do not say %q: %s", part, notes.String())
				}
			}
			for _, secret := range c.secrets {
				if strings.Contains(all.String()+notes.String(), secret) {
					t.Errorf("the secret %q was copied", secret)
				}
			}
		})
	}
}

func TestWhatIsNoTool(t *testing.T) {
	for data, part := range map[string]string{
		`nonsense`: "no JSON", `[]`: "no tool", `"text"`: "neither an object nor a list", `{"a":1}`: "", strings.Repeat(" ", MaxBytes+1): "at most",
	} {
		found, skipped, err := Read([]byte(data), "")
		switch {
		case part == "" && (err != nil || len(skipped) != 1 || !strings.Contains(skipped[0].Why, "--from")):
			t.Errorf("%s: %v %v", data, skipped, err)
		case part != "" && (err == nil || !strings.Contains(err.Error(), part) || len(found) > 0):
			t.Errorf("%.20s: %v, want %q", data, err, part)
		}
	}
	_, skipped, err := Read([]byte(`{"type":"function","function":{"name":"x"}}`), "")
	if err != nil || len(skipped) != 1 || !strings.Contains(skipped[0].Why, "server.url") {
		t.Errorf("a function without a server: %v %v", skipped, err)
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"vapi.json", "retell.json", "elevenlabs.json"} {
		f.Add(sample(f, name), "")
	}
	f.Add([]byte(`{"type":"custom","parameters":{"properties":7},"url":"http://x/{a}"}`), Retell)
	f.Fuzz(func(t *testing.T, data []byte, from string) {
		found, _, err := Read(data, from)
		if err != nil {
			return
		}
		for _, tool := range found {
			if tool.Name == "" || len(tool.YAML) == 0 {
				t.Errorf("%q makes an empty tool", data)
			}
		}
	})
}
