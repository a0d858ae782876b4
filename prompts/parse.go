package prompts

import (
	"errors"
	"fmt"
	"strings"
	"text/template"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// FileError is a fault in a language's file.
type FileError struct {
	File         string
	Line, Column int
	Message      string
}

func (e *FileError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// reader walks one file's syntax tree, because the place of each template is
// wanted for errors.
type reader struct {
	file string
	to   *language
	keys map[string]Key
}

// read lays a file over what the language has so far.
func (l *language) read(file string, data []byte) error {
	tree, err := parser.ParseBytes(data, 0)
	if err != nil {
		var at yaml.Error
		if errors.As(err, &at) && at.GetToken() != nil {
			p := at.GetToken().Position
			return &FileError{file, p.Line, p.Column, at.GetMessage()}
		}
		return &FileError{file, 1, 1, err.Error()}
	}
	r := reader{file: file, to: l, keys: make(map[string]Key)}
	for _, k := range Keys() {
		r.keys[k.Name] = k
	}
	for _, doc := range tree.Docs {
		if doc.Body == nil {
			continue // an empty file says nothing
		}
		err := r.mapping(doc.Body, r.top)
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) fault(n ast.Node, format string, args ...any) error {
	p := n.GetToken().Position
	return &FileError{r.file, p.Line, p.Column, fmt.Sprintf(format, args...)}
}

// mapping hands each key and value of a mapping to do.
func (r *reader) mapping(n ast.Node, do func(key string, at, value ast.Node) error) error {
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		return r.fault(n, "here should be keys and values, not %s", n.Type())
	}
	seen := make(map[string]bool, len(pairs))
	for _, pair := range pairs {
		key := pair.Key.GetToken().Value
		if seen[key] {
			return r.fault(pair.Key, "%q is there twice", key)
		}
		seen[key] = true
		if err := do(key, pair.Key, pair.Value); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) top(key string, at, value ast.Node) error {
	var err error
	switch key {
	case "name":
		r.to.name, err = r.text(value)
	case "system":
		r.to.system, err = r.template("system", value, systemExample())
	case "phrases":
		err = r.mapping(value, r.phrase)
	case "backchannels":
		r.to.backchannels, err = r.lexicon(value)
	case "affirmations":
		r.to.affirmations, err = r.lexicon(value)
	case "negations":
		r.to.negations, err = r.lexicon(value)
	case "dictation":
		r.to.dictation, err = r.lexicon(value)
	case "interruptions":
		r.to.interruptions, err = r.lexicon(value)
	case "courtesies":
		r.to.courtesies, err = r.lexicon(value)
	case "recalls":
		r.to.recalls, err = r.lexicon(value)
	case "intents":
		err = r.mapping(value, r.cues(&r.to.understanding.Intents, Intents()))
	case "facets":
		err = r.mapping(value, r.cues(&r.to.understanding.Facets, Facets()))
	case "endings":
		r.to.understanding.Endings, err = r.list(value)
	case "spelling":
		err = r.words(value, &r.to.understanding.Spelling)
	case "gloss":
		err = r.words(value, &r.to.understanding.Gloss)
	case "digits":
		err = r.words(value, &r.to.understanding.Digits)
	case "words":
		err = r.words(value, &r.to.understanding.Words)
	default:
		err = r.fault(at, "unknown key %q; known are name, system, phrases, backchannels, affirmations, negations, interruptions, dictation, courtesies, recalls, intents, facets, spelling, endings, gloss, digits, words", key)
	}
	return err
}

// phrase reads one phrase: a text, or a list of variants.
func (r *reader) phrase(key string, at, value ast.Node) error {
	known, ok := r.keys[key]
	if !ok {
		return r.fault(at, "unknown phrase %q%s", key, r.near(key))
	}
	values := []ast.Node{value}
	if list, ok := value.(*ast.SequenceNode); ok {
		values = list.Values
	}
	if len(values) == 0 {
		return r.fault(value, "phrase %q has no variant", key)
	}
	variants := make([]*template.Template, 0, len(values))
	for _, v := range values {
		t, err := r.template(key, v, known.Example)
		if err != nil {
			return err
		}
		variants = append(variants, t)
	}
	r.to.phrases[key] = variants
	return nil
}

// near suggests a known phrase whose name begins like the unknown one.
func (r *reader) near(key string) string {
	stem, _, _ := strings.Cut(key, "_")
	for _, k := range Keys() {
		if strings.HasPrefix(k.Name, stem) {
			return fmt.Sprintf("; did you mean %q?", k.Name)
		}
	}
	return ""
}

// template parses a text and tries it on an example, so that a field that does
// not exist is found now and not in a conversation.
func (r *reader) template(name string, n ast.Node, example any) (*template.Template, error) {
	text, err := r.text(n)
	if err != nil {
		return nil, err
	}
	t, err := template.New(name).Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, r.fault(n, "the template cannot be read: %s", strings.TrimPrefix(err.Error(), "template: "))
	}
	said, err := execute(t, example)
	if err != nil {
		return nil, r.fault(n, "the template fails: %s", strings.TrimPrefix(err.Error(), "prompts: template: "))
	}
	if said == "" {
		return nil, r.fault(n, "phrase %q says nothing", name)
	}
	return t, nil
}

func (r *reader) text(n ast.Node) (string, error) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, nil
	case *ast.LiteralNode:
		return n.Value.Value, nil
	}
	return "", r.fault(n, "here should be a text, not %s; put it in quotes", strings.ToLower(n.Type().String()))
}

func (r *reader) lexicon(n ast.Node) (*lexicon, error) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return nil, r.fault(n, "here should be a list, not %s", strings.ToLower(n.Type().String()))
	}
	entries := make([]string, 0, len(list.Values))
	for _, v := range list.Values {
		text, err := r.text(v)
		if err != nil {
			return nil, err
		}
		if normal(text) == "" {
			return nil, r.fault(v, "%q has no letters", text)
		}
		entries = append(entries, text)
	}
	if len(entries) == 0 {
		return nil, r.fault(n, "the list is empty")
	}
	return newLexicon(entries), nil
}

// list reads a list of words.
func (r *reader) list(n ast.Node) ([]string, error) {
	sequence, ok := n.(*ast.SequenceNode)
	if !ok {
		return nil, r.fault(n, "here should be a list of words")
	}
	out := make([]string, 0, len(sequence.Values))
	for _, v := range sequence.Values {
		text, err := r.text(v)
		if err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, nil
}
