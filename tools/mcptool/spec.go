// Package mcptool runs the tools of MCP servers.
package mcptool

// Spec is what a tool file says under run: mcp.
type Spec struct {
	// Server is the name of a server in the config, and Tool one of its tools.
	Server string `yaml:"server"`
	Tool   string `yaml:"tool"`
}
