//go:build unix

package telemetry

import "golang.org/x/sys/unix"

// systemName is the system's name, release and machine.
func systemName() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:]) + " " + unix.ByteSliceToString(u.Machine[:])
}

func processorTime() (p processorUse) {
	var self, children, thread unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &self) == nil {
		p.system, p.user = micros(self.Stime), micros(self.Utime)
	}
	if unix.Getrusage(unix.RUSAGE_CHILDREN, &children) == nil {
		p.childrenSystem, p.childrenUser = micros(children.Stime), micros(children.Utime)
	}
	if threadUsage(&thread) {
		p.threadSystem, p.threadUser, p.ofThread = micros(thread.Stime), micros(thread.Utime), true
	}
	return p
}

func micros(t unix.Timeval) int64 { return t.Nano() / 1e3 }
