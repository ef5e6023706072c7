package config

import (
	"slices"
	"strings"
)

// Pair is a parameter's name and canonical text.
type Pair struct {
	Name  string
	Value string
}

// Get performs CONFIG GET: the parameters that match any of the patterns, each
// name once, sorted by name. An alias is a name of its own. A pattern without
// wildcards names one parameter, hidden or not, and is echoed as written.
func (s *Store) Get(patterns []string) []Pair {
	found := make(map[string]Pair)
	for _, pattern := range patterns {
		if !strings.ContainsAny(pattern, "[*?") {
			if e := s.lookup(pattern); e.param != nil {
				if _, dup := found[e.name]; !dup {
					found[e.name] = Pair{pattern, e.param.common().text(e.param)}
				}
			}
			continue
		}
		for name, e := range s.byName {
			if e.param.common().def.Flags.Has(Hidden) {
				continue
			}
			if _, dup := found[name]; dup || !s.env.Match([]byte(pattern), []byte(name), true) {
				continue
			}
			found[name] = Pair{name, e.param.common().text(e.param)}
		}
	}
	pairs := make([]Pair, 0, len(found))
	for _, p := range found {
		pairs = append(pairs, p)
	}
	slices.SortFunc(pairs, func(a, b Pair) int { return strings.Compare(a.Name, b.Name) })
	return pairs
}

// text asks the owner of the live value, when one is registered.
func (b *base) text(p Param) string {
	if b.get != nil {
		return b.get()
	}
	return p.Text()
}
