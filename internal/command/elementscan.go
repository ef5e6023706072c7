package command

import (
	"math"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/platform/glob"
	"github.com/kvasirdb/kvasir/internal/platform/number"
	"github.com/kvasirdb/kvasir/internal/resp"
)

// ElementScan is one step of SSCAN, HSCAN or ZSCAN: a walk over the elements of
// a collection, a few at a time.
type ElementScan struct {
	// NamesOnly leaves values or scores out of the reply.
	NamesOnly bool

	cursor  uint64
	count   int
	pattern []byte // nil matches everything
}

// ScanCursorArg reads argument i as a cursor. If it is none, it answers so.
func (c *Ctx) ScanCursorArg(i int) (cursor uint64, ok bool) {
	if cursor, ok = ParseCursor(c.Args[i]); !ok {
		c.Out.Error(InvalidCursor)
	}
	return cursor, ok
}

// ReplyScanEnd answers a scan of an absent key.
func (c *Ctx) ReplyScanEnd() { c.Out.RawString("*2\r\n$1\r\n0\r\n*0\r\n") }

// ParseElementScan reads the options of a scan over a collection of type t,
// which begin with argument 3. If they make no sense, it answers so.
func ParseElementScan(c *Ctx, t value.Type, cursor uint64) (s ElementScan, ok bool) {
	s = ElementScan{cursor: cursor, count: 10}
	for i := 3; i < len(c.Args); {
		operand := i+1 < len(c.Args)
		switch a := c.Args[i]; {
		case Is(a, "count") && operand:
			n, ok := c.IntArg(i + 1)
			if !ok {
				return s, false
			}
			if n < 1 {
				c.Out.Error(SyntaxError)
				return s, false
			}
			s.count = int(n)
			i += 2
		case Is(a, "match") && operand:
			if s.pattern = c.Args[i+1]; string(s.pattern) == "*" {
				s.pattern = nil
			}
			i += 2
		case Is(a, "novalues"):
			if t != value.Hash {
				c.Out.Error("ERR NOVALUES option can only be used in HSCAN")
				return s, false
			}
			s.NamesOnly = true
			i++
		case Is(a, "noscores"):
			if t != value.ZSet {
				c.Out.Error("ERR NOSCORES option can only be used in ZSCAN")
				return s, false
			}
			s.NamesOnly = true
			i++
		default:
			c.Out.Error(SyntaxError)
			return s, false
		}
	}
	return s, true
}

// Reply walks on and answers. step visits the elements at a cursor and returns
// the next cursor; it passes each element's name to wanted, and if that reports
// true, appends the element, as perElement bulk strings, to elements.
func (s *ElementScan) Reply(c *Ctx, perElement int,
	step func(cursor uint64, wanted func(name []byte) bool, elements *resp.Writer) (next uint64)) {
	elements := resp.NewWriter(c.Out.Protocol(), nil)
	visited, found := 0, 0
	wanted := func(name []byte) bool {
		visited++
		if s.pattern != nil && !glob.Match(s.pattern, name, false) {
			return false
		}
		found++
		return true
	}
	// A sparse table must not hold the server up: there is a limit to the
	// places visited as well.
	stepsLeft := min(s.count, math.MaxInt/10) * 10
	cursor := s.cursor
	for {
		cursor = step(cursor, wanted, elements)
		if cursor == 0 || stepsLeft == 0 || visited >= s.count {
			break
		}
		stepsLeft--
	}
	c.Out.ArrayHeader(2)
	var text [number.IntTextMax]byte
	c.Out.Bulk(number.AppendUint(text[:0], cursor))
	c.Out.ArrayHeader(found * perElement)
	c.Out.Raw(elements.Bytes())
}
