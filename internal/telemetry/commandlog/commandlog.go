// Package commandlog keeps the latest commands that took long, or whose request
// or reply was large: COMMANDLOG, and SLOWLOG for the slow ones.
//
// The three logs have a threshold and a length each. An entry shows at most 32
// arguments and 128 bytes of each; secrets are redacted. What a command waits
// for a key is not counted as its duration.
package commandlog

import (
	"fmt"
	"sync"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/telemetry/redact"
)

// Kind is one of the three logs.
type Kind uint8

// The logs.
const (
	Slow         Kind = iota // measured in microseconds
	LargeRequest             // in bytes
	LargeReply               // in bytes
	kinds
)

const (
	argumentsMax     = 32  // kept of one command, the last one says how many more
	argumentBytesMax = 128 // kept of one argument
)

// Limits say what one log takes in. A negative threshold or a length of 0 turn
// it off; what it holds then stays.
type Limits struct {
	Threshold int64 // microseconds or bytes; what reaches it is logged
	Length    int64
}

func (l Limits) off() bool { return l.Threshold < 0 || l.Length == 0 }

// entry is one logged command.
type entry struct {
	id, unixSeconds, value int64
	args                   [][]byte
	addr, name             string
}

// Log is the three logs of one server. It is safe for concurrent use: commands
// of several loops are logged at a time.
type Log struct {
	clock  clock.Clock
	redact *redact.Rules

	mu     sync.Mutex
	limits [kinds]Limits
	logs   [kinds]struct {
		nextID  int64
		entries []entry // oldest first
	}
}

// New returns empty logs that are off.
func New(c clock.Clock, rules *redact.Rules) *Log {
	l := &Log{clock: c, redact: rules}
	for k := range l.limits {
		l.limits[k] = Limits{Threshold: -1}
	}
	return l
}

// SetLimits changes what a log takes in, and drops the entries that are too
// many now.
func (l *Log) SetLimits(k Kind, limits Limits) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limits[k] = limits
	if !limits.off() {
		l.trimLocked(k)
	}
}

// Thresholds returns from where on the log wants to hear of executions.
func (l *Log) Thresholds() engine.Thresholds {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := engine.Thresholds{Duration: engine.NeverDuration, RequestBytes: engine.NeverBytes, ReplyBytes: engine.NeverBytes}
	if m := l.limits[Slow]; !m.off() {
		t.Duration = microseconds(m.Threshold)
	}
	if m := l.limits[LargeRequest]; !m.off() {
		t.RequestBytes = int(m.Threshold)
	}
	if m := l.limits[LargeReply]; !m.off() {
		t.ReplyBytes = int(m.Threshold)
	}
	return t
}

// Executed logs a command where it reaches a threshold.
func (l *Log) Executed(c *command.Ctx, e engine.Execution) {
	if c.Cmd.Flags&command.SkipCommandLog != 0 {
		return
	}
	values := [kinds]int64{e.Duration.Microseconds(), int64(e.RequestBytes), int64(e.ReplyBytes)}
	l.mu.Lock()
	defer l.mu.Unlock()
	var args [][]byte
	for k, value := range values {
		limits := l.limits[k]
		if limits.off() || value < limits.Threshold {
			continue
		}
		if args == nil {
			args = l.excerpt(c.Cmd, c.Args)
		}
		log := &l.logs[k]
		log.entries = append(log.entries, entry{
			id: log.nextID, unixSeconds: l.clock.Now().Unix(), value: value, args: args,
			addr: c.Client.Addr, name: c.Client.Name,
		})
		log.nextID++
		l.trimLocked(Kind(k))
	}
}

// trimLocked drops the oldest entries beyond the log's length.
func (l *Log) trimLocked(k Kind) {
	log := &l.logs[k]
	if excess := int64(len(log.entries)) - l.limits[k].Length; excess > 0 {
		clear(log.entries[:excess])
		log.entries = log.entries[excess:]
	}
}

// excerpt copies what is shown of the arguments.
func (l *Log) excerpt(cmd *command.Cmd, argv [][]byte) [][]byte {
	args := make([][]byte, min(len(argv), argumentsMax))
	for i := range args {
		args[i] = abbreviate(argv[i])
	}
	for _, i := range l.redact.Secrets(cmd, argv) {
		if i < len(args) {
			args[i] = []byte(redact.Placeholder)
		}
	}
	if last := len(args) - 1; len(argv) > len(args) {
		args[last] = fmt.Appendf(nil, "... (%d more arguments)", len(argv)-last)
	}
	return args
}

func abbreviate(arg []byte) []byte {
	if len(arg) <= argumentBytesMax {
		return append([]byte{}, arg...)
	}
	return fmt.Appendf(nil, "%s... (%d more bytes)", arg[:argumentBytesMax], len(arg)-argumentBytesMax)
}

// length returns how many entries a log holds.
func (l *Log) length(k Kind) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.logs[k].entries)
}

// latest returns the latest count entries, newest first; all if count is -1.
func (l *Log) latest(k Kind, count int64) []entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	entries := l.logs[k].entries
	if n := int64(len(entries)); count < 0 || count > n {
		count = n
	}
	out := make([]entry, count)
	for i := range out {
		out[i] = entries[len(entries)-1-i]
	}
	return out
}

// reset empties a log. Its numbering goes on.
func (l *Log) reset(k Kind) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.logs[k].entries = nil
}
