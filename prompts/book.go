// Package prompts is what the agent says and understands word for word, as
// data: one YAML file a language, which a native speaker can mend without
// reading Go. A shop's own files are laid over the embedded ones.
package prompts

import (
	"embed"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"text/template"
)

//go:embed *.yaml
var embedded embed.FS

// Fallback is the language of which every phrase exists.
const Fallback = "en"

// maxFile bounds a language's file in bytes.
const maxFile = 1 << 20

// Fields is what a phrase's template can name. [Keys] has an example for each.
type Fields map[string]any

// Book holds all languages. It does not change once loaded and is safe for use
// by many goroutines.
type Book struct{ languages map[string]*language }

// language is what one file says. A list or phrase that is absent is taken from
// the fallback.
type language struct {
	tag          string
	name         string
	system       *template.Template
	phrases      map[string][]*template.Template
	backchannels *lexicon
	affirmations *lexicon
	negations    *lexicon
	// interruptions are short words that people cut an answer off with.
	interruptions *lexicon
	// dictation are what a question holds that asks for something people give in
	// pieces.
	dictation *lexicon
	// courtesies may stand beside the words of the other lists: please, thanks.
	courtesies *lexicon
	// recalls are what staff say to an agent that is to take over again.
	recalls       *lexicon
	understanding Understanding
}

// Load reads the embedded languages and lays the *.yaml files at the root of
// override over them: what such a file says replaces what was there, key by key.
// A nil override is none. An error of a file says file, line and column.
func Load(override fs.FS) (*Book, error) {
	b := &Book{languages: make(map[string]*language)}
	if err := b.read(embedded); err != nil {
		return nil, err
	}
	if override != nil {
		if err := b.read(override); err != nil {
			return nil, err
		}
	}
	if missing := b.Missing(Fallback); len(missing) > 0 {
		return nil, fmt.Errorf("prompts: %s.yaml lacks %s", Fallback, strings.Join(missing, ", "))
	}
	return b, nil
}

// LoadDir is [Load] with the files of a folder; "" is none.
func LoadDir(dir string) (*Book, error) {
	if dir == "" {
		return Load(nil)
	}
	root, err := os.OpenRoot(dir) // so that no link leads out of the folder
	if err != nil {
		return nil, fmt.Errorf("opening the prompts in %s: %w", dir, err)
	}
	defer root.Close()
	return Load(root.FS())
}

func (b *Book) read(fsys fs.FS) error {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return fmt.Errorf("listing prompts: %w", err)
	}
	for _, name := range names {
		info, err := fs.Stat(fsys, name)
		if err != nil {
			return fmt.Errorf("reading prompts: %w", err)
		}
		if info.Size() > maxFile {
			return fmt.Errorf("%s: %d bytes is more than a language's file may have (%d)", name, info.Size(), maxFile)
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return fmt.Errorf("reading prompts: %w", err)
		}
		tag := strings.TrimSuffix(path.Base(name), ".yaml")
		l, ok := b.languages[tag]
		if !ok {
			l = &language{tag: tag, phrases: make(map[string][]*template.Template)}
			b.languages[tag] = l
		}
		if err := l.read(name, data); err != nil {
			return err
		}
	}
	return nil
}

// Languages lists the tags that there are files for, sorted.
func (b *Book) Languages() []string {
	tags := make([]string, 0, len(b.languages))
	for tag := range b.languages {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	return tags
}

// Missing lists what a language's file does not say itself, sorted: phrases,
// "system" and the lists.
func (b *Book) Missing(lang string) []string {
	l := b.languages[lang]
	if l == nil {
		l = &language{}
	}
	var missing []string
	for _, k := range Keys() {
		if len(l.phrases[k.Name]) == 0 {
			missing = append(missing, "phrases."+k.Name)
		}
	}
	for name, absent := range map[string]bool{
		"system": l.system == nil, "backchannels": l.backchannels == nil,
		"affirmations": l.affirmations == nil, "negations": l.negations == nil,
		"interruptions": l.interruptions == nil, "dictation": l.dictation == nil, "courtesies": l.courtesies == nil,
		"recalls": l.recalls == nil,
	} {
		if absent {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	return missing
}

// Phrase is one phrase in a language, or in the fallback where the language
// lacks it. Of several variants the fields decide, so that the same thing is
// said in the same way.
func (b *Book) Phrase(lang, key string, data Fields) (string, error) {
	return b.Variant(lang, key, data, 0)
}

// Variant is [Book.Phrase] with another of the variants for each turn: a caller
// who asks twice is not answered like by a machine.
func (b *Book) Variant(lang, key string, data Fields, turn int) (string, error) {
	variants := find(b, lang, func(l *language) []*template.Template { return l.phrases[key] })
	if len(variants) == 0 {
		return "", fmt.Errorf("prompts: there is no phrase %q", key)
	}
	if data == nil {
		data = Fields{}
	}
	pick := 0
	if len(variants) > 1 {
		h := fnv.New32a()
		h.Write([]byte(key))
		pick = (int(h.Sum32()&0xffff) + turn) % len(variants)
	}
	return execute(variants[pick], data)
}

// System is the persona for a real model.
func (b *Book) System(lang string, data SystemData) (string, error) {
	variants := find(b, lang, func(l *language) []*template.Template {
		if l.system == nil {
			return nil
		}
		return []*template.Template{l.system}
	})
	if len(variants) == 0 {
		return "", errors.New("prompts: there is no system prompt")
	}
	return execute(variants[0], data)
}

func execute(t *template.Template, data any) (string, error) {
	var out strings.Builder
	if err := t.Execute(&out, data); err != nil {
		return "", fmt.Errorf("prompts: %w", err)
	}
	return strings.TrimSpace(out.String()), nil
}

// find asks a language, then its base ("pt" for "pt-BR"), then the fallback.
func find[T any](b *Book, lang string, get func(*language) []T) []T {
	base, _, _ := strings.Cut(lang, "-")
	for _, tag := range []string{lang, base, Fallback} {
		if l, ok := b.languages[tag]; ok {
			if found := get(l); len(found) > 0 {
				return found
			}
		}
	}
	return nil
}
