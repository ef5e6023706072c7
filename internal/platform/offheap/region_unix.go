//go:build unix

package offheap

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

func systemPageBytes() int { return os.Getpagesize() }

// reserveHint asks for addresses that fit in 47 bits where the system has more
// of them (arm64). It is far from where the Go runtime puts its heap.
const reserveHint = 0x3000_0000_0000

func reserve(size uintptr) (uintptr, error) {
	p, err := unix.MmapPtr(-1, 0, nil, size, unix.PROT_NONE, reserveFlags)
	if err == nil && uintptr(p)+size > 1<<47 {
		if err = unix.MunmapPtr(p, size); err == nil {
			p, err = unix.MmapPtr(-1, 0, Ref(reserveHint).Ptr(), size, unix.PROT_NONE, reserveFlags)
		}
	}
	return uintptr(p), err
}

func commit(base, size uintptr) error {
	return unix.Mprotect(view(base, size), unix.PROT_READ|unix.PROT_WRITE)
}

func release(base, size uintptr) error { return unix.Madvise(view(base, size), releaseAdvice) }

// unmap cannot fail for a range that reserve returned.
func unmap(base, size uintptr) { _ = unix.MunmapPtr(Ref(base).Ptr(), size) }

func view(base, size uintptr) []byte { return unsafe.Slice((*byte)(Ref(base).Ptr()), size) }
