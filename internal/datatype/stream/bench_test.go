package stream

import "testing"

func BenchmarkAppend(b *testing.B) {
	h := newHeap(b)
	v := New(h)
	s := Open(h, &v)
	lim := limits(100, 4096)
	pairs := words("field", "value:000000012345")
	id := ID{Millis: 1_700_000_000_000}
	b.ReportAllocs()
	for b.Loop() {
		id.Seq++
		s.Append(lim, id, pairs)
	}
	Free(h, &v)
}
