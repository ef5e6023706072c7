//go:build amd64 || arm64

package prefetch

import "unsafe"

// T0 starts loading the cache line that holds p into every level of the cache.
//
//go:noescape
func T0(p unsafe.Pointer)

// Lines does what T0 does for each of the addresses, in a loop so short that
// the processor translates several addresses at a time.
func Lines(addrs []uintptr) { lines(unsafe.SliceData(addrs), len(addrs)) }

//go:noescape
func lines(first *uintptr, n int)
