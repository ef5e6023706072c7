package bitcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/encoding/bitmap"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

func (l limits) bitfieldSpec() command.Spec {
	bitfieldSpec := command.Spec{
		Name: "bitfield", Group: command.GroupBitmap, Since: "3.2.0", Arity: -2,
		Flags: command.Write | command.DenyOOM, ACL: command.CatBitmap,
		Summary:    "Read, write and increment integers of any width inside a string",
		Complexity: "O(1) per operation",
		Keys: []command.KeySpec{
			{Flags: command.KeyRW | command.KeyUpdate | command.KeyAccess | command.KeyVariableFlags, Index: 1, Step: 1, Notes: "reads, writes or both, as the operations say"},
		},
		Args: []command.Arg{
			{Name: "key", Type: command.ArgKey},
			{Name: "operation", Type: command.ArgOneOf, Flags: command.ArgOptional | command.ArgMultiple, Args: []command.Arg{
				{Name: "get-block", Type: command.ArgBlock, Token: "GET", Args: []command.Arg{
					{Name: "encoding"}, {Name: "offset", Type: command.ArgInteger},
				}},
				{Name: "write", Type: command.ArgBlock, Args: []command.Arg{
					{Name: "overflow-block", Type: command.ArgOneOf, Token: "OVERFLOW", Flags: command.ArgOptional, Args: []command.Arg{
						{Name: "wrap", Type: command.ArgPureToken, Token: "WRAP"}, {Name: "sat", Type: command.ArgPureToken, Token: "SAT"},
						{Name: "fail", Type: command.ArgPureToken, Token: "FAIL"},
					}},
					{Name: "write-operation", Type: command.ArgOneOf, Args: []command.Arg{
						{Name: "set-block", Type: command.ArgBlock, Token: "SET", Args: []command.Arg{
							{Name: "encoding"}, {Name: "offset", Type: command.ArgInteger}, {Name: "value", Type: command.ArgInteger},
						}},
						{Name: "incrby-block", Type: command.ArgBlock, Token: "INCRBY", Args: []command.Arg{
							{Name: "encoding"}, {Name: "offset", Type: command.ArgInteger}, {Name: "increment", Type: command.ArgInteger},
						}},
					}},
				}},
			}},
		},
		KeysOf: command.BitfieldKeys,
		Run:    l.runBitField,
	}
	return bitfieldSpec
}

func (l limits) bitfieldRoSpec() command.Spec {
	bitfieldRoSpec := command.Spec{
		Name: "bitfield_ro", Group: command.GroupBitmap, Since: "6.0.0", Arity: -2,
		Flags: command.ReadOnly | command.Fast, ACL: command.CatBitmap,
		Summary:    "Read integers of any width inside a string",
		Complexity: "O(1) per operation",
		Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
		Args: []command.Arg{
			{Name: "key", Type: command.ArgKey},
			{Name: "get-block", Type: command.ArgBlock, Token: "GET", Flags: command.ArgOptional | command.ArgMultiple | command.ArgMultipleToken, Args: []command.Arg{
				{Name: "encoding"}, {Name: "offset", Type: command.ArgInteger},
			}},
		},
		Run: l.runBitFieldRO,
	}
	return bitfieldRoSpec
}

func (l limits) runBitField(c *command.Ctx) {
	p, ok := l.parseProgram(c)
	switch {
	case !ok:
	case p.writes:
		p.change(c)
	default:
		p.read(c)
	}
}

func (l limits) runBitFieldRO(c *command.Ctx) {
	p, ok := l.parseProgram(c)
	switch {
	case !ok:
	case p.writes:
		c.Out.Error("ERR BITFIELD_RO only supports the GET subcommand")
	default:
		p.read(c)
	}
}

// verb is what a step of BITFIELD does to its field.
type verb uint8

const (
	get verb = iota
	set
	incrBy
)

// step is one operation of BITFIELD.
type step struct {
	verb     verb
	field    bitmap.Field
	operand  int64
	overflow bitmap.Overflow
}

