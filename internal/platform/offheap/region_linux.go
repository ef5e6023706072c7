package offheap

import "golang.org/x/sys/unix"

const (
	reserveFlags  = unix.MAP_PRIVATE | unix.MAP_ANON | unix.MAP_NORESERVE
	releaseAdvice = unix.MADV_DONTNEED

	// releasedIsZero: an anonymous page reads as zero after MADV_DONTNEED.
	releasedIsZero = true
)
