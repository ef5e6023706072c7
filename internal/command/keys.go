package command

import (
	"errors"
	"math"

	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// Errors of key extraction, with the texts of COMMAND GETKEYS.
var (
	// ErrNoKeyArguments: the command never has keys.
	ErrNoKeyArguments = errors.New("ERR The command has no key arguments")
	// ErrInvalidArguments: the command needs keys, and these arguments hold
	// none; it would answer with a syntax error.
	ErrInvalidArguments = errors.New("ERR Invalid arguments specified for command")
)

// Keys appends the keys among argv, the whole command with its name, to dst. It
// needs the command's arity to be right. An error does not mean that the
// command will fail or touches no key (PFMERGE with a target only): whoever
// plans locks has to hold everything then.
//
// Key specs come first; KeysOf answers where they fail, or where their flags
// depend on the arguments. Names that only route a command (NotKey: the
// channels of sharded pub/sub) are no keys.
func (c *Cmd) Keys(dst []KeyRef, argv [][]byte) ([]KeyRef, error) {
	return c.keys(dst, argv, false)
}

// Routing is like Keys, with the NotKey names as well: what decides about the
// slot of a command in a cluster.
func (c *Cmd) Routing(dst []KeyRef, argv [][]byte) ([]KeyRef, error) {
	return c.keys(dst, argv, true)
}

func (c *Cmd) keys(dst []KeyRef, argv [][]byte, withNotKeys bool) ([]KeyRef, error) {
	if !c.HasKeys && !(withNotKeys && len(c.Spec.Keys) > 0) {
		return dst, ErrNoKeyArguments
	}
	found, ok := dst, false
	if !c.variableFlags {
		found, ok = c.keysBySpecs(dst, argv, withNotKeys)
	}
	if !ok && c.Spec.KeysOf != nil {
		var err error
		if found, err = c.Spec.KeysOf(dst, argv); err != nil {
			return dst, err
		}
	}
	if len(found) == len(dst) && c.Flags&NoMandatoryKeys == 0 {
		return dst, ErrInvalidArguments
	}
	return found, nil
}

// keysBySpecs appends the keys that the key specs show. It reports false, and
// appends nothing, when a spec does not fit the arguments or cannot tell all.
func (c *Cmd) keysBySpecs(dst []KeyRef, argv [][]byte, withNotKeys bool) (found []KeyRef, ok bool) {
	found = dst
	for i := range c.Spec.Keys {
		spec := &c.Spec.Keys[i]
		if spec.Flags&NotKey != 0 && !withNotKeys {
			continue
		}
		if spec.UnknownBegin || spec.UnknownFind {
			return dst, false
		}
		begin := spec.Index
		if spec.Keyword != "" {
			if begin = findKeyword(argv, spec.Keyword, spec.From); begin == 0 {
				continue // an option that is not given
			}
		}
		first, last, step, ok := spec.span(argv, begin)
		if !ok || first >= len(argv) || last >= len(argv) || last < first {
			return dst, false
		}
		for pos := first; pos <= last; pos += step {
			found = append(found, KeyRef{pos, spec.Flags})
		}
		if spec.Flags&KeyIncomplete != 0 {
			return dst, false
		}
	}
	return found, true
}

// span returns the positions of the first and the last key of a spec whose keys
// begin at begin. They may lie outside argv.
func (s *KeySpec) span(argv [][]byte, begin int) (first, last, step int, ok bool) {
	if s.NumStep > 0 {
		at := begin + s.NumKeysAt
		if at >= len(argv) {
			return 0, 0, 0, false
		}
		count, isInt := number.ParseInt(argv[at])
		if !isInt || count < 0 || count > math.MaxInt32 {
			return 0, 0, 0, false
		}
		first = begin + s.FirstKey
		return first, first + (int(count)-1)*s.NumStep, s.NumStep, true
	}
	switch {
	case s.LastKey >= 0:
		last = begin + s.LastKey
	case s.Limit == 0:
		last = len(argv) + s.LastKey
	default: // LastKey is -1: the first of Limit equal parts of what remains
		last = begin + (len(argv)-begin)/s.Limit - 1
	}
	return begin, last, s.Step, true
}

// findKeyword returns the position after word, searched from position from
// forwards, or from there backwards when from is negative; 0 if it is missing.
// The search ends before the last argument forwards and before the first one
// backwards, as a keyword there cannot have a key after it (or before it).
func findKeyword(argv [][]byte, word string, from int) int {
	pos, end, step := from, len(argv)-1, 1
	if from <= 0 {
		pos, end = len(argv)+from, 1
	}
	if pos > end {
		step = -1
	}
	for ; pos != end && pos >= 1 && pos < len(argv); pos += step {
		if equalWord(argv[pos], word) {
			return pos + 1
		}
	}
	return 0
}

// DBRef is a database named among a command's arguments.
type DBRef struct {
	Pos int // index in argv
	DB  int
}

// Databases appends the databases that argv names beside the selected one. It
// appends none when one of them is no number below count: the command will
// fail then.
func (c *Cmd) Databases(dst []DBRef, argv [][]byte, count int) []DBRef {
	found := dst
	for _, arg := range c.Spec.DBs {
		if arg.Pos >= len(argv) || arg.After != "" && !equalWord(argv[arg.Pos-1], arg.After) {
			return dst
		}
		db, isInt := number.ParseInt(argv[arg.Pos])
		if !isInt || db < 0 || db >= int64(count) {
			return dst
		}
		found = append(found, DBRef{arg.Pos, int(db)})
	}
	return found
}

// equalWord reports whether a and b are the same in any ASCII case.
func equalWord(a []byte, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i, c := range a {
		if lower(c) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c |= 'a' - 'A'
	}
	return c
}
