//go:build amd64 || arm64

package prefetch

import "unsafe"

// T0 starts loading the cache line that holds p into every level of the cache.
//
//go:noescape
func T0(p unsafe.Pointer)
