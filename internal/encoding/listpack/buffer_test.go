package listpack

import (
	"testing"
	"unsafe"
)

func TestBuffers(t *testing.T) {
	var buffers Buffers
	use := func() (outer, inner *byte) {
		a, b := buffers.Buffer(), buffers.Buffer()
		outer, inner = unsafe.SliceData(a.Reserve(100)), unsafe.SliceData(b.Reserve(200))
		b.Release()
		a.Release()
		return outer, inner
	}
	outer, inner := use()
	if outer == inner {
		t.Fatal("two readers share their memory")
	}
	if n := testing.AllocsPerRun(100, func() { use() }); n != 0 {
		t.Fatalf("%v allocations for memory that was given back", n)
	}

	large := buffers.Buffer()
	for range 2 * buffersKept {
		b := buffers.Buffer()
		b.Reserve(10)
		defer b.Release()
	}
	if got := len(large.Reserve(bufferKeptMax)); got < bufferKeptMax {
		t.Fatalf("%d bytes reserved", got)
	}
	large.Release()
	for _, b := range buffers.free {
		if len(b) > bufferKeptMax {
			t.Fatalf("%d bytes are kept", len(b))
		}
	}
}

func TestBufferWithoutOwner(t *testing.T) {
	var none *Buffers
	b := none.Buffer()
	if got := len(b.Reserve(10)); got < 10 {
		t.Fatalf("%d bytes reserved", got)
	}
	b.Release()
}
