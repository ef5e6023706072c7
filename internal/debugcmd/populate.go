package debugcmd

import (
	"math/rand/v2"
	"strconv"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/platform/glob"
)

// populate makes keys "prefix:0" … with strings "value:0" …, cut or filled up
// with zero bytes to a given size. Keys that exist stay.
func populate(c *command.Ctx) {
	count, ok := positive(c, 2)
	if !ok {
		return
	}
	prefix := []byte("key")
	if len(c.Args) > 3 {
		prefix = c.Args[3]
	}
	size := int64(0)
	if len(c.Args) > 4 {
		if size, ok = positive(c, 4); !ok {
			return
		}
	}
	c.PropagateNothing()
	var key, val []byte
	for i := range count {
		key = strconv.AppendInt(append(append(key[:0], prefix...), ':'), i, 10)
		e := c.Tx.Write(key)
		if e.Found() {
			continue
		}
		val = strconv.AppendInt(append(val[:0], "value:"...), i, 10)
		if size > 0 {
			val = resized(val, int(size))
		}
		c.Tx.SetText(&e, key, val, -1)
	}
	c.Out.OK()
}

// resized cuts b or fills it up with zero bytes.
func resized(b []byte, size int) []byte {
	if n := size - len(b); n > 0 {
		return append(b, make([]byte, n)...)
	}
	return b[:size]
}

func positive(c *command.Ctx, i int) (n int64, ok bool) {
	n, ok = c.IntArg(i)
	if ok && n < 0 {
		c.Out.Error("ERR value is out of range, must be positive")
		return 0, false
	}
	return n, ok
}

// stringMatchTest matches random patterns with random texts.
func stringMatchTest(c *command.Ctx) {
	const rounds, letters = 100_000, "a*[]b?-\\^"
	rng := rand.New(rand.NewPCG(1, uint64(c.Now)))
	word := func(from string, n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = from[rng.IntN(len(from))]
		}
		return b
	}
	for range rounds {
		glob.Match(word(letters, rng.IntN(16)), word("ab", rng.IntN(16)), false)
	}
	c.Out.SimpleString("Apparently the server did not crash: test passed")
}
