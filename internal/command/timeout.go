package command

import (
	"math"

	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// ParseTimeout reads how long a blocking command may wait, in seconds and
// fractions, rounded up to milliseconds. It returns when the wait ends, in Unix
// milliseconds, 0 being never; or what to answer if arg is no timeout.
func ParseTimeout(c *Ctx, arg []byte) (deadlineMillis int64, errText string) {
	seconds, ok := number.ParseLongDouble(arg)
	if !ok {
		return 0, TimeoutNoFloat
	}
	millis, ok := seconds.TimesCeil(1000)
	if !ok {
		return 0, TimeoutRange
	}
	return deadline(c, millis)
}

// ParseTimeoutMillis is ParseTimeout for an integer number of milliseconds.
func ParseTimeoutMillis(c *Ctx, arg []byte) (deadlineMillis int64, errText string) {
	millis, ok := number.ParseInt(arg)
	if !ok {
		return 0, TimeoutNoInt
	}
	return deadline(c, millis)
}

func deadline(c *Ctx, millis int64) (deadlineMillis int64, errText string) {
	switch {
	case millis < 0:
		return 0, TimeoutSign
	case millis == 0:
		return 0, ""
	case millis > math.MaxInt64-c.Now:
		return 0, TimeoutRange
	}
	return c.Now + millis, ""
}
