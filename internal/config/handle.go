package config

import (
	"errors"
	"strings"
	"sync/atomic"

	"github.com/kvasirdb/kvasir/internal/command"
)

// Bool is the handle of a yes/no parameter.
type Bool struct {
	v atomic.Bool
	base
	initial bool
	valid   func(bool) error
}

// Load returns the present value.
func (b *Bool) Load() bool { return b.v.Load() }

// Store changes the value without running hooks; for the owner of the state
// that the parameter describes.
func (b *Bool) Store(v bool) { b.v.Store(v) }

// Text returns "yes" or "no".
func (b *Bool) Text() string { return yesNo(b.Load()) }

func (d *definer) bool(def Definition, valid ...func(bool) error) *Bool {
	def.Type = TypeBool
	b := &Bool{base: base{def: def}, valid: first(valid)}
	d.add(b)
	b.initial = b.Load()
	return b
}

func (b *Bool) set(args []string, _ origin) (bool, error) {
	v, ok := parseYesNo(args[0])
	if !ok {
		return false, errors.New("argument must be 'yes' or 'no'")
	}
	if b.valid != nil {
		if err := b.valid(v); err != nil {
			return false, err
		}
	}
	if err := b.validateText(yesNo(v)); err != nil {
		return false, err
	}
	return b.changed(b.v.Swap(v) != v), nil
}

func (b *Bool) snapshot() func() {
	old := b.Load()
	return func() { b.Store(old) }
}

func (b *Bool) rewrite() []rewriteLine {
	return []rewriteLine{{b.def.Name + " " + b.Text(), b.Load() != b.initial}}
}

// String is the handle of a text parameter.
type String struct {
	v atomic.Pointer[string]
	base
	initial string
	valid   func(string) error
	// binary keeps bytes after a NUL; other texts end there.
	binary bool
}

// Load returns the present value, "" when it is not set.
func (s *String) Load() string { return *s.v.Load() }

// Store changes the value without running hooks; for the owner of the state
// that the parameter describes.
func (s *String) Store(v string) { s.v.Store(&v) }

// Text returns the value.
func (s *String) Text() string { return s.Load() }

func (d *definer) string(def Definition, valid ...func(string) error) *String {
	return d.text(&String{base: base{def: def}, valid: first(valid)})
}

func (d *definer) binary(def Definition, valid ...func(string) error) *String {
	return d.text(&String{base: base{def: def}, valid: first(valid), binary: true})
}

func (d *definer) text(s *String) *String {
	s.def.Type = TypeString
	s.Store("")
	d.add(s)
	s.initial = s.Load()
	return s
}

func (s *String) set(args []string, from origin) (bool, error) {
	v := args[0]
	if !s.binary {
		v = command.UpToZero(v)
	}
	if s.valid != nil && from != fromDefault {
		if err := s.valid(v); err != nil {
			return false, err
		}
	}
	if err := s.validateText(v); err != nil {
		return false, err
	}
	differs := s.Load() != v
	s.Store(v)
	return s.changed(differs), nil
}

func (s *String) snapshot() func() {
	old := s.Load()
	return func() { s.Store(old) }
}

// rewrite leaves out a string that is not set, since only its absence from the
// file leaves it unset at the next start.
func (s *String) rewrite() []rewriteLine {
	v := s.Load()
	if v == "" && s.def.Flags.Has(emptyUnset) {
		return nil
	}
	return []rewriteLine{{s.def.Name + " " + Quote(v), v != s.initial}}
}

// Enum is the handle of a parameter with named values. With the MultiArg flag
// the values are bits and several names may be given.
type Enum[T ~int32] struct {
	v atomic.Int32
	base
	names   []named[T]
	initial T
	valid   func(T) error
}

// named gives one value of an enumeration its name.
type named[T ~int32] struct {
	name  string
	value T
}

// Load returns the present value.
func (e *Enum[T]) Load() T { return T(e.v.Load()) }

// Store changes the value without running hooks; for the owner of the state
// that the parameter describes.
func (e *Enum[T]) Store(v T) { e.v.Store(int32(v)) }

// Text returns the name of the value, or the names of its bits.
func (e *Enum[T]) Text() string { return e.format(e.Load()) }

// Parse returns the value with the given name, compared without case.
func (e *Enum[T]) Parse(name string) (T, bool) {
	for _, n := range e.names {
		if strings.EqualFold(n.name, name) {
			return n.value, true
		}
	}
	return 0, false
}

