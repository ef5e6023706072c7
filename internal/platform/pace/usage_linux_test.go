package pace

import "testing"

// TestUsage works until the kernel counts some of it for this thread.
func TestUsage(t *testing.T) {
	p := New()
	defer p.Close()
	p.Begin()
	for range 10_000_000 {
		if cpu, _ := usage(); cpu > p.cpu {
			return
		}
	}
	t.Error("ten million looks at the clock took no time")
}
