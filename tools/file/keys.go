// Package file reads tool files: one YAML file, one tool. All that is wrong with a
// file is told at once, each with line, column and what would be right.
package file

import (
	"time"

	"parley/internal/yamltree"
)

// document is a tool file. What its keys are called, hold and mean stands in the
// tags (see package yamltree), from which reader and schema are made.
type document struct {
	Name        string        `yaml:"name" check:"name" need:"*" doc:"What models call the tool: a letter, then letters, digits and _, all small."`
	Description string        `yaml:"description" need:"*" doc:"What the tool does and when to use it, for the model."`
	Parameters  parameters    `yaml:"parameters" doc:"JSON Schema of the arguments, checked before the tool runs. Left out, the tool takes none."`
	Effect      string        `yaml:"effect" enum:"read,write" need:"*" doc:"read: it changes nothing. write: it does; it is never cancelled and never run twice."`
	Confirm     string        `yaml:"confirm" enum:"none,heard" doc:"heard: the question must have been played to its end, and answered yes, before the tool runs."`
	OnInterrupt string        `yaml:"on_interrupt" enum:"finish,cancel" doc:"What becomes of a running read when the caller barges in. A write always finishes."`
	OnDuplicate string        `yaml:"on_duplicate" enum:"reject,allow" doc:"reject: the same call again in a conversation gets the first one's result. allow: it runs again."`
	Timeout     time.Duration `yaml:"timeout" min:"50ms" max:"2m" doc:"Longest run, such as 5s, which is also what it is when left out."`
	Requires    condition     `yaml:"requires" doc:"CEL over caller, conversation and args that must hold, such as caller.verified. A refusal tells the model what is missing."`
	With        with          `yaml:"with" doc:"Values that the model never sees or supplies, such as customer_id: \"{{ caller.customer_id }}\"."`
	Say         say           `yaml:"say" doc:"What callers hear about a run, by BCP 47 language."`
	Run         run           `yaml:"run" need:"*" doc:"How the tool runs: one of builtin, http and mcp."`
	Disabled    bool          `yaml:"disabled" doc:"true takes the tool of this name away; nothing else is needed then."`
}

// say is what callers hear.
type say struct {
	Start  phrases `yaml:"start" doc:"Said when the tool begins and the turn has said nothing yet."`
	Slow   slow    `yaml:"slow" doc:"Said once when the tool has taken as long as after says."`
	Failed phrases `yaml:"failed" doc:"Said when the tool could not be run at all."`
}

// run is how the tool runs.
type run struct {
	Builtin string   `yaml:"builtin" doc:"A function of this program, such as shop.track_parcel."`
	HTTP    *httpRun `yaml:"http" doc:"One HTTP request. Texts may hold {{ argument }} and ${ENVIRONMENT_VARIABLE}."`
	MCP     *mcpRun  `yaml:"mcp" doc:"A tool of an MCP server."`
}

// httpRun is an HTTP request.
type httpRun struct {
	Method      string            `yaml:"method" enum:"GET,POST,PUT,PATCH,DELETE" need:"*" doc:"The method of the request."`
	URL         string            `yaml:"url" need:"*" doc:"The address. Only its host, and those under hosts, can be called."`
	Headers     map[string]string `yaml:"headers" doc:"Headers, such as Authorization: Bearer ${SHOP_TOKEN}."`
	Query       map[string]string `yaml:"query" doc:"Parameters behind the ? of the address. One that comes out empty is left out."`
	Body        anything          `yaml:"body" doc:"What is sent, as JSON."`
	Result      string            `yaml:"result" doc:"JSONPath of the part of the answer that the model gets, such as $.tracking. Left out, it gets all."`
	Hosts       []string          `yaml:"hosts" check:"host" doc:"Other hosts that the request may go to."`
	Private     bool              `yaml:"private" doc:"Let the request go to a private network or this machine, if the config allows it."`
	Idempotency string            `yaml:"idempotency" check:"header" doc:"Header that carries a write's key. Left out, it is Idempotency-Key."`
}

// mcpRun is a tool of an MCP server.
type mcpRun struct {
	Server string `yaml:"server" need:"*" doc:"The server's name in the config, under tools: mcp:."`
	Tool   string `yaml:"tool" need:"*" doc:"The tool's name at the server."`
}

// Keys lists every key of a tool file as a path, sorted.
func Keys() []string { return yamltree.Keys(documentType) }