func defineEnum[T ~int32](d *definer, def Definition, names []named[T], valid ...func(T) error) *Enum[T] {
	def.Type = TypeEnum
	for _, n := range names {
		def.Values = append(def.Values, n.name)
	}
	e := &Enum[T]{base: base{def: def}, names: names, valid: first(valid)}
	d.add(e)
	e.initial = e.Load()
	return e
}

func (e *Enum[T]) set(args []string, _ origin) (bool, error) {
	multi := e.def.Flags.Has(MultiArg)
	bad := len(args) == 0 || (!multi && len(args) != 1)
	var v T
	for _, arg := range args {
		bit, ok := e.Parse(arg)
		bad = bad || !ok
		v |= bit
	}
	if bad {
		return false, errors.New("argument(s) must be one of the following: " + strings.Join(e.def.Values, ", "))
	}
	if e.valid != nil {
		if err := e.valid(v); err != nil {
			return false, err
		}
	}
	if err := e.validateText(e.format(v)); err != nil {
		return false, err
	}
	return e.changed(T(e.v.Swap(int32(v))) != v), nil
}

// format prefers one name that states the whole value, otherwise it joins the
// names of the bits in order of definition.
func (e *Enum[T]) format(v T) string {
	for _, n := range e.names {
		if n.value == v {
			return n.name
		}
	}
	var names []string
	rest := v
	for _, n := range e.names {
		if n.value != 0 && rest&n.value == n.value {
			names = append(names, n.name)
			rest &^= n.value
		}
	}
	if rest != 0 || len(names) == 0 {
		return "unknown"
	}
	return strings.Join(names, " ")
}

func (e *Enum[T]) snapshot() func() {
	old := e.Load()
	return func() { e.Store(old) }
}

func (e *Enum[T]) rewrite() []rewriteLine {
	return []rewriteLine{{e.def.Name + " " + e.Text(), e.Load() != e.initial}}
}

// Value is the handle of a parameter with a syntax of its own.
type Value[T any] struct {
	v atomic.Pointer[T]
	base
	syntax syntax[T]
}

// syntax is how a special parameter is read and written. rewrite may be nil:
// the parameter is then never written to a file.
type syntax[T any] struct {
	parse   func(old T, args []string, from origin) (T, error)
	format  func(T) string
	rewrite func(name string, v T) []rewriteLine
	// same tells that two values need no apply step between them. Nil means
	// that every set applies.
	same func(a, b T) bool
}

// Load returns the present value. The caller must not change what it points
// to.
func (v *Value[T]) Load() T { return *v.v.Load() }

// Store changes the value without running hooks; for the owner of the state
// that the parameter describes. The store keeps v.
func (v *Value[T]) Store(value T) { v.v.Store(&value) }

// Text returns the value in canonical form.
func (v *Value[T]) Text() string { return v.syntax.format(v.Load()) }

func defineValue[T any](d *definer, def Definition, initial T, syntax syntax[T]) *Value[T] {
	def.Type = TypeSpecial
	v := &Value[T]{base: base{def: def}, syntax: syntax}
	v.Store(initial)
	d.add(v)
	return v
}

func (v *Value[T]) set(args []string, from origin) (bool, error) {
	if from == fromDefault && v.def.Default == "" {
		return false, nil
	}
	if !v.def.Flags.Has(MultiArg) && len(args) != 1 {
		return false, errArgumentCount
	}
	old := v.Load()
	value, err := v.syntax.parse(old, args, from)
	if err != nil {
		return false, err
	}
	if err := v.validateText(v.syntax.format(value)); err != nil {
		return false, err
	}
	v.Store(value)
	return v.changed(v.syntax.same == nil || !v.syntax.same(old, value)), nil
}

func (v *Value[T]) snapshot() func() {
	old := v.v.Load()
	return func() { v.v.Store(old) }
}

func (v *Value[T]) rewrite() []rewriteLine {
	return v.syntax.rewrite(v.def.Name, v.Load())
}

var errArgumentCount = errors.New("wrong number of arguments")

func yesNo(v bool) string {
	if v {
		return "yes"
	}
	return "no"
}

func parseYesNo(s string) (value, ok bool) {
	switch {
	case strings.EqualFold(s, "yes"):
		return true, true
	case strings.EqualFold(s, "no"):
		return false, true
	}
	return false, false
}

// first returns the only element of an optional argument, or its zero value.
func first[T any](list []T) T {
	if len(list) == 0 {
		var none T
		return none
	}
	return list[0]
}
