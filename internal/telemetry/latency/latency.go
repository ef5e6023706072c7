// Package latency is the latency monitor: it remembers events that took longer
// than latency-monitor-threshold, and answers LATENCY about them.
//
// Vocabulary:
//
//   - An event is a kind of work that can hold clients up: "command",
//     "fast-command", "expire-cycle" and so on.
//   - A spike is one such work that reached the threshold. An event keeps the
//     worst spike of each of the last 160 seconds that had any.
package latency

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
)

// The events of the core.
const (
	EventCommand     = "command"
	EventFastCommand = "fast-command"
	EventExpireCycle = "expire-cycle"
)

// history is how many seconds with spikes an event remembers.
const history = 160

// spike is the worst spike of one second.
type spike struct{ unixSeconds, millis int64 }

// event is one event's history.
type event struct {
	name            string
	spikes          []spike // oldest first, at most history
	max, sum, count int64   // since the last reset, milliseconds
}

// Monitor remembers spikes. It is safe for concurrent use.
type Monitor struct {
	clock     clock.Clock
	threshold atomic.Int64 // milliseconds; 0 is off

	mu     sync.Mutex
	events []*event // by first spike
}

// New returns a monitor that is off.
func New(c clock.Clock) *Monitor { return &Monitor{clock: c} }

// SetThreshold sets latency-monitor-threshold; 0 turns the monitor off.
func (m *Monitor) SetThreshold(millis int64) { m.threshold.Store(millis) }

// Threshold returns from which duration on executions are of interest.
func (m *Monitor) Threshold() time.Duration {
	if millis := m.threshold.Load(); millis > 0 && millis < int64(engine.NeverDuration/time.Millisecond) {
		return time.Duration(millis) * time.Millisecond
	}
	return engine.NeverDuration
}

// Add notes that an event took that long. It is cheap below the threshold.
func (m *Monitor) Add(name string, d time.Duration) {
	if d < m.Threshold() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.findLocked(name)
	if e == nil {
		e = &event{name: name}
		m.events = append(m.events, e)
	}
	e.add(m.clock.Now().Unix(), d.Milliseconds())
}

// Executed notes how long a command took.
func (m *Monitor) Executed(c *command.Ctx, e engine.Execution) {
	name := EventCommand
	if c.Cmd.Flags&command.Fast != 0 {
		name = EventFastCommand
	}
	m.Add(name, e.Duration)
}

func (e *event) add(unixSeconds, millis int64) {
	e.max = max(e.max, millis)
	e.sum += millis
	e.count++
	if n := len(e.spikes); n > 0 && e.spikes[n-1].unixSeconds == unixSeconds {
		e.spikes[n-1].millis = max(e.spikes[n-1].millis, millis)
		return
	}
	if len(e.spikes) == history {
		e.spikes = slices.Delete(e.spikes, 0, 1)
	}
	e.spikes = append(e.spikes, spike{unixSeconds, millis})
}

func (m *Monitor) findLocked(name string) *event {
	for _, e := range m.events {
		if e.name == name {
			return e
		}
	}
	return nil
}

// snapshot returns copies of all events.
func (m *Monitor) snapshot() []event {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]event, len(m.events))
	for i, e := range m.events {
		all[i] = *e
		all[i].spikes = slices.Clone(e.spikes)
	}
	return all
}

// find returns a copy of one event.
func (m *Monitor) find(name string) (e event, ok bool) {
	for _, e := range m.snapshot() {
		if e.name == name {
			return e, true
		}
	}
	return event{}, false
}

// reset forgets an event, compared without case, or all with "". It returns
// how many it has forgotten.
func (m *Monitor) reset(name string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := len(m.events)
	m.events = slices.DeleteFunc(m.events, func(e *event) bool {
		return name == "" || strings.EqualFold(e.name, name)
	})
	return before - len(m.events)
}

// summary describes the spikes that an event remembers.
type summary struct {
	spikes                int
	mean, deviation       int64 // milliseconds; the deviation is the mean absolute one
	min, max              int64
	secondsBetweenWorst   float64 // mean time between two seconds with spikes
	secondsSinceTheOldest int64
}

func (e *event) summarize(now int64) (s summary) {
	if s.spikes = len(e.spikes); s.spikes == 0 {
		return s
	}
	var sum int64
	s.min = e.spikes[0].millis
	for _, p := range e.spikes {
		sum += p.millis
		s.min, s.max = min(s.min, p.millis), max(s.max, p.millis)
	}
	n := int64(s.spikes)
	s.mean = sum / n
	sum = 0
	for _, p := range e.spikes {
		sum += max(p.millis-s.mean, s.mean-p.millis)
	}
	s.deviation = sum / n
	s.secondsSinceTheOldest = max(now-e.spikes[0].unixSeconds, 1)
	s.secondsBetweenWorst = float64(s.secondsSinceTheOldest) / float64(n)
	return s
}
