package command

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// Cmd is a command or subcommand in a [Table]: its Spec and what follows from
// it. It is immutable and may be shared by all goroutines.
type Cmd struct {
	Spec   *Spec
	Parent *Cmd   // of a subcommand
	Name   string // full name, "client|list"
	ID     int    // its number in the table, from 0; parents come before their subcommands

	Run   func(c *Ctx) // Spec.Run; nil for a container without a meaning of its own
	Arity int          // Spec.Arity
	Flags Flags        // Spec.Flags, with MovableKeys if that is so
	ACL   Category     // explicit and implied categories

	// Lock is the lock plan: LockNone, LockExclusive, or LockAuto for the
	// shards of the keys that Keys finds. An undecided Spec comes to LockAuto
	// only if KeysComplete.
	Lock Lock

	// KeyAt is the position of the key of a command that has exactly one, in a
	// fixed place that its arity guarantees; 0 for any other command. It spares
	// the hot commands a call of Keys.
	KeyAt int

	// ElementAt is Spec.Element, for a command with a KeyAt.
	ElementAt int

	// HasKeys: the command may have keys. KeysComplete: Keys finds every key
	// the command can touch.
	HasKeys, KeysComplete bool
	variableFlags         bool // key flags depend on the arguments

	// FirstKey, LastKey and KeyStep are the old description of key positions,
	// all 0 if there is none. LastKey counts from the end when negative.
	FirstKey, LastKey, KeyStep int

	// Subcommands are those of a container, by name; nil for other commands.
	Subcommands []*Cmd
	subs        nameIndex
}

// Sub finds a container's subcommand by its name in any case, or nil.
func (c *Cmd) Sub(name []byte) *Cmd { return c.subs.find(name) }

// ArityOK reports whether the command may have argc words, with its name.
func (c *Cmd) ArityOK(argc int) bool {
	if c.Arity > 0 {
		return argc == c.Arity
	}
	return argc >= -c.Arity
}

// Table is the set of commands a server has. Its commands never change;
// their names do, by Rename, which must be over before the table is shared.
type Table struct {
	commands []*Cmd    // with a current name, by their original names
	all      []*Cmd    // by ID, subcommands and disabled commands included
	names    []named   // the current names
	current  nameIndex // of names
	original nameIndex
}

// NewTable checks the specs and builds the table of a server. Commands of the
// sentinel only are left out.
func NewTable(specs ...[]Spec) (*Table, error) {
	return newTable(specs, func(f Flags) bool { return f&OnlySentinel == 0 })
}

// NewSentinelTable builds the table of a sentinel: the commands with the
// Sentinel flag.
func NewSentinelTable(specs ...[]Spec) (*Table, error) {
	return newTable(specs, func(f Flags) bool { return f&Sentinel != 0 })
}

func newTable(specs [][]Spec, wanted func(Flags) bool) (*Table, error) {
	t := &Table{}
	var problems []error
	for _, list := range specs {
		for i := range list {
			if !wanted(list[i].Flags) {
				continue
			}
			c, err := newCmd(&list[i], nil, wanted)
			if err != nil {
				problems = append(problems, err)
				continue
			}
			t.commands = append(t.commands, c)
		}
	}
	slices.SortFunc(t.commands, byName)
	for _, c := range t.commands {
		t.all = append(append(t.all, c), c.Subcommands...)
	}
	for id, c := range t.all {
		c.ID = id
	}
	problems = append(problems, duplicates(t.commands)...)
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	t.names = ownNames(t.commands)
	t.original = newNameIndex(t.names)
	t.current = t.original
	return t, nil
}

func newCmd(s *Spec, parent *Cmd, wanted func(Flags) bool) (*Cmd, error) {
	c := &Cmd{Spec: s, Parent: parent, Name: s.Name, Run: s.Run, Arity: s.Arity, Flags: s.Flags}
	if parent != nil {
		c.Name = parent.Name + "|" + s.Name
	}
	problems := check(s, parent != nil)
	for i := range problems {
		problems[i] = fmt.Errorf("command %s: %w", c.Name, problems[i])
	}
	c.ACL = s.ACL | impliedCategories(s.Flags, s.ACL)
	c.describeKeys()
	c.planLock()
	for i := range s.Subcommands {
		if !wanted(s.Subcommands[i].Flags) {
			continue
		}
		sub, err := newCmd(&s.Subcommands[i], c, wanted)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		c.Subcommands = append(c.Subcommands, sub)
	}
	slices.SortFunc(c.Subcommands, byName)
	problems = append(problems, duplicates(c.Subcommands)...)
	if c.Subcommands != nil {
		c.subs = newNameIndex(ownNames(c.Subcommands))
	}
	return c, errors.Join(problems...)
}

