// Command mcp is an MCP server with one tool, to begin from: a carrier that says
// where a parcel is. Name it in the config:
//
//	tools:
//	  mcp:
//	    carrier: {command: [go, run, parley/examples/mcp]}
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// where asks for a parcel, place says where it is.
type where struct {
	Tracking string `json:"tracking" jsonschema:"the tracking number, such as PX4820017"`
}

type place struct {
	City  string `json:"city"`
	State string `json:"state"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	parcels := map[string]place{"PX4820017": {City: "Singapore", State: "arrived"}}
	server := mcp.NewServer(&mcp.Implementation{Name: "carrier", Version: "1.0.0"}, nil)
	mcp.AddTool(server, &mcp.Tool{
		Name: "where_is_parcel", Description: "Where a parcel is, by its tracking number.",
		Annotations: &mcp.ToolAnnotations{ReadOnlyHint: true}, // so the agent may ask without a confirmation
	}, func(_ context.Context, _ *mcp.CallToolRequest, in where) (*mcp.CallToolResult, place, error) {
		p, ok := parcels[in.Tracking]
		if !ok {
			return nil, place{}, errors.New("there is no parcel with this number")
		}
		return nil, p, nil
	})
	if err := server.Run(ctx, &mcp.StdioTransport{}); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, err) // standard output belongs to the protocol
		os.Exit(1)
	}
}
