package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"

	"parley/config"
	"parley/models"
)

// modelsCmd looks after the model files on this machine.
type modelsCmd struct {
	Pull modelsPullCmd `cmd:"" help:"Download the models that are not on this machine yet, and verify them."`
	List modelsListCmd `cmd:"" help:"Show the models, what each is for, and whether it is here."`
}

// modelsFor names the models that a server with this config uses. Which of them
// it cannot do without, their [models.Need] says.
func modelsFor(c *config.Config) []string {
	names := []string{"opus", "silero", "smart-turn", "efficientnet-lite0"}
	if c.ASR.Engine == config.Local && c.ASR.Dir == "" {
		names = append(names, "moonshine-tiny-en")
	}
	if c.TTS.Engine == config.Local {
		names = append(names, "espeak")
		if c.TTS.Dir == "" {
			names = append(names, "piper-en-us-joe")
		}
	}
	return names
}

// modelsPullCmd downloads models.
type modelsPullCmd struct {
	Names  []string `arg:"" optional:"" name:"name" help:"Which models; without a name, all that the server uses."`
	Config string   `placeholder:"FILE" help:"The config that the server is going to run with: what it does not use is not downloaded."`
	All    bool     `help:"All models, also those that only tests use."`
}

// Run downloads what is missing, with its progress on standard error. Without
// names, a model that only makes it better may fail to come.
func (c *modelsPullCmd) Run(ctx context.Context) error {
	names, err := c.names()
	if err != nil {
		return err
	}
	// Who names a model wants it right, whatever its stamp says.
	if err := fetchModels(ctx, models.Options{Names: names, Verify: len(c.Names) > 0 || c.All}, os.Stderr); err != nil {
		lacking, listing := models.Missing(models.Dir(), models.Required)
		lacking = slices.DeleteFunc(lacking, func(name string) bool { return !slices.Contains(names, name) })
		if len(c.Names) > 0 || c.All || listing != nil || len(lacking) > 0 || ctx.Err() != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, "Something that makes it better is not here, but it works without:", err)
	}
	fmt.Println("The models are in", models.Dir())
	return nil
}

// names are the models to download.
func (c *modelsPullCmd) names() ([]string, error) {
	if len(c.Names) > 0 {
		return c.Names, nil
	}
	if c.All {
		m, err := models.Default()
		if err != nil {
			return nil, err
		}
		var names []string
		for _, model := range m.Models {
			names = append(names, model.Name)
		}
		return names, nil
	}
	cfg := config.Default()
	if c.Config != "" {
		var err error
		if cfg, err = config.Load(c.Config, os.LookupEnv); err != nil {
			return nil, err
		}
	}
	return modelsFor(cfg), nil
}

// fetchModels makes sure that models are on this machine and shows the progress
// on w: a bar on a terminal, else a line now and then. Nothing is shown when all
// are here.
func fetchModels(ctx context.Context, o models.Options, w *os.File) error {
	report, finish := fetchProgress(w)
	defer finish()
	o.Progress = report
	return models.Fetch(ctx, o)
}

// modelsListCmd shows the models.
type modelsListCmd struct {
	Verify bool `help:"Read every file and compare its SHA-256; the exit status is 1 when one is not what it should be."`
	JSON   bool `name:"json" help:"As JSON."`
}

// modelRow is one model in the output of models list --json.
type modelRow struct {
	Name    string       `json:"name"`
	State   models.State `json:"state"`
	Problem string       `json:"problem,omitempty"`
	Need    models.Need  `json:"need"`
	Purpose string       `json:"purpose"`
	Licence string       `json:"licence"`
	Package string       `json:"package"`
	Path    string       `json:"path"`
	Bytes   int64        `json:"bytes"` // on disk, when it is here
}

// Run prints the list on standard output.
func (c *modelsListCmd) Run(ctx context.Context) error {
	rows, err := c.rows(ctx, models.Dir())
	if err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(os.Stdout, rows)
	} else {
		err = printModels(os.Stdout, rows)
	}
	if err != nil {
		return fmt.Errorf("printing the list of models: %w", err)
	}
	for _, row := range rows {
		if c.Verify && row.State == models.Damaged {
			return exitCode(1)
		}
	}
	return nil
}

func (c *modelsListCmd) rows(ctx context.Context, dir string) ([]modelRow, error) {
	m, err := models.Default()
	if err != nil {
		return nil, err
	}
	list := m.List(dir)
	if c.Verify {
		if list, err = m.Verify(ctx, dir); err != nil {
			return nil, err
		}
	}
	rows := make([]modelRow, len(list))
	for i, s := range list {
		rows[i] = modelRow{
			Name: s.Model.Name, State: s.State, Problem: s.Problem, Need: s.Model.Need, Purpose: s.Model.Purpose,
			Licence: s.Model.Licence, Package: s.Package.String(), Path: s.Path, Bytes: s.Model.Bytes(),
		}
	}
	return rows, nil
}

// printModels prints a table for people.
func printModels(w io.Writer, rows []modelRow) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "MODEL\tSTATE\tNEED\tSIZE\tWHAT IT DOES\tLICENCE")
	for _, row := range rows {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", row.Name, row.State, row.Need, megabytes(row.Bytes), row.Purpose, row.Licence)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, row := range rows {
		if row.State == models.Damaged || row.State == models.Stale {
			fmt.Fprintf(w, "%s: %s; `parley models pull %s` puts it right\n", row.Name, row.Problem, row.Name)
		}
	}
	return nil
}

// printJSON prints a value as indented JSON.
func printJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// megabytes is a size as people read it.
func megabytes(n int64) string {
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
