//go:build linux && !kvasir_portable

package poll

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// restAfter is how long there must have been no event before a wait is a rest.
const restAfter = 50 * time.Millisecond

// rest is how a loop waits that has had nothing to do for a while.
//
// A goroutine in a system call keeps its processor until the scheduler's monitor
// takes it away. Until then, for 10 ms after every wake-up, the monitor looks every
// 20 µs: for a server without work that was four fifths of its processor time. So
// a loop at rest parks instead, and lets the runtime's own poller watch its epoll
// descriptor. That costs each event a second notification and another thread's
// wake-up, so the runtime watches a copy of the descriptor, which is closed when the
// rest ends.
type rest struct {
	quiet time.Time // since when no event has come; zero: the last wait found one
	file  *os.File  // the copy; nil outside of a rest
	conn  syscall.RawConn
	never bool // the runtime does not watch it
}

// begins reports whether a wait that begins now is a rest.
func (r *rest) begins(now time.Time) bool {
	if r.quiet.IsZero() {
		r.quiet = now
	}
	return now.Sub(r.quiet) >= restAfter && !r.never
}

// end notes that there was an event.
func (r *rest) end() {
	r.quiet = time.Time{}
	r.close()
}

func (r *rest) close() {
	if r.file != nil {
		r.file.Close()
		r.file, r.conn = nil, nil
	}
}

// watch makes the runtime watch an epoll descriptor.
func (r *rest) watch(fd int) error {
	if r.file != nil {
		return nil
	}
	twin, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if err := unix.SetNonblock(twin, true); err != nil { // what os.NewFile goes by
		unix.Close(twin)
		return err
	}
	r.file = os.NewFile(uintptr(twin), "epoll")
	r.conn, err = r.file.SyscallConn()
	return err
}

// restFor waits like block, without keeping a processor.
func (p *Poller) restFor(raw []unix.EpollEvent, timeout time.Duration) (n int, err error) {
	err = p.rest.watch(p.fd)
	if err == nil {
		var deadline time.Time
		if timeout >= 0 {
			deadline = time.Now().Add(timeout)
		}
		err = p.rest.file.SetReadDeadline(deadline)
	}
	if err != nil {
		p.rest.close()
		p.rest.never = true
		return p.block(raw, timeout)
	}
	var failed error
	p.rest.conn.Read(func(uintptr) bool { // its error is the deadline
		n, failed = p.poll(raw)
		return n != 0 || failed != nil
	})
	return n, failed
}
