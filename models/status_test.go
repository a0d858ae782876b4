package models

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestListAndVerifyNotice(t *testing.T) {
	tests := []struct {
		name         string
		harm         func(dir string) error
		list, verify State
	}{
		{"nothing", func(string) error { return nil }, Ready, Ready},
		{"a file cut short", func(dir string) error { return os.Truncate(filepath.Join(dir, "nuts/hazel"), 3) }, Damaged, Damaged},
		{"a file gone", func(dir string) error { return os.Remove(filepath.Join(dir, "nuts/hazel")) }, Damaged, Damaged},
		{"a file more", func(dir string) error { return os.WriteFile(filepath.Join(dir, "nuts/pea"), nil, 0o600) }, Damaged, Damaged},
		{"another byte", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "nuts/hazel"), []byte("hazelnuT"), 0o600)
		}, Ready, Damaged},
		{"another name", func(dir string) error {
			return os.Rename(filepath.Join(dir, "nuts/hazel"), filepath.Join(dir, "nuts/pea"))
		}, Ready, Damaged},
		{"no stamp", func(dir string) error { return os.Remove(filepath.Join(dir, stampName)) }, Stale, Stale},
		{"no folder", os.RemoveAll, Absent, Absent},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, dir := fruits(t, newIndex(t)), t.TempDir()
			if err := Fetch(t.Context(), Options{Dir: dir, Manifest: &m}); err != nil {
				t.Fatal(err)
			}
			if err := tt.harm(filepath.Join(dir, "nuts")); err != nil {
				t.Fatal(err)
			}
			if s := m.List(dir)[1]; s.State != tt.list || (s.Problem == "") != (s.State == Ready) {
				t.Errorf("List says %s: %q, want %s", s.State, s.Problem, tt.list)
			}
			list, err := m.Verify(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			if s := list[1]; s.State != tt.verify {
				t.Errorf("Verify says %s: %q, want %s", s.State, s.Problem, tt.verify)
			}
			// Whatever was wrong, a fetch puts it right; a change that keeps all
			// sizes only shows when it is verified.
			o := Options{Dir: dir, Manifest: &m, Verify: tt.list != tt.verify}
			if err := Fetch(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			wantTree(t, dir, allFruits())
		})
	}
}

func TestVerifyEndsWithItsContext(t *testing.T) {
	m, dir := fruits(t, newIndex(t)), t.TempDir()
	if err := Fetch(t.Context(), Options{Dir: dir, Manifest: &m}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	if _, err := m.Verify(ctx, dir); !errors.Is(err, why) {
		t.Errorf("got %v, want the cause", err)
	}
}
