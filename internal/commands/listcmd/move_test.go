package listcmd_test

import (
	"strings"
	"testing"
)

// TestMoveBetweenEncodings moves elements so that lists change their encodings
// on the way.
func TestMoveBetweenEncodings(t *testing.T) {
	s := newServer(t)
	large := strings.Repeat("x", 10000)
	s.Do("RPUSH", "source", "a", "b", "c", large)
	s.Do("RPUSH", "target", large)
	if got := s.Do("RPOPLPUSH", "source", "target"); len(got) != len(large)+2 {
		t.Errorf("moved %.20s", got)
	}
	s.Script(`
		LRANGE source 0 -1 -> ["a" "b" "c"]
		RPOPLPUSH source target -> "c"
		LRANGE source 0 -1 -> ["a" "b"]
		LINDEX target 0 -> "c"
		LLEN target -> 3
	`)
}
