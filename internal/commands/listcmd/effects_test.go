package listcmd_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/command"
)

// TestEffects pins what each change raises and propagates.
func TestEffects(t *testing.T) {
	for _, tc := range []struct{ prepare, request, reply, events, propagated string }{
		{"", "LPUSH l a b", "2", "0:lpush:l", "0:LPUSH l a b"},
		{"", "RPUSHX l a", "0", "", ""},
		{"RPUSH l a", "LPUSHX l b", "2", "0:lpush:l", "0:LPUSHX l b"},
		{"RPUSH l a b", "LPOP l", `"a"`, "0:lpop:l", "0:LPOP l"},
		{"RPUSH l a", "RPOP l", `"a"`, "0:rpop:l, 0:del:l", "0:RPOP l"},
		{"RPUSH l a b", "RPOP l 5", `["b" "a"]`, "0:rpop:l, 0:del:l", "0:RPOP l 5"},
		{"RPUSH l a b", "RPOP l 0", `[]`, "", ""},
		{"RPUSH l a b", "LMPOP 2 x l LEFT COUNT 9", `["l" ["a" "b"]]`, "0:lpop:l, 0:del:l", "0:LPOP l 2"},
		{"RPUSH l a c", "LINSERT l BEFORE c b", "3", "0:linsert:l", "0:LINSERT l BEFORE c b"},
		{"RPUSH l a c", "LINSERT l BEFORE x b", "-1", "", ""},
		{"RPUSH l a c", "LSET l -1 b", "OK", "0:lset:l", "0:LSET l -1 b"},
		{"RPUSH l a c", "LSET l 2 b", command.IndexRange, "", ""},
		{"RPUSH l a b a", "LREM l -1 a", "1", "0:lrem:l", "0:LREM l -1 a"},
		{"RPUSH l a a", "LREM l 0 a", "2", "0:lrem:l, 0:del:l", "0:LREM l 0 a"},
		{"RPUSH l a b", "LREM l 0 c", "0", "", ""},
		{"RPUSH l a b", "LTRIM l 1 1", "OK", "0:ltrim:l", "0:LTRIM l 1 1"},
		{"RPUSH l a b", "LTRIM l 0 -1", "OK", "0:ltrim:l", ""},
		{"RPUSH l a b", "LTRIM l 5 1", "OK", "0:ltrim:l, 0:del:l", "0:LTRIM l 5 1"},
		{"RPUSH l a b", "LMOVE l m LEFT RIGHT", `"a"`, "0:rpush:m, 0:lpop:l", "0:LMOVE l m LEFT RIGHT"},
		{"RPUSH l a", "RPOPLPUSH l m", `"a"`, "0:lpush:m, 0:rpop:l, 0:del:l", "0:RPOPLPUSH l m"},
		{"RPUSH l a", "RPOPLPUSH l l", `"a"`, "0:lpush:l, 0:rpop:l", "0:RPOPLPUSH l l"},
	} {
		s := newServer(t)
		if tc.prepare != "" {
			s.Script(tc.prepare)
		}
		s.Events()
		s.Propagated()
		s.Want(tc.request, tc.reply)
		s.Effects(tc.events, tc.propagated)
	}
}

// TestWrongType asks every command for a key that holds no list.
func TestWrongType(t *testing.T) {
	s := newServerWithOthers(t)
	s.Want("SET s text", "OK")
	s.Want("RPUSH l a", "1")
	for _, request := range []string{
		"LPUSH s a", "RPUSH s a", "LPUSHX s a", "RPUSHX s a", "LPOP s", "RPOP s 0", "LLEN s", "LINDEX s x", "LRANGE s 0 0",
		"LPOS s a", "LSET s x a", "LREM s 0 a", "LTRIM s 0 0", "LINSERT s AFTER a b", "LMPOP 2 none s LEFT", "LMOVE s l LEFT LEFT",
		"LMOVE l s LEFT LEFT", "RPOPLPUSH l s", "BLPOP none s 0", "BLMPOP 0 1 s RIGHT",
	} {
		s.Want(request, command.WrongType)
	}
	s.Want("LRANGE l 0 -1", `["a"]`)
	s.Want("GET s", `"text"`)
}

// TestMoveCountsOnce: a move is one change of the dataset, but of two keys.
func TestMoveCountsOnce(t *testing.T) {
	s := newServer(t)
	s.Want("RPUSH l a b", "2")
	s.Modified()
	before := s.Exec.Worker().Stats.Dirty
	s.Want("LMOVE l m LEFT LEFT", `"a"`)
	if n := s.Exec.Worker().Stats.Dirty - before; n != 1 {
		t.Errorf("%d changes", n)
	}
	if got := strings.Join(s.Modified(), " "); got != "0:m 0:l" {
		t.Errorf("modified %s", got)
	}
}

// TestLongRanges compares LRANGE over every kind of node and element with the
// elements pushed.
func TestLongRanges(t *testing.T) {
	s := newServer(t)
	var elems []string
	for i := range 300 {
		elems = append(elems, fmt.Sprint(i*i*i*7-500), strings.Repeat("m", i), fmt.Sprint("short", i))
	}
	elems[40] = strings.Repeat("large", 4000)
	elems[41] = ""
	elems[600] = strings.Repeat("large", 4000)
	for _, depth := range []int{0, 1} {
		s.Limits.ListCompressDepth = depth
		s.SetLimits()
		key := fmt.Sprint("l", depth)
		for _, e := range elems {
			s.Do("RPUSH", key, e)
		}
		for _, r := range [][2]int{{0, 899}, {39, 42}, {40, 40}, {899, 899}, {250, 700}, {600, 601}} {
			want := "["
			for i := r[0]; i <= r[1]; i++ {
				if i > r[0] {
					want += " "
				}
				want += fmt.Sprintf("%q", elems[i])
			}
			if got := s.Do("LRANGE", key, fmt.Sprint(r[0]), fmt.Sprint(r[1]-900)); got != want+"]" {
				t.Errorf("depth %d, %d to %d: %.300s", depth, r[0], r[1], got)
			}
		}
	}
}