func byName(a, b *Cmd) int { return cmp.Compare(a.Name, b.Name) }

func duplicates(sorted []*Cmd) (problems []error) {
	for i := 1; i < len(sorted); i++ {
		if sorted[i].Name == sorted[i-1].Name {
			problems = append(problems, fmt.Errorf("command %s: two specs", sorted[i].Name))
		}
	}
	return problems
}

// describeKeys derives what follows from the key specs.
func (c *Cmd) describeKeys() {
	specs := c.Spec.Keys
	c.HasKeys = c.Spec.KeysOf != nil
	c.KeysComplete = c.Flags&TouchesArbitraryKeys == 0
	for i := range specs {
		s := &specs[i]
		c.HasKeys = c.HasKeys || s.Flags&NotKey == 0
		c.variableFlags = c.variableFlags || s.Flags&KeyVariableFlags != 0
		if s.UnknownBegin || s.UnknownFind || s.Flags&KeyIncomplete != 0 && c.Spec.KeysOf == nil {
			c.KeysComplete = false
		}
	}
	if len(specs) == 1 && specs[0].isRange() && specs[0].LastKey == 0 &&
		specs[0].Flags&(NotKey|KeyIncomplete) == 0 && specs[0].Index < minWords(c.Arity) {
		c.KeyAt = specs[0].Index
	}
	if at := c.Spec.Element; c.KeyAt > 0 && at > c.KeyAt && at < minWords(c.Arity) {
		c.ElementAt = at
	}
	c.describeRange()
}

// describeRange derives the old first/last/step description, and MovableKeys
// where it does not show every key. A single range is taken as it is; several
// are joined as long as each follows the one before.
func (c *Cmd) describeRange() {
	specs := c.Spec.Keys
	if len(specs) == 1 && specs[0].isRange() {
		s := &specs[0]
		c.FirstKey, c.LastKey, c.KeyStep = s.Index, s.lastPosition(), s.Step
		if s.Flags&KeyIncomplete != 0 {
			c.Flags |= MovableKeys
		}
		return
	}
	for i := range specs {
		s := &specs[i]
		if !s.isRange() || s.Step != 1 || c.LastKey != 0 && c.LastKey != s.Index-1 {
			c.Flags |= MovableKeys
			continue
		}
		if s.Flags&KeyIncomplete != 0 {
			c.Flags |= MovableKeys
		}
		if c.FirstKey == 0 || s.Index < c.FirstKey {
			c.FirstKey = s.Index
		}
		// As unsigned numbers, positions from the end are beyond all others.
		c.LastKey = int(max(uint(c.LastKey), uint(s.lastPosition())))
		c.KeyStep = 1
	}
}

// isRange reports whether the keys lie in a range from a fixed position on.
func (s *KeySpec) isRange() bool {
	return s.Step > 0 && s.Keyword == "" && !s.UnknownBegin && !s.UnknownFind
}

// lastPosition returns where the last key of a range from a fixed position is.
func (s *KeySpec) lastPosition() int {
	if s.LastKey < 0 {
		return s.LastKey
	}
	return s.Index + s.LastKey
}

// planLock settles the lock plan of a Spec that leaves it open: the shards of
// the keys, if every key can be found before the command runs.
func (c *Cmd) planLock() {
	c.Lock = c.Spec.Lock
	if c.Lock == LockAuto && !(c.HasKeys && c.KeysComplete) {
		c.Lock = LockExclusive
	}
}

// Lookup finds a command by its current name in any case, or nil. It does not
// look into containers.
func (t *Table) Lookup(name []byte) *Cmd { return t.current.find(name) }

// Resolve finds the command that argv, a request, asks for: for a container
// with more than one word it is the subcommand. It returns nil for an unknown
// command or subcommand and for an empty argv.
func (t *Table) Resolve(argv [][]byte) *Cmd { return resolve(&t.current, argv) }

