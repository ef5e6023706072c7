package gather

import (
	"fmt"
	"testing"
)

func BenchmarkAdd(b *testing.B) {
	const n = 200_000
	members := make([][]byte, n)
	for i := range members {
		members[i] = fmt.Appendf(nil, "member:%d", i)
	}
	for b.Loop() {
		table := New(n)
		for _, m := range members {
			table.Add(m)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/member")
}
