package engine

import (
	"strings"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/platform/histogram"
	"github.com/kvasirdb/kvasir/internal/resp"
)

// Stats are one executor's counters.
type Stats struct {
	Commands int64 // executed
	Errors   int64 // error replies
	commands []commandStats
	errors   map[string]int64 // by code
}

const (
	errorCodesMax     = 128 // different ones that are counted one by one
	errorCodeBytesMax = 30
	errorCodeOverflow = "ERRORSTATS_OVERFLOW" // counts the others
)

type commandStats struct {
	calls, rejected, failed int64
	ticks                   uint64
	latency                 *histogram.Histogram
}

// CommandStats are the sums of all executors for one command.
type CommandStats struct {
	Calls, Rejected, Failed int64
	Duration                time.Duration
	Latency                 *histogram.Histogram // nanoseconds; nil if never tracked
}

// account is stage 7.
func (x *Executor) account(ctx *command.Ctx, mark resp.Mark, ticks uint64) {
	x.Stats.Commands++
	ctx.Client.Commands++
	s := &x.Stats.commands[ctx.Cmd.ID]
	s.calls++
	s.ticks += ticks
	if code := ctx.Out.ErrorSince(mark); code != nil {
		s.failed++
		x.Stats.CountError(string(code))
	}
	if x.engine.latency.Load() {
		if s.latency == nil {
			s.latency = new(histogram.Histogram)
		}
		s.latency.Record(x.engine.ticks.Nanos(ticks))
	}
	if n := x.engine.notable.Load(); n != nil {
		if reply := ctx.Out.BytesSince(mark); n.concerns(int64(ticks), x.requestBytes, reply) {
			n.report(ctx, Execution{time.Duration(x.engine.ticks.Nanos(ticks)), x.requestBytes, reply})
		}
	}
}

// CountError counts an error reply under its code, the first word. For the
// executor's own goroutine.
func (s *Stats) CountError(text string) {
	s.Errors++
	code := errorCode(text)
	if s.errors == nil {
		s.errors = map[string]int64{}
	}
	if _, known := s.errors[code]; !known && len(s.errors) >= codesMax(code) {
		code = errorCodeOverflow
	}
	s.errors[code]++
}

// errorCode returns the code of an error reply. Text that does not begin with
// a word of reasonable length counts as a plain error.
func errorCode(text string) string {
	code, _, ok := strings.Cut(strings.TrimPrefix(text, "-"), " ")
	if !ok || len(code) > errorCodeBytesMax {
		return "ERR"
	}
	return code
}

// codesMax returns how many codes may be known already when this one appears.
// The server's own codes are words in capitals and not many; anything else is
// the invention of a script and must not crowd them out.
func codesMax(code string) int {
	for i := range len(code) {
		if code[i] < 'A' || code[i] > 'Z' {
			return errorCodesMax
		}
	}
	return 2 * errorCodesMax
}

// CommandStats sums one command's statistics. Exclusive mode only.
func (e *Engine) CommandStats(c *command.Cmd) (sum CommandStats) {
	var ticks uint64
	e.EachExecutor(func(x *Executor) {
		s := &x.Stats.commands[c.ID]
		sum.Calls += s.calls
		sum.Rejected += s.rejected
		sum.Failed += s.failed
		ticks += s.ticks
		if s.latency != nil {
			if sum.Latency == nil {
				sum.Latency = new(histogram.Histogram)
			}
			sum.Latency.Merge(s.latency)
		}
	})
	sum.Duration = time.Duration(e.ticks.Nanos(ticks))
	return sum
}

// ErrorStats sums the error replies by code. Exclusive mode only.
func (e *Engine) ErrorStats() map[string]int64 {
	sum := map[string]int64{}
	e.EachExecutor(func(x *Executor) {
		for code, n := range x.Stats.errors {
			sum[code] += n
		}
	})
	return sum
}

// Totals sums the executed commands and error replies. Exclusive mode only.
func (e *Engine) Totals() (commands, errors int64) {
	e.EachExecutor(func(x *Executor) {
		commands += x.Stats.Commands
		errors += x.Stats.Errors
	})
	return commands, errors
}

// Progress sums the executed commands and the changes to keys, as of the last
// time that each executor gave up its reader lock. Any goroutine may call it.
func (e *Engine) Progress() (commands, changes int64) {
	e.EachExecutor(func(x *Executor) {
		commands += x.executed.Load()
		changes += x.worker.Changes()
	})
	return commands, changes
}

// ResetStats zeroes all counters (CONFIG RESETSTAT). Exclusive mode only.
func (e *Engine) ResetStats() {
	e.EachExecutor(func(x *Executor) {
		x.Stats = Stats{commands: make([]commandStats, len(x.Stats.commands))}
		x.executed.Store(0)
	})
}
