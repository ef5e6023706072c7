package main

import (
	"testing"
	"time"
)

func TestDeprived(t *testing.T) {
	const ms = time.Millisecond
	before := map[string]scheduled{"loop": {10 * ms, 5 * ms}, "other": {3 * ms, 1 * ms}}
	for _, c := range []struct {
		name  string
		after map[string]scheduled
		want  time.Duration
	}{
		{"nothing happened", before, 0},
		{"the loop ran", map[string]scheduled{"loop": {14 * ms, 5 * ms}, "other": {3 * ms, 1 * ms}}, 0},
		{"somebody else had the processor", map[string]scheduled{"loop": {11 * ms, 9 * ms}, "other": {3 * ms, 1 * ms}}, 4 * ms},
		{"another thread had it", map[string]scheduled{"loop": {11 * ms, 9 * ms}, "other": {7 * ms, 1 * ms}}, 0},
		{"the loop kept another from running", map[string]scheduled{"loop": {16 * ms, 5 * ms}, "other": {3 * ms, 7 * ms}}, 0},
		{"both waited for somebody else", map[string]scheduled{"loop": {11 * ms, 9 * ms}, "other": {4 * ms, 5 * ms}}, 3 * ms},
		{"a new thread waited", map[string]scheduled{"loop": {10 * ms, 5 * ms}, "other": {3 * ms, 1 * ms}, "new": {ms, 2 * ms}}, 2 * ms},
		{"a thread ended", map[string]scheduled{"loop": {11 * ms, 7 * ms}, "other": {}}, 2 * ms},
	} {
		if have := deprived(before, c.after); have != c.want {
			t.Errorf("%s: %v, want %v", c.name, have, c.want)
		}
	}
}