// program is all operations of one BITFIELD.
type program struct {
	steps  []step
	writes bool
	end    int // offset behind the last bit that may be written
}

// parseProgram reads the arguments. If they are wrong, it answers so.
func (l limits) parseProgram(c *command.Ctx) (p program, ok bool) {
	overflow := bitmap.Wrap
	for i := 2; i < len(c.Args); {
		left := len(c.Args) - i - 1
		word := c.Args[i]
		s := step{overflow: overflow}
		switch {
		case command.Is(word, "get") && left >= 2:
			s.verb = get
		case command.Is(word, "set") && left >= 3:
			s.verb = set
		case command.Is(word, "incrby") && left >= 3:
			s.verb = incrBy
		case command.Is(word, "overflow") && left >= 1:
			if overflow, ok = parseOverflow(c.Args[i+1]); !ok {
				c.Out.Error("ERR Invalid OVERFLOW type specified")
				return p, false
			}
			i += 2
			continue
		default:
			c.Out.Error(command.SyntaxError)
			return p, false
		}
		if s.field, ok = l.parseField(c, i+1); !ok {
			return p, false
		}
		i += 3
		if s.verb != get {
			p.writes = true
			p.end = max(p.end, s.field.End())
			if s.operand, ok = c.IntArg(i); !ok {
				return p, false
			}
			i++
		}
		p.steps = append(p.steps, s)
	}
	return p, true
}

func parseOverflow(word []byte) (o bitmap.Overflow, ok bool) {
	for o, name := range [...]string{bitmap.Wrap: "wrap", bitmap.Saturate: "sat", bitmap.Fail: "fail"} {
		if command.Is(word, name) {
			return bitmap.Overflow(o), true
		}
	}
	return 0, false
}

// parseField reads argument i as the type of a field, "i16" or "u8", and the
// next one as its offset. If they are wrong, it answers so.
func (l limits) parseField(c *command.Ctx, i int) (f bitmap.Field, ok bool) {
	if t := c.Args[i]; len(t) > 0 && (t[0] == 'i' || t[0] == 'u') {
		f.Signed = t[0] == 'i'
		widest := int64(63)
		if f.Signed {
			widest = 64
		}
		var n int64
		if n, ok = number.ParseInt(t[1:]); n < 1 || n > widest {
			ok = false
		}
		f.Bits = int(n)
	}
	if !ok {
		c.Out.Error("ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.")
		return f, false
	}
	f.Offset, ok = l.offsetArg(c, c.Args[i+1], f.Bits)
	return f, ok
}

// read executes a program without changes.
func (p *program) read(c *command.Ctx) {
	var text keyspace.NumberText
	m, _, ok := find(c, c.Args[1], &text)
	if !ok {
		return
	}
	c.Out.ArrayHeader(len(p.steps))
	for i := range p.steps {
		c.Out.Int(p.steps[i].field.Get(m))
	}
}

// change executes a program with changes.
func (p *program) change(c *command.Ctx) {
	key := c.Args[1]
	m, ok := openMap(c, key, p.end)
	if !ok {
		return
	}
	grown := m.changed
	c.Out.ArrayHeader(len(p.steps))
	changes := 0
	for i := range p.steps {
		s := &p.steps[i]
		old := s.field.Get(m.bytes)
		if s.verb == get {
			c.Out.Int(old)
			continue
		}
		val, increment := s.operand, int64(0)
		if s.verb == incrBy {
			val, increment = old, s.operand
		}
		val, ok := s.field.Add(val, increment, s.overflow)
		if !ok {
			c.Out.Null()
			continue
		}
		if s.verb == set {
			c.Out.Int(old)
		} else {
			c.Out.Int(val)
		}
		if val != old {
			s.field.Set(m.writable(), val)
		}
		if grown || val != old {
			changes++
		}
	}
	if changes > 0 {
		c.Notify(command.EventString, "setbit", key)
		c.Tx.AddDirty(changes - 1)
	}
}
