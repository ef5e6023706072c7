package command

import (
	"bytes"
	"errors"
	"fmt"
)

// check finds what a Spec says that cannot be.
func check(s *Spec, isSub bool) (problems []error) {
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }

	name := []byte(s.Name)
	if len(name) == 0 || !bytes.Equal(name, appendLower(nil, name)) || bytes.ContainsAny(name, "| ") {
		bad("its name %q is not one lower-case word", s.Name)
	}
	if s.Group == "" || s.Since == "" || s.Summary == "" {
		bad("group, since or summary is missing")
	}
	if s.Arity == 0 || isSub && minWords(s.Arity) < 2 {
		bad("arity %d", s.Arity)
	}
	if s.Flags&Write != 0 && s.Flags&ReadOnly != 0 {
		bad("both Write and ReadOnly")
	}
	if s.Flags&MovableKeys != 0 {
		bad("MovableKeys is derived, not declared")
	}
	if (s.DeprecatedSince == "") != (s.ReplacedBy == "") {
		bad("DeprecatedSince and ReplacedBy belong together")
	}
	switch {
	case s.Run == nil && s.Subcommands == nil:
		bad("neither Run nor Subcommands")
	case isSub && s.Subcommands != nil:
		bad("subcommands of a subcommand")
	}
	for i := range s.Keys {
		if err := s.Keys[i].check(s); err != nil {
			bad("key spec %d: %w", i, err)
		}
	}
	for _, db := range s.DBs {
		if db.Pos < 1 {
			bad("a database at %d", db.Pos)
		}
	}
	for i := range s.Args {
		if err := s.Args[i].check(len(s.Keys)); err != nil {
			bad("%w", err)
		}
	}
	return problems
}

func (s *KeySpec) check(of *Spec) error {
	begins := 0
	for _, set := range []bool{s.Index > 0, s.Keyword != "", s.UnknownBegin} {
		if set {
			begins++
		}
	}
	finds := 0
	for _, set := range []bool{s.Step > 0, s.NumStep > 0, s.UnknownFind} {
		if set {
			finds++
		}
	}
	access := s.Flags & (KeyRO | KeyRW | KeyOW | KeyRM)
	switch {
	case begins != 1:
		return errors.New("not exactly one way to begin")
	case finds != 1:
		return errors.New("not exactly one way to find keys")
	case (s.Keyword == "") != (s.From == 0):
		return errors.New("Keyword and From belong together")
	case s.Limit != 0 && s.LastKey != -1:
		return errors.New("a Limit needs LastKey -1")
	case s.NumStep > 0 && s.FirstKey <= s.NumKeysAt:
		return errors.New("keys before their count")
	case access&(access-1) != 0:
		return errors.New("more than one of RO, RW, OW, RM")
	case access == 0 && s.Flags&NotKey == 0:
		return errors.New("none of RO, RW, OW, RM")
	case s.Flags&KeyVariableFlags != 0 && of.KeysOf == nil:
		return errors.New("variable flags without KeysOf")
	case s.LastKey >= 0 && s.Index >= minWords(of.Arity) && of.Flags&NoMandatoryKeys == 0 && s.Flags&NotKey == 0:
		return fmt.Errorf("the first key, at %d, may be missing", s.Index)
	}
	return nil
}

func (a *Arg) check(keySpecs int) error {
	isGroup := a.Type == ArgOneOf || a.Type == ArgBlock
	switch {
	case a.Name == "":
		return errors.New("an argument has no name")
	case isGroup != (len(a.Args) > 0):
		return fmt.Errorf("argument %s: only alternatives and blocks have arguments, and need some", a.Name)
	case a.ofKeySpec() && a.KeySpec >= keySpecs:
		return fmt.Errorf("argument %s: no key spec %d", a.Name, a.KeySpec)
	}
	for i := range a.Args {
		if err := a.Args[i].check(keySpecs); err != nil {
			return err
		}
	}
	return nil
}

// ofKeySpec reports whether KeySpec counts.
func (a *Arg) ofKeySpec() bool { return a.Type == ArgKey || a.Flags&ArgOfKeySpec != 0 }

// minWords is the least number of words a command of that arity has.
func minWords(arity int) int { return max(arity, -arity) }
