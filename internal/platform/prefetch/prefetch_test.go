package prefetch

import (
	"testing"
	"unsafe"
)

func TestAnyAddressIsHarmless(t *testing.T) {
	data := []byte{1, 2, 3}
	T0(unsafe.Pointer(&data[0]))
	T0(nil)
	wild := ^uintptr(0) - 4096
	T0(*(*unsafe.Pointer)(unsafe.Pointer(&wild)))
	if data[0] != 1 || data[1] != 2 || data[2] != 3 {
		t.Fatalf("data changed to %v", data)
	}
}

func BenchmarkT0(b *testing.B) {
	var x [64]byte
	for b.Loop() {
		T0(unsafe.Pointer(&x))
	}
}
