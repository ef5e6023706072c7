package processors

import (
	"runtime"
	"testing"
)

func TestReserveOnlyAdds(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	Reserve(before)
	if got := runtime.GOMAXPROCS(0); got != before+spare {
		t.Fatalf("%d processors for %d loops", got, before)
	}
	Reserve(1)
	if got := runtime.GOMAXPROCS(0); got != before+spare {
		t.Fatalf("%d processors after a smaller wish", got)
	}
}
