package offheap

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// releasedIsZero: after MEM_RESET a page keeps its bytes until it is taken.
const releasedIsZero = false

const memReset = 0x80000

func systemPageBytes() int { return os.Getpagesize() }

func reserve(size uintptr) (uintptr, error) {
	return windows.VirtualAlloc(0, size, windows.MEM_RESERVE, windows.PAGE_NOACCESS)
}

func commit(base, size uintptr) error {
	_, err := windows.VirtualAlloc(base, size, windows.MEM_COMMIT, windows.PAGE_READWRITE)
	return err
}

// release does not decommit: stale references must stay readable.
func release(base, size uintptr) error {
	_, err := windows.VirtualAlloc(base, size, memReset, windows.PAGE_READWRITE)
	return err
}

// unmap cannot fail for a range that reserve returned.
func unmap(base, size uintptr) { _ = windows.VirtualFree(base, 0, windows.MEM_RELEASE) }

// populate is not offered here.
func populate(base, size uintptr) error { return errors.ErrUnsupported }
