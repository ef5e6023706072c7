package server

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/kvasirdb/kvasir/internal/session"
)

// The classes of size by which DEBUG CLIENT-EVICTION counts clients: the first
// is below 32 KiB, each of the others twice as large as the one before, and the
// last is open.
const (
	sizeClassMinLog = 15
	sizeClassMaxLog = 33
	sizeClasses     = 1 + sizeClassMaxLog - sizeClassMinLog
)

// sizeClass returns the class of a client that occupies so many bytes.
func sizeClass(bytes int) int {
	log := bits.Len(uint(bytes)) // the class begins at 1<<(log-1)
	return min(max(log-sizeClassMinLog, 0), sizeClasses-1)
}

// DescribeEviction says how the clients that maxmemory-clients may close are
// distributed by what they occupy; ok is false where there is no such limit.
// Exclusive mode only.
func (s *Server) DescribeEviction() (text string, ok bool) {
	if s.Limits().ClientsBytes == 0 {
		return "", false
	}
	var clients, bytes [sizeClasses]int
	s.EachClient(func(c *session.Client) {
		if evictable(c) {
			m, _ := connOf(c).memory()
			class := sizeClass(m.total)
			clients[class]++
			bytes[class] += m.total
		}
	})
	var b strings.Builder
	for i := range sizeClasses {
		from, to := 0, fmt.Sprintf(" - %10d: ", 1<<(i+sizeClassMinLog)-1)
		if i > 0 {
			from = 1 << (i - 1 + sizeClassMinLog)
		}
		if i == sizeClasses-1 {
			to = "+            : "
		}
		fmt.Fprintf(&b, "bucket %10d%stot-mem: %10d, clients: %d\n", from, to, bytes[i], clients[i])
	}
	return b.String(), true
}
