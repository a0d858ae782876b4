package file

import (
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"golang.org/x/text/language"

	"parley/internal/yamltree"
)

// phrases are texts by language.
type phrases struct{ texts map[string]string }

// ReadYAML takes texts by language.
func (p *phrases) ReadYAML(r *yamltree.Reader, n ast.Node, path string) {
	r.EachPair(n, path, "a text for each language, such as en: One moment.", func(name string, key, value ast.Node, below string) {
		p.add(r, name, key, value, below)
	})
}

func (p *phrases) add(r *yamltree.Reader, name string, key, value ast.Node, path string) {
	if tag, err := language.Parse(name); err != nil || tag == language.Und {
		r.Fail(key, path, "%q is no language; write a BCP 47 tag such as en, id or zh-Hans", name)
		return
	}
	said, ok := r.Text(value, path)
	switch {
	case !ok:
		return
	case strings.TrimSpace(said) == "":
		r.Fail(value, path, "the phrase is empty; leave the language out")
		return
	case strings.Contains(said, "{{"):
		r.Fail(value, path, "a phrase is said as it stands; {{ }} is not filled in here")
		return
	}
	if p.texts == nil {
		p.texts = map[string]string{}
	}
	p.texts[name] = said
}

// languageKeys is the schema of phrases; what a language's tag looks like is told
// loosely.
func languageKeys() map[string]any {
	return map[string]any{
		"type": "object", "additionalProperties": false,
		"patternProperties": map[string]any{"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$": map[string]any{"type": "string", "minLength": 1}},
		"properties":        map[string]any{"en": map[string]any{"type": "string", "description": "In English, which is also said when the caller's language is not here."}},
	}
}

// YAMLSchema is that of texts by language.
func (p *phrases) YAMLSchema() map[string]any { return languageKeys() }

// slow are texts by language beside the time after which they are said.
type slow struct {
	phrases
	after time.Duration
}

// ReadYAML takes texts by language, and after.
func (s *slow) ReadYAML(r *yamltree.Reader, n ast.Node, path string) {
	given := false
	r.EachPair(n, path, "after: 2s and a text for each language", func(name string, key, value ast.Node, below string) {
		if name != "after" {
			s.add(r, name, key, value, below)
			return
		}
		given = true
		s.after = r.Duration(value, below, 100*time.Millisecond, time.Minute)
	})
	if _, mapping := yamltree.Pairs(n); mapping && !given {
		r.Fail(n, path, "the key \"after\" is missing; write how long the tool may take before this is said, such as after: 2s")
	}
}

// YAMLSchema is that of texts by language, and after.
func (s *slow) YAMLSchema() map[string]any {
	schema := languageKeys()
	schema["required"] = []string{"after"}
	if properties, ok := schema["properties"].(map[string]any); ok {
		properties["after"] = map[string]any{"type": "string", "pattern": yamltree.DurationPattern, "description": "How long the tool has taken when this is said, such as 2s."}
	}
	return schema
}
