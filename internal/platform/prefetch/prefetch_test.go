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

func TestLinesLeaveEverythingAsItIs(t *testing.T) {
	data := make([]byte, 4096)
	for i := range data {
		data[i] = byte(i)
	}
	base := uintptr(unsafe.Pointer(&data[0]))
	for n := range 130 {
		addrs := make([]uintptr, n)
		for i := range addrs {
			addrs[i] = base + uintptr(i*31)
		}
		if n > 2 {
			addrs[1], addrs[2] = 0, ^uintptr(0)-4096
		}
		Lines(addrs)
		for i, a := range addrs {
			if want := base + uintptr(i*31); a != want && !(n > 2 && (i == 1 || i == 2)) {
				t.Fatalf("%d addresses: address %d became %x", n, i, a)
			}
		}
	}
	for i := range data {
		if data[i] != byte(i) {
			t.Fatalf("byte %d changed to %d", i, data[i])
		}
	}
}
