//go:build unix && !linux

package offheap

import (
	"errors"

	"golang.org/x/sys/unix"
)

const (
	reserveFlags = unix.MAP_PRIVATE | unix.MAP_ANON
	// MADV_DONTNEED is only a hint here; MADV_FREE lets the system take the page
	// when it wants to.
	releaseAdvice = unix.MADV_FREE

	releasedIsZero = false
)

// populate is not offered here.
func populate(base, size uintptr) error { return errors.ErrUnsupported }
