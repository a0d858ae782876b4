package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/pion/stun/v4"
	"golang.org/x/text/language"
)

// text reads a string and puts the environment in.
func (d *decoder) text(n ast.Node, path string) (string, bool) {
	var s string
	switch n := n.(type) {
	case *ast.StringNode:
		s = n.Value
	case *ast.LiteralNode:
		s = n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		d.fail(n, path, "%s where a text is needed; put it in quotes: %q", kind(n), n.GetToken().Value)
		return "", false
	default:
		d.fail(n, path, "%s where a text is needed", kind(n))
		return "", false
	}
	return d.expand(n, s, path)
}

// expand puts environment variables in for ${NAME}. "$${" stands for "${".
func (d *decoder) expand(n ast.Node, s, path string) (string, bool) {
	var b strings.Builder
	good := true
	for {
		before, rest, found := strings.Cut(s, "${")
		if !found {
			b.WriteString(s)
			return b.String(), good
		}
		if strings.HasSuffix(before, "$") {
			b.WriteString(before[:len(before)-1] + "${")
			s = rest
			continue
		}
		b.WriteString(before)
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			d.fail(n, path, "${ without a closing }")
			return "", false
		}
		if !isName(name) {
			d.fail(n, path, "${%s}: the name of an environment variable is letters, digits and _", name)
			return "", false
		}
		value, set := d.env(name)
		if !set {
			d.fail(n, path, "the environment variable %s is not set", name)
			good = false
		}
		b.WriteString(value)
		s = after
	}
}

func isName(s string) bool {
	for i, r := range s {
		if r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// secret reads a reference to the environment.
func (d *decoder) secret(n ast.Node, v reflect.Value, path string) {
	s, ok := n.(*ast.StringNode)
	if !ok || s.Value != "" && !isReference(s.Value) {
		// What stands there may be the secret: it is not repeated.
		d.failAt(at(n), path, "a secret is not written here but referenced: set an environment variable and write \"${ITS_NAME}\"")
		return
	}
	if value, ok := d.expand(n, s.Value, path); ok {
		if s.Value != "" && value == "" {
			d.fail(n, path, "the environment variable in %s is empty", s.Value)
			return
		}
		v.SetString(value)
	}
}

// isReference says whether a text is one reference and nothing else.
func isReference(s string) bool {
	name, ok := strings.CutPrefix(s, "${")
	name, closed := strings.CutSuffix(name, "}")
	return ok && closed && isName(name)
}

// checkText checks a string against the tag of its field.
func (d *decoder) checkText(n ast.Node, s string, tag reflect.StructTag, path string) bool {
	if enum := tag.Get("enum"); enum != "" {
		words := strings.Split(enum, ",")
		if slices.Contains(words, s) {
			return true
		}
		d.fail(n, path, "%s is not possible%s", kind(n), suggestion(raw(n), words))
		return false
	}
	if s == "" {
		return true // what must not be empty says so with need
	}
	if complaint := complain(tag.Get("check"), s, raw(n)); complaint != "" {
		d.fail(n, path, "%s", complaint)
		return false
	}
	return true
}

// raw is a text as it stands in the file, without the environment put in: what
// comes from there may be secret and is not repeated in errors.
func raw(n ast.Node) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	}
	return ""
}

// complain checks the shape of a string; "" when it is right. In the complaint
// the string appears as shown.
func complain(check, s, shown string) string {
	switch check {
	case "url":
		u, err := url.Parse(s)
		switch {
		case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
			return "no address; write http://HOST:PORT/v1 or https://HOST/v1"
		case u.User != nil || u.RawQuery != "" || u.Fragment != "":
			return "an address here has no user, query or fragment; a key goes in api_key"
		}
	case "listen":
		_, port, err := net.SplitHostPort(s)
		if err != nil {
			return fmt.Sprintf("%q is no host and port; write 127.0.0.1:8080, :8080 or [::1]:8080", shown)
		}
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return fmt.Sprintf("the port in %q is not a number from 0 to 65535", shown)
		}
	case "ip":
		if _, err := netip.ParseAddr(s); err != nil {
			return fmt.Sprintf("%q is no IP address", shown)
		}
	case "stun", "turn":
		u, err := stun.ParseURI(s)
		if err != nil || strings.TrimSuffix(u.Scheme.String(), "s") != check {
			return fmt.Sprintf("no address of a %s server; write %s:HOST:PORT", strings.ToUpper(check), check)
		}
	case "language":
		if t, err := language.Parse(s); err != nil || t == language.Und {
			return fmt.Sprintf("%q is no language; write a BCP 47 tag such as en, id or zh-Hans", shown)
		}
	}
	return ""
}
