// Package poll tells an event loop which of its sockets are ready and moves
// bytes through them without ever blocking. It owns everything about sockets
// that differs between operating systems: readiness, non-blocking reads and
// writes, accepting, listening, socket options and the text of addresses.
//
// Vocabulary:
//
//   - Poller: one event loop's view of its sockets. Its methods belong to the
//     loop's goroutine, except Wake.
//   - token: the number under which the loop registered a socket, returned
//     with its events. Events fetched before a socket was removed still carry
//     its token, so a token should hold a generation as well as an index.
//   - level-triggered: as long as a socket is ready, every Wait says so. A loop
//     may thus read a bounded amount from each socket per turn and forget about
//     the rest.
//   - wake-up: another goroutine making Wait return.
//
// Each system has its own implementation of the same three types, Poller, Conn
// and Listener, chosen when compiling, so that the hot path has no interface
// calls:
//
//   - Linux: epoll and an eventfd; reads, writes and the empty poll are raw
//     system calls, which the scheduler does not notice. They never block. Only
//     the wait that may block is announced to the scheduler, so that other
//     goroutines run meanwhile: a goroutine blocked in a raw system call would
//     hold up the garbage collector.
//   - macOS and the BSDs: kqueue and a pipe.
//   - Windows and others: package net, with two goroutines per connection that
//     move bytes between the socket and bounded buffers (tag kvasir_portable
//     selects it elsewhere, for tests).
package poll

import (
	"errors"
	"time"
)

// ErrAgain is returned when a call would have to wait: no bytes to read, no
// room to write, no connection to accept. Readiness will be reported.
var ErrAgain = errors.New("resource temporarily unavailable")

// ErrClosed is returned for a Poller, Conn or Listener that was closed.
var ErrClosed = errors.New("use of closed network connection")

// Event says what a registered socket is ready for.
type Event struct {
	Token uint64
	// Readable: Read returns bytes, the end of the stream or an error;
	// Accept returns a connection.
	Readable bool
	// Writable: Write takes bytes or returns an error. Only reported where
	// the loop asked for it.
	Writable bool
	// Hangup: the connection is broken or fully closed. Reported whatever the
	// loop asked for, as both sides need to find out.
	Hangup bool
}

// Options configures a Poller. The zero value is a good default.
type Options struct {
	// SpinPolls is how often Wait looks again without blocking before it
	// blocks, if recent waits were short. It saves the price of sleeping and
	// waking where the next request is microseconds away. 0 means
	// DefaultSpinPolls, negative means never.
	SpinPolls int
}

// DefaultSpinPolls is the number of empty polls before blocking.
const DefaultSpinPolls = 20

// spinWait is how soon work must come after a wait began for polling again to
// be better than sleeping. Sleeping and waking cost some 5 to 50 µs.
const spinWait = 50 * time.Microsecond

// spinner decides whether polling without blocking is worth its CPU time.
type spinner struct {
	polls int  // 0: never
	hot   bool // the last wait found work soon
}

func newSpinner(options Options) spinner {
	polls := options.SpinPolls
	if polls == 0 {
		polls = DefaultSpinPolls
	}
	return spinner{polls: max(polls, 0)}
}

// budget returns how many empty polls to make now.
func (s *spinner) budget() int {
	if s.hot {
		return s.polls
	}
	return 0
}

// waited learns from a blocking wait.
func (s *spinner) waited(d time.Duration, found bool) {
	s.hot = s.polls > 0 && found && d < spinWait
}
