package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/shop/policy"
)

func TestPolicyCheck(t *testing.T) {
	right, err := os.ReadFile("../../shop/policy/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good.yaml", right)
	bad := write("bad.yaml", bytes.Replace(right, []byte("window_days: 14"), []byte("window_days: 13"), 1))
	long := write("long.yaml", bytes.Repeat([]byte("# x\n"), policy.MaxBytes))
	for _, c := range []struct {
		files       []string
		out, faults []string
		fails       bool
	}{
		{[]string{good}, []string{good + " is right"}, nil, false},
		{[]string{bad, good}, []string{good + " is right"}, []string{bad + ":", "returns[3].examples[0]", "expected true"}, true},
		{[]string{long}, nil, []string{long + ": over 65536 bytes"}, true},
	} {
		var out, faults bytes.Buffer
		err := policyCheckCmd{c.files}.check(&out, &faults)
		var code exitCode
		if c.fails != (errors.As(err, &code) && code == 1) || !c.fails && err != nil {
			t.Errorf("%v: %v", c.files, err)
		}
		for _, part := range c.out {
			if !strings.Contains(out.String(), part) {
				t.Errorf("%v: printed %q, without %q", c.files, out.String(), part)
			}
		}
		for _, part := range c.faults {
			if !strings.Contains(faults.String(), part) {
				t.Errorf("%v: complained %q, without %q", c.files, faults.String(), part)
			}
		}
	}
	if err := run(t.Context(), []string{"policy", "check", filepath.Join(dir, "none.yaml")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if err := run(t.Context(), []string{"policy", "schema"}); err != nil {
		t.Errorf("the schema: %v", err)
	}
}
