package offheap

import "golang.org/x/sys/unix"

const (
	reserveFlags  = unix.MAP_PRIVATE | unix.MAP_ANON | unix.MAP_NORESERVE
	releaseAdvice = unix.MADV_DONTNEED

	// releasedIsZero: an anonymous page reads as zero after MADV_DONTNEED.
	releasedIsZero = true
)

// populate backs a range of committed pages with zeros (Linux 5.14).
func populate(base, size uintptr) error {
	return unix.Madvise(view(base, size), unix.MADV_POPULATE_WRITE)
}
