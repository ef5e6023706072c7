package stringcmd

import (
	"math"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
)

func (l limits) lcsSpec() command.Spec {
	lcsSpec := command.Spec{
		Name: "lcs", Group: command.GroupString, Since: "7.0.0", Arity: -3,
		Flags: command.ReadOnly, ACL: command.CatString,
		Summary:    "Find the longest subsequence two strings have in common",
		Complexity: "O(N*M) for strings of N and M bytes",
		Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, LastKey: 1, Step: 1}},
		Args: []command.Arg{
			{Name: "key1", Type: command.ArgKey}, {Name: "key2", Type: command.ArgKey},
			{Name: "len", Type: command.ArgPureToken, Token: "LEN", Flags: command.ArgOptional},
			{Name: "idx", Type: command.ArgPureToken, Token: "IDX", Flags: command.ArgOptional},
			{Name: "min-match-len", Type: command.ArgInteger, Token: "MINMATCHLEN", Flags: command.ArgOptional},
			{Name: "withmatchlen", Type: command.ArgPureToken, Token: "WITHMATCHLEN", Flags: command.ArgOptional},
		},
		Run: l.runLCS,
	}
	return lcsSpec
}

// lcsReply says what LCS answers with.
type lcsReply struct {
	onlyLen      bool
	ranges       bool
	minMatchLen  int64
	withMatchLen bool
}

func (l limits) runLCS(c *command.Ctx) {
	ea, eb := c.Tx.Find(c.Args[1]), c.Tx.Find(c.Args[2])
	if ea.Found() && eb.Found() {
		// The second lookup may have removed an expired key beside the first.
		ea = c.Tx.Peek(c.Args[1])
	}
	if ea.Found() && ea.Type() != value.String || eb.Found() && eb.Type() != value.String {
		c.Out.Error("ERR The specified keys must contain string values")
		return
	}
	want, ok := parseLCS(c)
	if !ok {
		return
	}
	var textA, textB keyspace.NumberText
	var a, b []byte
	if ea.Found() {
		a = ea.String(&textA)
	}
	if eb.Found() {
		b = eb.String(&textB)
	}
	if len(a) >= math.MaxUint32-1 || len(b) >= math.MaxUint32-1 {
		c.Out.Error("ERR String too long for LCS")
		return
	}
	// What Valkey's table would take is the measure for what is too much.
	if cells := uint64(len(a)+1) * uint64(len(b)+1); cells > math.MaxUint64/4 || cells*4 > uint64(l.MaxBulkBytes()) {
		c.Out.Error("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
		return
	}
	t := alignAll(a, b)
	switch {
	case want.ranges:
		want.replyRanges(c, t)
	case want.onlyLen:
		c.Out.Int(int64(t.length))
	default:
		c.Out.Bulk(t.common())
	}
}

func parseLCS(c *command.Ctx) (r lcsReply, ok bool) {
	for i := 3; i < len(c.Args); i++ {
		switch a := c.Args[i]; {
		case command.Is(a, "idx"):
			r.ranges = true
		case command.Is(a, "len"):
			r.onlyLen = true
		case command.Is(a, "withmatchlen"):
			r.withMatchLen = true
		case command.Is(a, "minmatchlen") && i+1 < len(c.Args):
			i++
			if r.minMatchLen, ok = c.IntArg(i); !ok {
				return r, false
			}
		default:
			c.Out.Error(command.SyntaxError)
			return r, false
		}
	}
	if r.onlyLen && r.ranges {
		c.Out.Error("ERR If you want both the length and indexes, please just use IDX.")
		return r, false
	}
	return r, true
}

func (r lcsReply) replyRanges(c *command.Ctx, t *alignment) {
	c.Out.MapHeader(2)
	c.Out.BulkString("matches")
	list, n := c.Out.Defer(), 0
	t.walk(nil, func(a, b, length int) {
		if int64(length) < r.minMatchLen {
			return
		}
		n++
		size := 2
		if r.withMatchLen {
			size = 3
		}
		c.Out.ArrayHeader(size)
		for _, from := range [2]int{a, b} {
			c.Out.ArrayHeader(2)
			c.Out.Int(int64(from))
			c.Out.Int(int64(from + length - 1))
		}
		if r.withMatchLen {
			c.Out.Int(int64(length))
		}
	})
	c.Out.SetArrayLen(list, n)
	c.Out.BulkString("len")
	c.Out.Int(int64(t.length))
}

// alignment is the longest common subsequence of a and b. Of the table of the
// lengths for all pairs of prefixes it keeps, for each pair, only the direction
// in which the way back to the beginning goes where the last bytes differ: one
// bit instead of a number.
type alignment struct {
	a, b   []byte
	length int
	up     []uint64 // bit i*len(b)+j: drop a[i] rather than b[j]
}

func alignAll(a, b []byte) *alignment {
	t := &alignment{a: a, b: b, up: make([]uint64, (len(a)*len(b)+63)/64)}
	row := make([]uint32, len(b)+1) // lengths for the prefix of a so far
	bit := 0
	for _, x := range a {
		diagonal, left := uint32(0), uint32(0)
		for j, y := range b {
			above := row[j+1]
			switch {
			case x == y:
				left = diagonal + 1
			case above > left:
				left = above
				t.up[bit>>6] |= 1 << (bit & 63)
			}
			diagonal = above
			row[j+1] = left
			bit++
		}
	}
	t.length = int(row[len(b)])
	return t
}

// walk goes from the ends of both strings to their beginning. It tells common
// of every byte in common and run of every run of adjacent common bytes, where
// it starts in a and in b and how long it is, last first. Both are optional.
func (t *alignment) walk(common func(c byte), run func(a, b, length int)) {
	length := 0
	i, j := len(t.a), len(t.b)
	end := func() {
		if length > 0 && run != nil {
			run(i, j, length)
		}
		length = 0
	}
	for i > 0 && j > 0 {
		if t.a[i-1] == t.b[j-1] {
			i--
			j--
			length++
			if common != nil {
				common(t.a[i])
			}
			continue
		}
		end()
		if bit := (i-1)*len(t.b) + j - 1; t.up[bit>>6]>>(bit&63)&1 != 0 {
			i--
		} else {
			j--
		}
	}
	end()
}

// common returns the longest common subsequence.
func (t *alignment) common() []byte {
	out := make([]byte, t.length)
	n := t.length
	t.walk(func(c byte) { n--; out[n] = c }, nil)
	return out
}
