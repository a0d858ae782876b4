package folder

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"parley/tools"
	"parley/tools/file"
)

// settle decides which version of each file is in force, and says whether anything
// is other than before. A file that is wrong keeps its last good version; of files
// that claim one name, the one that had it keeps it, and if none had it, none gets
// it.
func (s *files) settle(now time.Time) (changed bool) {
	order := s.sorted()
	claims := make(map[*entry]*file.Parsed, len(order))
	twice := map[*entry]error{}
	for _, e := range order {
		claims[e] = e.good
		if e.wrong == nil && e.parsed != nil {
			claims[e] = e.parsed
		}
	}
	// Each round takes a claim back, and who takes one back may hold a name that
	// another wants.
	for {
		refused := refuse(order, claims)
		if len(refused) == 0 {
			break
		}
		for e, err := range refused {
			twice[e], claims[e] = err, e.good
		}
	}
	for _, e := range order {
		was := e.err() != nil && !e.since.IsZero()
		before := text(e.twice)
		e.twice = twice[e]
		switch err := e.err(); {
		case err == nil:
			changed = changed || was
			e.since = time.Time{}
		case !was:
			e.since, changed = now, true
		default:
			changed = changed || before != text(e.twice)
		}
		changed = changed || e.good != claims[e]
		e.good = claims[e]
	}
	return changed
}

// text is an error's, "" for none.
func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// refuse finds the claims that cannot stand beside another on the same name.
func refuse(order []*entry, claims map[*entry]*file.Parsed) map[*entry]error {
	byName := map[string][]*entry{}
	for _, e := range order {
		if c := claims[e]; c != nil {
			byName[c.Name] = append(byName[c.Name], e)
		}
	}
	refused := map[*entry]error{}
	for name, all := range byName {
		if len(all) < 2 {
			continue
		}
		for i, e := range all {
			c := claims[e]
			if e.good != nil && e.good.Name == name {
				continue // it had the name
			}
			other := all[(i+1)%len(all)]
			at := claims[other].At
			refused[e] = file.Errors{{
				File: e.shown, Line: c.At.Line, Column: c.At.Column, Path: "name",
				Message: fmt.Sprintf("the tool %q is also in %s:%d:%d; give one of the two another name, or delete one", name, other.shown, at.Line, at.Column),
			}}
		}
	}
	return refused
}

// sorted is the files by name.
func (s *files) sorted() []*entry {
	return slices.SortedFunc(maps.Values(s.entries), func(a, b *entry) int { return cmp.Compare(a.name, b.name) })
}

// broken lists what is wrong.
func (s *files) broken() []Broken {
	var out []Broken
	if s.err != nil {
		out = append(out, Broken{File: s.dir, Err: fmt.Errorf("%s: %w", s.dir, s.err), Since: s.since, Held: len(s.entries) > 0})
	}
	for _, e := range s.sorted() {
		if err := e.err(); err != nil {
			out = append(out, Broken{File: e.shown, Err: err, Since: e.since, Held: e.good != nil})
		}
	}
	return out
}

// merge lays the folder over the pack, and the pack over the tools that are in no
// file.
func (s *files) merge() ([]tools.Tool, map[string]Source) {
	sources := map[string]Source{}
	byName := map[string]tools.Tool{}
	var order []string
	put := func(name string, tool tools.Tool, source Source) {
		if _, known := byName[name]; !known && !slices.Contains(order, name) {
			order = append(order, name)
		}
		byName[name], sources[name] = tool, source
	}
	lay := func(p *file.Parsed, source Source) {
		if p.Disabled {
			delete(byName, p.Name)
			delete(sources, p.Name)
			return
		}
		source.Runs = p.Runs
		put(p.Name, p.Tool, source)
	}
	for _, t := range s.extra {
		put(t.Name, t, Source{})
	}
	for _, p := range s.pack {
		lay(p.parsed, Source{File: p.name, Pack: true})
	}
	for _, e := range s.sorted() {
		if e.good != nil {
			lay(e.good, Source{File: e.shown})
		}
	}
	var all []tools.Tool
	for _, name := range order {
		if t, ok := byName[name]; ok {
			all = append(all, t)
		}
	}
	return all, sources
}
