package pace

import (
	"time"

	"golang.org/x/sys/unix"
)

// thread returns the number of the calling thread.
func thread() int { return unix.Gettid() }

// usage returns the calling thread's CPU time and how often it was interrupted.
func usage() (cpu time.Duration, interrupted int64) {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_THREAD, &u) != nil {
		return 0, 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), int64(u.Nivcsw)
}

// Yield lets a thread run that waits for the processor of this one. If none does,
// it costs half a microsecond.
func Yield() { _, _, _ = unix.Syscall(unix.SYS_SCHED_YIELD, 0, 0, 0) }

// Sleep sleeps in the kernel: Go's timers would hand the thread over twice.
func Sleep(d time.Duration) {
	left := unix.NsecToTimespec(d.Nanoseconds())
	for unix.Nanosleep(&left, &left) == unix.EINTR {
	}
}
