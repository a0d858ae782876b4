package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tau2 is a file of τ²-bench's retail domain, which lies beside the repository or
// where PARLEY_TAU2 says.
func tau2(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("PARLEY_TAU2")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "tau2-retail")
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("PARLEY_TEST_ALL") == "1" {
			t.Fatalf("τ²-bench's retail data is missing: %v; name its folder in PARLEY_TAU2", err)
		}
		t.Skipf("τ²-bench's retail data is missing: %v; name its folder in PARLEY_TAU2", err)
	}
	return path
}

func replayed(t *testing.T, gold string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	r, err := newReplay(t.Context(), tau2(t, "db.json"), &out)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	err = r.all(t.Context(), gold)
	return out.String(), err
}

func TestReplayOfTheGoldTasks(t *testing.T) {
	out, err := replayed(t, tau2(t, "gold_train.json"))
	if err != nil || out != "replayed 74 tasks, 365 calls, 0 differences\n" {
		t.Errorf("%v\n%s", err, out)
	}
}

// A replay that finds nothing where there is something would be worth nothing.
func TestReplayFindsDifferences(t *testing.T) {
	data, err := os.ReadFile(tau2(t, "gold_train.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tasks map[string]map[string]any
	if err := json.Unmarshal(data, &tasks); err != nil {
		t.Fatal(err)
	}
	call := func(task string, i int) map[string]any { return tasks[task]["calls"].([]any)[i].(map[string]any) }
	call("0", 0)["result"] = "someone_else"
	call("2", 1)["error"] = "Order not found"
	call("3", 2)["result"] = nil
	orders := func(task string) map[string]any {
		return tasks[task]["changed"].(map[string]any)["orders"].(map[string]any)
	}
	orders("1")["#W2378156"].(map[string]any)["exchange_price_difference"] = -13.45
	delete(orders("6"), "#W6390527")
	path := filepath.Join(t.TempDir(), "gold.json")
	if data, err = json.Marshal(map[string]any{"0": tasks["0"], "1": tasks["1"], "2": tasks["2"], "3": tasks["3"], "6": tasks["6"]}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := replayed(t, path)
	if code, ok := errors.AsType[exitCode](err); !ok || code != 1 {
		t.Errorf("ended with %v, want exit status 1", err)
	}
	for _, part := range []string{
		`task 0, call 1 (find_user_id_by_name_zip): result: want "someone_else", got "yusuf_rossi_9620"`,
		`task 1: changed.orders.#W2378156.exchange_price_difference: want -13.45, got -13.46`,
		`task 2, call 2`, `task 3, call 3`,
		`task 6: changed.orders.#W6390527: want nothing, got`,
		"replayed 5 tasks",
	} {
		if !strings.Contains(out, part) {
			t.Errorf("no %q in\n%s", part, out)
		}
	}
}
