package command

import (
	"fmt"
	"math"

	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// Is reports whether an argument is the given word, which is in lower case, in
// any ASCII case: an option's name.
func Is(arg []byte, word string) bool { return equalWord(arg, word) }

// IntArg reads argument i as an integer. If it is none, it answers so and
// reports false.
func (c *Ctx) IntArg(i int) (n int64, ok bool) {
	if n, ok = number.ParseInt(c.Args[i]); !ok {
		c.Out.Error(NotAnInteger)
	}
	return n, ok
}

// Int32Arg is IntArg for what Valkey keeps in 32 bits.
func (c *Ctx) Int32Arg(i int) (n int, ok bool) {
	long, ok := c.IntArg(i)
	if ok && (long < math.MinInt32 || long > math.MaxInt32) {
		c.Out.Error(fmt.Sprintf("ERR value is out of range, value must between %d and %d", math.MinInt32, math.MaxInt32))
		return 0, false
	}
	return int(long), ok
}

// InvalidExpireTime answers that the time argument of the command is no time.
func (c *Ctx) InvalidExpireTime() { c.Out.Error(fmt.Sprintf(InvalidExpire, c.Cmd.Name)) }
