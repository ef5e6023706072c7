// Package serverlog writes the server's log: one line an event, in the formats
// of log-format and log-timestamp-format, to standard output, to a file, or to
// the system log as well.
package serverlog

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Level is the weight of a line.
type Level int32

// Levels, as loglevel names them.
const (
	Debug Level = iota
	Verbose
	Notice
	Warning
	Nothing
)

// Format is the shape of a line (log-format).
type Format int32

// Formats.
const (
	Legacy Format = iota
	Logfmt
	JSON
)

// Timestamp is the shape of a line's time (log-timestamp-format).
type Timestamp int32

// Timestamps.
const (
	TimeLegacy Timestamp = iota
	TimeISO8601
	TimeMillis
)

// Role is the letter that tells who writes.
type Role byte

// Roles.
const (
	Sentinel Role = 'X'
	Replica  Role = 'S'
	Primary  Role = 'M'
)

// System is a system log (syslog). Lines come without time and role.
type System interface {
	Write(level Level, line string)
}

// Log is one server's log. All methods may be called from any goroutine.
type Log struct {
	pid       int
	now       func() time.Time
	level     atomic.Int32
	format    atomic.Int32
	timestamp atomic.Int32
	role      atomic.Int32

	mu     sync.Mutex
	out    io.Writer // where lines go while file is empty
	file   string
	system System
}

// New returns a log that writes to out at level Notice.
func New(out io.Writer, now func() time.Time) *Log {
	l := &Log{pid: os.Getpid(), now: now, out: out}
	l.level.Store(int32(Notice))
	l.role.Store(int32(Primary))
	return l
}

// SetLevel drops lines below a level.
func (l *Log) SetLevel(v Level) { l.level.Store(int32(v)) }

// SetFormat chooses the shape of lines and times.
func (l *Log) SetFormat(f Format, t Timestamp) {
	l.format.Store(int32(f))
	l.timestamp.Store(int32(t))
}

// SetRole chooses the role letter.
func (l *Log) SetRole(r Role) { l.role.Store(int32(r)) }

// SetFile makes lines go to a file, opened for each line so that others may
// move it away; "" is the writer given to New.
func (l *Log) SetFile(path string) {
	l.mu.Lock()
	l.file = path
	l.mu.Unlock()
}

// SetSystem adds a system log, or removes it with nil.
func (l *Log) SetSystem(s System) {
	l.mu.Lock()
	l.system = s
	l.mu.Unlock()
}

// Debugf writes a line at level Debug.
func (l *Log) Debugf(format string, args ...any) { l.logf(Debug, format, args) }

// Verbosef writes a line at level Verbose.
func (l *Log) Verbosef(format string, args ...any) { l.logf(Verbose, format, args) }

// Noticef writes a line at level Notice.
func (l *Log) Noticef(format string, args ...any) { l.logf(Notice, format, args) }

// Warningf writes a line at level Warning.
func (l *Log) Warningf(format string, args ...any) { l.logf(Warning, format, args) }

// Raw writes text as it is, without time or line end, at level Notice.
func (l *Log) Raw(text string) {
	if Level(l.level.Load()) <= Notice {
		l.write(Notice, text, "")
	}
}

func (l *Log) logf(level Level, format string, args []any) {
	if level < Level(l.level.Load()) {
		return
	}
	text := fmt.Sprintf(format, args...)
	l.write(level, l.line(level, text), text)
}

// write sends a finished line to the file or writer, and text to the system log.
func (l *Log) write(level Level, line, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == "" {
		io.WriteString(l.out, line)
	} else if f, err := os.OpenFile(l.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err == nil {
		io.WriteString(f, line)
		f.Close()
	}
	if l.system != nil && text != "" {
		l.system.Write(level, text)
	}
}

// levelNames are the words of the structured formats.
var levelNames = [...]string{"debug", "info", "notice", "warning"}

func (l *Log) line(level Level, text string) string {
	now := l.now()
	role := Role(l.role.Load())
	switch Format(l.format.Load()) {
	case Logfmt:
		return fmt.Sprintf("pid=%d role=%s timestamp=\"%s\" level=%s message=\"%s\"\n",
			l.pid, role.name(), l.stamp(now), levelNames[level], logfmtText(text))
	case JSON:
		quoted, _ := json.Marshal(text)
		return fmt.Sprintf("{\"pid\":%d,\"role\":\"%s\",\"timestamp\":\"%s\",\"level\":\"%s\",\"message\":%s}\n",
			l.pid, role.name(), l.stamp(now), levelNames[level], quoted)
	}
	return fmt.Sprintf("%d:%c %s %c %s\n", l.pid, role, l.stamp(now), ".-*#"[level], text)
}

// logfmtText replaces what would end a quoted value.
func logfmtText(text string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '"':
			return '\''
		case '\n', '\r':
			return ' '
		}
		return r
	}, text)
}

func (l *Log) stamp(t time.Time) string {
	switch Timestamp(l.timestamp.Load()) {
	case TimeISO8601:
		return t.Format("2006-01-02T15:04:05.000-07:00")
	case TimeMillis:
		return strconv.FormatInt(t.UnixMilli(), 10)
	}
	return t.Format("02 Jan 2006 15:04:05.000")
}

func (r Role) name() string {
	switch r {
	case Sentinel:
		return "sentinel"
	case Replica:
		return "replica"
	}
	return "primary"
}
