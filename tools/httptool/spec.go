// Package httptool runs tools that are one HTTP request.
package httptool

// Spec is what a tool file says under run: http. Texts may hold {{ templates }} and
// ${NAME} for an environment variable.
type Spec struct {
	Method  string            `yaml:"method"`
	URL     string            `yaml:"url"`
	Headers map[string]string `yaml:"headers"`
	Query   map[string]string `yaml:"query"`
	// Body is sent as JSON.
	Body any `yaml:"body"`
	// Result is the JSONPath of the answer's part that the model gets; "" for all.
	Result string `yaml:"result"`
	// Hosts may be called beside the host that URL names.
	Hosts []string `yaml:"hosts"`
	// Private lets the request go to addresses of private networks.
	Private bool `yaml:"private"`
	// Idempotency is the header that carries a write's key; "" means
	// Idempotency-Key.
	Idempotency string `yaml:"idempotency"`
}
