package httptool

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/theory/jsonpath"

	"parley/tools"
	"parley/tools/template"
)

// tool is one HTTP tool.
type tool struct {
	client  *Client
	spec    Spec
	effect  tools.Effect
	timeout time.Duration
	http    *http.Client
	result  *jsonpath.Path // nil for all of the answer

	url            template.Template
	headers, query map[string]template.Template
}

// reference is an environment variable in a text.
var reference = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`) //nolint:gochecknoglobals // a constant

// parse reads the templates.
func (t *tool) parse() (err error) {
	if t.url, err = template.Parse(t.spec.URL); err != nil {
		return fmt.Errorf("url: %w", err)
	}
	if t.headers, err = parseAll(t.spec.Headers); err != nil {
		return fmt.Errorf("headers: %w", err)
	}
	if t.query, err = parseAll(t.spec.Query); err != nil {
		return fmt.Errorf("query: %w", err)
	}
	return nil
}

func parseAll(texts map[string]string) (map[string]template.Template, error) {
	parsed := make(map[string]template.Template, len(texts))
	for name, text := range texts {
		p, err := template.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		parsed[name] = p
	}
	return parsed, nil
}

// secrets are the values of the environment that a request uses.
type secrets struct {
	env    func(string) (string, bool)
	values map[string]string // by name
	lacks  string
}

func newSecrets(env func(string) (string, bool)) *secrets {
	return &secrets{env: env, values: make(map[string]string)}
}

// expand puts the environment into a text.
func (s *secrets) expand(text string) string {
	return reference.ReplaceAllStringFunc(text, func(ref string) string {
		name := ref[2 : len(ref)-1]
		value, set := s.env(name)
		if !set || value == "" {
			s.lacks = name
			return ""
		}
		s.values[name] = value
		return value
	})
}

// hide takes the secrets out of a text that came from elsewhere.
func (s *secrets) hide(text string) string {
	for name, value := range s.values {
		if len(value) >= 4 { // shorter ones are no secrets, and would hide innocent letters
			text = strings.ReplaceAll(text, value, "${"+name+"}")
		}
	}
	return text
}

// request makes the request of a call. The host is what the file says, whatever the
// arguments are: they are escaped for where they stand.
func (t *tool) request(call tools.Call, s *secrets) (*http.Request, error) {
	// A secret is put in where the file has it, and never into what an argument says.
	address, err := expandAround(t.url, call, s, url.PathEscape)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Host != t.host(s) || u.User != nil || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("httptool: what the file and the arguments make is no address")
	}
	query := u.Query()
	for name, text := range t.query {
		value, err := expandAround(text, call, s, nil)
		if err != nil {
			return nil, err
		}
		if value != "" {
			query.Set(name, value)
		}
	}
	u.RawQuery = query.Encode()
	var body io.Reader
	if t.spec.Body != nil {
		filled, err := t.fill(t.spec.Body, call, s)
		if err != nil {
			return nil, err
		}
		raw, err := json.Marshal(filled)
		if err != nil {
			return nil, fmt.Errorf("httptool: writing the body: %w", err)
		}
		body = bytes.NewReader(raw)
	}
	r, err := http.NewRequest(t.spec.Method, u.String(), body) //nolint:noctx // the context is put in for each try
	if err != nil {
		return nil, errors.New("httptool: what the file and the arguments make is no request")
	}
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, text := range t.headers {
		value, err := expandAround(text, call, s, oneLine)
		if err != nil {
			return nil, err
		}
		r.Header.Set(name, value)
	}
	if t.effect == tools.Write && call.Key != "" {
		r.Header.Set(t.keyHeader(), call.Key)
	}
	if s.lacks != "" {
		return nil, fmt.Errorf("httptool: the environment variable %s is not set", s.lacks)
	}
	return r, nil
}

// placeholder is a value to be filled in.
var placeholder = regexp.MustCompile(`\{\{[^}]*\}\}`) //nolint:gochecknoglobals // a constant

// host is the one that the file's address names, with its port; no argument can
// change it.
func (t *tool) host(s *secrets) string {
	u, err := url.Parse(s.expand(placeholder.ReplaceAllString(t.spec.URL, "x")))
	if err != nil {
		return ""
	}
	return u.Host
}

func (t *tool) keyHeader() string {
	if t.spec.Idempotency != "" {
		return t.spec.Idempotency
	}
	return "Idempotency-Key"
}

// expandAround fills a template in and puts the environment into the text around
// its values.
func expandAround(text template.Template, call tools.Call, s *secrets, escape func(string) string) (string, error) {
	source := s.expand(text.String())
	filled, err := template.Parse(source)
	if err != nil { // a secret with braces in it
		return "", errors.New("httptool: a value of the environment cannot stand in a template")
	}
	return filled.Expand(call, escape)
}

// oneLine keeps a value within its header.
func oneLine(value string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, value)
}

// whole is a text that is one placeholder and nothing else.
var whole = regexp.MustCompile(`^\s*\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}\s*$`) //nolint:gochecknoglobals // a constant

// fill puts the values of a call into a body. A text that is exactly one argument
// keeps that argument's type.
func (t *tool) fill(value any, call tools.Call, s *secrets) (any, error) {
	switch v := value.(type) {
	case string:
		if m := whole.FindStringSubmatch(v); m != nil {
			var args map[string]json.RawMessage
			if json.Unmarshal(call.Arguments, &args) == nil {
				if raw, ok := args[m[1]]; ok {
					return raw, nil
				}
			}
			return nil, nil //nolint:nilnil // an argument that was not given is null
		}
		parsed, err := template.Parse(v)
		if err != nil {
			return nil, err
		}
		return expandAround(parsed, call, s, nil)
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, inner := range v {
			filled, err := t.fill(inner, call, s)
			if err != nil {
				return nil, err
			}
			if filled != nil {
				out[name] = filled
			}
		}
		return out, nil
	case []any:
		out := make([]any, 0, len(v))
		for _, inner := range v {
			filled, err := t.fill(inner, call, s)
			if err != nil {
				return nil, err
			}
			out = append(out, filled)
		}
		return out, nil
	}
	return value, nil
}
