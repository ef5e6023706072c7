// Package info is the INFO command and the registry behind it.
//
// Vocabulary:
//
//   - A section is a titled group of fields, written by a function of its
//     owner. The registry keeps sections in the order in which INFO shows them.
//   - A field is one line, "name:value". Its name is a promise: monitoring
//     reads it.
//   - A subsystem that owns a whole section adds it. One that owns single
//     fields in the midst of another's section provides their values; until it
//     does, the section writes those of a server without that subsystem. So the
//     place of a field has one home, and its value has one.
//
// INFO runs in exclusive mode: section writers may read what belongs to any
// loop.
package info

import (
	"fmt"
	"slices"
	"strings"
)

// Section is one section of INFO.
type Section struct {
	Name  string // as an argument of INFO, lower case
	Alias string // another such name, or ""
	Title string // in its heading, "# Title"
	// Write appends the fields.
	Write func(f *Fields)
	Shown Shown
}

// Shown says when a section is part of the answer without being named.
type Shown uint8

const (
	ShownInAll     Shown = iota // with "all" and "everything"
	ShownByDefault              // and without arguments or with "default"
	ShownByName                 // never, it must be named
)

// Registry holds the sections of one server. It is filled before the server
// runs and only read afterwards.
type Registry struct {
	sections []Section
	provided map[string]func() string
}

// Add appends a section, or replaces the one of the same name in its place.
func (r *Registry) Add(s Section) {
	if i := slices.IndexFunc(r.sections, func(o Section) bool { return o.Name == s.Name }); i >= 0 {
		r.sections[i] = s
		return
	}
	r.sections = append(r.sections, s)
}

// ProvideInt makes value the source of a field that another's section shows.
func (r *Registry) ProvideInt(field string, value func() int64) {
	r.provide(field, func() string { return fmt.Sprint(value()) })
}

// ProvideText is ProvideInt for text.
func (r *Registry) ProvideText(field string, value func() string) { r.provide(field, value) }

func (r *Registry) provide(field string, value func() string) {
	if r.provided == nil {
		r.provided = map[string]func() string{}
	}
	r.provided[field] = value
}

// Render returns the text for the arguments of INFO.
func (r *Registry) Render(args []string) []byte {
	f := &Fields{provided: r.provided}
	for i := range r.sections {
		s := &r.sections[i]
		if !s.wanted(args) {
			continue
		}
		if len(f.text) > 0 {
			f.text = append(f.text, "\r\n"...)
		}
		f.text = append(f.text, "# "+s.Title+"\r\n"...)
		s.Write(f)
	}
	return f.text
}

// wanted reports whether the arguments ask for the section. Unknown names ask
// for nothing.
func (s *Section) wanted(args []string) bool {
	if len(args) == 0 {
		return s.Shown == ShownByDefault
	}
	return slices.ContainsFunc(args, func(arg string) bool {
		switch arg = strings.ToLower(arg); arg {
		case "default":
			return s.Shown == ShownByDefault
		case "all", "everything":
			return s.Shown != ShownByName
		}
		return arg == s.Name || s.Alias != "" && arg == s.Alias
	})
}

// Unused returns the provided fields that no section writes: a field provided
// under a wrong name.
func (r *Registry) Unused() (names []string) {
	f := &Fields{provided: r.provided}
	for i := range r.sections {
		r.sections[i].Write(f)
	}
	for name := range r.provided {
		if !strings.Contains("\n"+string(f.text), "\n"+name+":") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
