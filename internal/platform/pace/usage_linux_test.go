package pace

import (
	"runtime"
	"testing"
)

// TestUsage works until the kernel counts some of it for this thread.
func TestUsage(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began, _ := usage()
	for range 10_000_000 {
		if cpu, _ := usage(); cpu > began {
			return
		}
	}
	t.Error("ten million looks at the clock took no time")
}
