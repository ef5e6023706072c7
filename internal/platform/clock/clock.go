// Package clock is where time comes from.
//
// Three kinds of time are kept apart:
//
//   - Wall time, Clock.Now, is what keys expire by and what is written to files.
//     It can jump in either direction.
//   - Monotonic time, Clock.Mono, only moves forward. Timeouts and durations use
//     it. Its zero point means nothing.
//   - Ticks are the processor's own counter, the cheapest to read. They time
//     single commands; a TickScale turns a difference of ticks into nanoseconds.
//
// Code below the server takes a Clock from its owner and never asks the system,
// so that a simulation can run it on a Manual clock.
package clock

import (
	"sync"
	"time"
)

// Clock is a source of wall and monotonic time. It is safe for concurrent use.
type Clock interface {
	// Now returns the wall time.
	Now() time.Time
	// Mono returns monotonic nanoseconds since an arbitrary moment.
	Mono() int64
}

// System is the clock of the machine.
type System struct{ origin time.Time }

// NewSystem returns the machine's clock; its monotonic time starts now.
func NewSystem() *System { return &System{origin: time.Now()} }

// Now implements Clock.
func (*System) Now() time.Time { return time.Now() }

// Mono implements Clock.
func (s *System) Mono() int64 { return int64(time.Since(s.origin)) }

// Manual is a clock that moves only when told to.
type Manual struct {
	mu   sync.Mutex
	wall time.Time
	mono int64
}

// NewManual returns a clock that stands at the given wall time and at
// monotonic time 0.
func NewManual(wall time.Time) *Manual { return &Manual{wall: wall.Round(0)} }

// Now implements Clock.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.wall
}

// Mono implements Clock.
func (m *Manual) Mono() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mono
}

// Advance lets d pass on both times. It panics when d is negative: monotonic
// time does not go back.
func (m *Manual) Advance(d time.Duration) {
	if d < 0 {
		panic("clock: Advance by a negative duration")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wall = m.wall.Add(d)
	m.mono += int64(d)
}

// SetWall makes the wall time jump, as an operator or a time server would.
// Monotonic time does not notice.
func (m *Manual) SetWall(wall time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wall = wall.Round(0)
}
