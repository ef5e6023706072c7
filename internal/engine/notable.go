package engine

import (
	"math"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
)

// Thresholds say from which duration or size on an execution is worth a look
// by the command log and the latency monitor. Never is a threshold that
// nothing reaches.
type Thresholds struct {
	Duration     time.Duration
	RequestBytes int
	ReplyBytes   int
}

// Never is a threshold that nothing reaches, of each kind.
const (
	NeverDuration = time.Duration(math.MaxInt64)
	NeverBytes    = math.MaxInt
)

// Execution is what was measured of one command: the time it ran, the request
// as received, and its reply. A command that waited for a key counts as it
// ended; the time it waited is none of it.
type Execution struct {
	Duration     time.Duration
	RequestBytes int
	ReplyBytes   int
}

// notable is compared with every execution, so it is in the executor's own
// units.
type notable struct {
	ticks        int64
	requestBytes int
	replyBytes   int
	report       func(c *command.Ctx, e Execution)
}

func (n *notable) concerns(ticks int64, request, reply int) bool {
	return ticks >= n.ticks || request >= n.requestBytes || reply >= n.replyBytes
}

// ReportFrom makes the engine report the executions that reach a threshold,
// and perhaps some that fall short of the duration by less than a hundredth.
// report runs under the locks of the command, on several loops at a time.
func (e *Engine) ReportFrom(t Thresholds, report func(c *command.Ctx, e Execution)) {
	e.notable.Store(&notable{e.ticksBelow(t.Duration), t.RequestBytes, t.ReplyBytes, report})
}

// ticksBelow returns a number of ticks that surely takes no longer than d. The
// scale still changes a little while the server runs.
func (e *Engine) ticksBelow(d time.Duration) int64 {
	const sample = 1 << 30
	ticks := float64(d) * sample / float64(max(e.ticks.Nanos(sample), 1)) * 0.995
	if ticks >= math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(ticks)
}
