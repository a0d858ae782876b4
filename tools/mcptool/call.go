package mcptool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"parley/tools"
)

// maxText bounds what is passed on of a server's text, in bytes.
const maxText = 32 << 10

// Run makes a way of running from what a tool file says. The error says that there is
// no such server.
func (s *Servers) Run(spec Spec) (tools.Run, error) {
	one, ok := s.all[spec.Server]
	if !ok {
		return nil, fmt.Errorf("there is no MCP server %q in the config; name one under tools: mcp:", spec.Server)
	}
	return func(ctx context.Context, call tools.Call) (any, error) { return one.call(ctx, spec.Tool, call) }, nil
}

// call has a server run a tool.
func (s *server) call(ctx context.Context, tool string, call tools.Call) (any, error) {
	if tools.IsDryRun(ctx) && call.Key != "" {
		return map[string]any{"dry_run": true, "would_call": map[string]any{"server": s.name, "tool": tool, "arguments": call.Arguments}}, nil
	}
	session, err := s.connect(ctx)
	if err != nil {
		return nil, s.away(ctx, err)
	}
	params := &mcp.CallToolParams{Name: tool, Arguments: call.Arguments, Meta: mcp.Meta{
		"idempotency_key": call.Key, "conversation": call.Conversation.ID, "language": call.Conversation.Language,
	}}
	result, err := session.CallTool(ctx, params)
	if err != nil {
		if ctx.Err() == nil {
			s.drop(session)
		}
		return nil, s.away(ctx, err)
	}
	return value(result)
}

// away is what becomes of a server that does not answer.
func (s *server) away(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	s.log.Warn("an MCP server did not answer", "err", err)
	return &tools.Error{Code: tools.Unavailable, Message: "The service behind this tool cannot be reached."}
}

// value is a tool's answer: what it gives as structure, else its texts. An answer
// that says it is an error is told to the model, shortened.
func value(r *mcp.CallToolResult) (any, error) {
	var texts []string
	size := 0
	for _, c := range r.Content {
		if text, ok := c.(*mcp.TextContent); ok && size < maxText {
			texts = append(texts, text.Text)
			size += len(text.Text)
		}
	}
	text := strings.Join(texts, "\n")
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	if r.IsError {
		const most = 300
		if len(text) > most {
			text = strings.ToValidUTF8(text[:most], "")
		}
		return nil, &tools.Error{Code: tools.Conflict, Message: "The service says: " + text}
	}
	if r.StructuredContent != nil {
		return r.StructuredContent, nil
	}
	if json.Valid([]byte(text)) {
		return json.RawMessage(text), nil
	}
	return text, nil
}

// toolName is what a tool may be called here.
var toolName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`) //nolint:gochecknoglobals // a constant

// Tools takes in the tools of a server. One that says it only reads is a read, any
// other a write that asks first. Tools whose names cannot be used here are left out,
// with a word in the log.
func (s *Servers) Tools(ctx context.Context, name string) ([]tools.Tool, error) {
	one, ok := s.all[name]
	if !ok {
		return nil, fmt.Errorf("there is no MCP server %q in the config", name)
	}
	session, err := one.connect(ctx)
	if err != nil {
		return nil, err
	}
	var list []tools.Tool
	for t, err := range session.Tools(ctx, nil) {
		if err != nil {
			one.drop(session)
			return nil, fmt.Errorf("listing the tools of MCP server %q: %w", name, err)
		}
		tool, err := one.take(t)
		if err != nil {
			one.log.Warn("a tool of an MCP server was left out", "tool", t.Name, "err", err)
			continue
		}
		list = append(list, tool)
	}
	return list, nil
}

func (s *server) take(t *mcp.Tool) (tools.Tool, error) {
	id := strings.ToLower(strings.NewReplacer("-", "_", ".", "_", "/", "_").Replace(t.Name))
	if !toolName.MatchString(id) {
		return tools.Tool{}, errors.New("its name cannot be used")
	}
	schema, err := json.Marshal(t.InputSchema)
	if err != nil {
		return tools.Tool{}, fmt.Errorf("reading its schema: %w", err)
	}
	def := tools.Definition{Name: id, Description: t.Description, Parameters: schema, Effect: tools.Write, Confirm: tools.ConfirmHeard}
	if t.Annotations != nil && t.Annotations.ReadOnlyHint {
		def.Effect, def.Confirm = tools.Read, tools.ConfirmNone
	}
	if def.Description == "" {
		def.Description = t.Title
	}
	at := t.Name
	return tools.New(def, func(ctx context.Context, call tools.Call) (any, error) { return s.call(ctx, at, call) }).Compile()
}
