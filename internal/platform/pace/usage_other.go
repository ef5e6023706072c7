//go:build !linux

package pace

import "time"

// usage is not known: work goes on without a pause.
func usage() (cpu time.Duration, interrupted int64) { return 0, 0 }

func sleep(d time.Duration) { time.Sleep(d) }
