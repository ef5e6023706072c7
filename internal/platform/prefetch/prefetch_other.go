//go:build !amd64 && !arm64

package prefetch

import "unsafe"

// T0 would start loading the cache line that holds p; here it does nothing.
func T0(unsafe.Pointer) {}

// Lines would start loading the lines of these addresses; here it does nothing.
func Lines([]uintptr) {}
