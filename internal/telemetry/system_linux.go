package telemetry

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

func threadUsage(u *unix.Rusage) bool { return unix.Getrusage(unix.RUSAGE_THREAD, u) == nil }

// residentBytes is how much of the process is in memory; 0 if unknown.
func residentBytes() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		return 0
	}
	return resident * int64(os.Getpagesize())
}

// machineBytes is how much memory the machine has; 0 if unknown.
func machineBytes() int64 {
	var s unix.Sysinfo_t
	if unix.Sysinfo(&s) != nil {
		return 0
	}
	return int64(s.Totalram) * int64(s.Unit)
}
