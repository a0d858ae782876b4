// Command dashboard writes deploy/grafana/parley.json anew from the metrics in the code.
// Run it at the root of the repository: go run ./internal/dashboard/cmd/dashboard
package main

import (
	"fmt"
	"os"

	"parley/internal/dashboard"
)

func main() {
	if err := run("deploy/grafana/parley.json"); err != nil {
		fmt.Fprintln(os.Stderr, "dashboard:", err)
		os.Exit(1)
	}
}

func run(file string) error {
	metrics, err := dashboard.Gather(os.DirFS("."))
	if err != nil {
		return err
	}
	made, err := dashboard.Make(metrics)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, made, 0o644); err != nil {
		return fmt.Errorf("writing the dashboard: %w", err)
	}
	return nil
}
