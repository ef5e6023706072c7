//go:build !linux

package pace

import (
	"runtime"
	"time"
)

// Nothing is known of threads: work goes on without a pause.
func thread() int { return 0 }

func usage() (cpu time.Duration, interrupted int64) { return 0, 0 }

// Yield lets another goroutine run.
func Yield() { runtime.Gosched() }

// Sleep sleeps, on Linux in the kernel.
func Sleep(d time.Duration) { time.Sleep(d) }
