//go:build !amd64 && !arm64

package clock

import "time"

var origin = time.Now()

// Ticks returns monotonic nanoseconds; this processor has no counter that
// programs may read on every system.
func Ticks() uint64 { return uint64(time.Since(origin)) }
