// Command parley runs a shop's voice agent, measures one, and looks after its
// models. It is the only place that names every engine.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands is the command line: one field, one command, one file.
type commands struct {
	Version versionFlag `help:"Print the version."`
	Run     runCmd      `cmd:"" help:"Start the agent."`
	Models  modelsCmd   `cmd:"" help:"Download and list the model files."`
	Check   checkCmd    `cmd:"" help:"Say what is ready on this machine and what is missing."`
	Config  configCmd   `cmd:"" help:"Explain and check parley.yaml."`
	Shop    shopCmd     `cmd:"" help:"Fill the shop's store."`
	Tools   toolsCmd    `cmd:"" help:"Check, try and list what the agent can do."`
	Policy  policyCmd   `cmd:"" help:"Check what the shop allows and offers."`
	Prompt  promptCmd   `cmd:"" help:"Show what a language model would be told."`
	Keys    keysCmd     `cmd:"" help:"Make, list, rotate and revoke the API keys of the shop's servers."`
	Chat    chatCmd     `cmd:"" help:"Hold a conversation in the terminal."`
	Call    callCmd     `cmd:"" help:"Call a voice agent, speak to it, and measure how it answers."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		if code, ok := errors.AsType[exitCode](err); ok {
			os.Exit(int(code))
		}
		fmt.Fprintln(os.Stderr, "parley:", err)
		os.Exit(1)
	}
}

// exitCode ends the program with a status after the command has said all itself.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit status %d", int(c)) }

func run(ctx context.Context, args []string) error {
	var cli commands
	parser, err := kong.New(&cli,
		kong.Name("parley"),
		kong.Description("A shop's agent that customers talk to: by voice, by text, at any hour."),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		return fmt.Errorf("building the command line: %w", err)
	}
	command, err := parser.Parse(args)
	if err != nil {
		return err
	}
	return command.Run()
}
