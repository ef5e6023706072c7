//go:build unix && !linux

package telemetry

import "golang.org/x/sys/unix"

func threadUsage(*unix.Rusage) bool { return false }