// ResolveOriginal is like Resolve for a request that may use either the current
// or the original name of a renamed command, as the server's own effects do.
func (t *Table) ResolveOriginal(argv [][]byte) *Cmd {
	if c := resolve(&t.current, argv); c != nil {
		return c
	}
	return resolve(&t.original, argv)
}

func resolve(index *nameIndex, argv [][]byte) *Cmd {
	if len(argv) == 0 {
		return nil
	}
	c := index.find(argv[0])
	if c == nil || len(argv) == 1 || c.Subcommands == nil {
		return c
	}
	return c.Sub(argv[1])
}

// Find finds a command by its full name in any case, "get" or "client|list",
// or nil.
func (t *Table) Find(fullName []byte) *Cmd {
	bar := slices.Index(fullName, '|')
	if bar < 0 {
		return t.Lookup(fullName)
	}
	c := t.Lookup(fullName[:bar])
	if c == nil {
		return nil
	}
	return c.Sub(fullName[bar+1:])
}

// Commands returns the commands that have a current name, in the order of their
// original names, without subcommands. The caller must not change it.
func (t *Table) Commands() []*Cmd { return t.commands }

// All yields every command by its ID, subcommands included, and also those that
// Rename disabled.
func (t *Table) All() iter.Seq2[int, *Cmd] { return slices.All(t.all) }

// Len is the number of IDs: commands and subcommands.
func (t *Table) Len() int { return len(t.all) }

// Errors of Rename, with the texts that a configuration file gets.
var (
	ErrRenameUnknown = errors.New("No such command in rename-command")
	ErrRenameTaken   = errors.New("Target command name already exists")
)

// Rename gives a command another name, or with an empty one disables it. It is
// for the time before the table is shared: requests must not look up meanwhile.
func (t *Table) Rename(from, to string) error {
	c := t.Lookup([]byte(from))
	if c == nil {
		return ErrRenameUnknown
	}
	if to != "" && !equalWord([]byte(to), from) && t.Lookup([]byte(to)) != nil {
		return ErrRenameTaken
	}
	t.names = slices.DeleteFunc(t.names, func(n named) bool { return n.cmd == c })
	if to != "" {
		t.names = append(t.names, named{to, c})
	} else {
		t.commands = slices.DeleteFunc(t.commands, func(other *Cmd) bool { return other == c })
	}
	t.current = newNameIndex(t.names)
	return nil
}

// UnknownCommand is the error reply to a request whose command is not known:
// the first word is no command, or the second no subcommand of it.
func (t *Table) UnknownCommand(argv [][]byte) string {
	if c := t.Lookup(argv[0]); c != nil && c.Subcommands != nil && len(argv) > 1 {
		return UnknownSubcommand(argv)
	}
	reply := fmt.Appendf(nil, "ERR unknown command '%s', with args beginning with: ", shown(argv[0], 128))
	start := len(reply)
	for _, arg := range argv[1:] {
		left := 128 - (len(reply) - start)
		if left <= 0 {
			break
		}
		reply = fmt.Appendf(reply, "'%s' ", shown(arg, left))
	}
	return oneLine(reply)
}

// UnknownSubcommand is the error reply to a subcommand that argv's container
// does not have.
func UnknownSubcommand(argv [][]byte) string {
	return oneLine(fmt.Appendf(nil, "ERR unknown subcommand '%s'. Try %s HELP.", shown(argv[1], 128), upper(argv[0])))
}

// WrongArity is the error reply to a request with too few or too many words.
func WrongArity(c *Cmd) string {
	return "ERR wrong number of arguments for '" + c.Name + "' command"
}

// shown cuts a word down to what error replies show of it: at most limit bytes,
// up to the first zero byte.
func shown(word []byte, limit int) []byte {
	return UpToZero(word[:min(len(word), limit)])
}

// oneLine replaces the line breaks that would end an error reply too early.
func oneLine(reply []byte) string {
	for i, c := range reply {
		if c == '\r' || c == '\n' {
			reply[i] = ' '
		}
	}
	return string(reply)
}

func upper(word []byte) []byte {
	out := slices.Clone(UpToZero(word))
	for i, c := range out {
		if c >= 'a' && c <= 'z' {
			out[i] = c - ('a' - 'A')
		}
	}
	return out
}
