package sortcmd_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/command/commandtest"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/commands/listcmd"
	"github.com/kvasirdb/kvasir/internal/commands/sortcmd"
	"github.com/kvasirdb/kvasir/internal/commands/stringcmd"
)

func newServer(t testing.TB, d sortcmd.Deps) *cmdtest.Server {
	return cmdtest.New(t, listcmd.Commands(), sortcmd.Commands(d),
		stringcmd.Commands(stringcmd.Deps{MaxBulkBytes: func() int64 { return 1 << 20 }}))
}

func TestSpecs(t *testing.T) {
	table, err := command.NewTable(sortcmd.Commands(sortcmd.Deps{}))
	if err != nil {
		t.Fatal(err)
	}
	commandtest.Check(t, table)
	if n := len(table.Commands()); n != 2 {
		t.Errorf("%d commands", n)
	}
}

func TestSort(t *testing.T) {
	s := newServer(t, sortcmd.Deps{})
	s.Script(`
		RPUSH l 3 1 -2 10 1.5 -> 5
		SORT l -> ["-2" "1" "1.5" "3" "10"]
		SORT l DESC -> ["10" "3" "1.5" "1" "-2"]
		SORT l ALPHA -> ["-2" "1" "1.5" "10" "3"]
		SORT_RO l LIMIT 1 2 -> ["1" "1.5"]
		SORT l LIMIT -5 2 -> ["-2" "1"]
		SORT l LIMIT 3 -1 -> ["3" "10"]
		SORT l LIMIT 9 1 -> []
		SORT l BY nosort -> ["3" "1" "-2" "10" "1.5"]
		SORT l BY nosort DESC LIMIT 1 2 -> ["10" "-2"]
		SORT l BY nosort GET # GET w_* LIMIT 0 1 -> ["3" nil]
		MSET w_3 30 w_1 50 w_-2 10 w_10 40 -> OK
		SORT l BY w_* -> ["1.5" "-2" "3" "10" "1"]
		SORT l BY w_* DESC GET # GET w_* -> ["1" "50" "10" "40" "3" "30" "-2" "10" "1.5" nil]
		SORT l BY w_* ALPHA -> ["1.5" "-2" "3" "10" "1"]
		SORT l BY nosort BY w_* LIMIT 0 1 -> ["3"]
		SORT none -> []
		SORT l LIMIT 0 x -> ERR value is not an integer or out of range
		SORT l LIMIT 0 -> ERR syntax error
		SORT_RO l STORE d -> ERR syntax error
		SORT w_3 -> WRONGTYPE Operation against a key holding the wrong kind of value
		SET w_3 "" -> OK
		SORT l BY w_* ALPHA GET # GET w_* LIMIT 0 2 -> ["1.5" nil "3" ""]
		SORT l BY w_* ALPHA DESC LIMIT 3 2 -> ["3" "1.5"]
		RPUSH l x -> 6
		SORT l -> ERR One or more scores can't be converted into double
		SORT l STORE d -> ERR One or more scores can't be converted into double
	`)
}

func TestStore(t *testing.T) {
	s := newServer(t, sortcmd.Deps{})
	s.Script(`
		RPUSH l 3 1 2 -> 3
		SET w_1 one -> OK
		SET d text -> OK
	`)
	s.Events()
	s.Propagated()
	s.Want("SORT l STORE d GET # GET w_*", "6")
	s.Effects("0:sortstore:d", "0:SORT l STORE d GET # GET w_*")
	s.Want("LRANGE d 0 -1", `["1" "one" "2" "" "3" ""]`)
	s.Want("SORT l DESC STORE l", "3")
	s.Want("LRANGE l 0 -1", `["3" "2" "1"]`)
	s.Effects("0:sortstore:l", "0:SORT l DESC STORE l")
	s.Want("SORT none STORE d", "0")
	s.Effects("0:del:d", "0:SORT none STORE d")
	s.Want("SORT none STORE d", "0")
	s.Effects("", "")
}

// TestPatternsNeedPermission: patterns may lead to any key.
func TestPatternsNeedPermission(t *testing.T) {
	s := newServer(t, sortcmd.Deps{ReadsAllKeys: func(*command.Ctx) bool { return false }})
	s.Script(`
		SORT l BY nosort -> []
		SORT l BY w_* -> ERR BY option of SORT denied due to insufficient ACL permissions.
		SORT l GET # -> ERR GET option of SORT denied due to insufficient ACL permissions.
	`)
}

// TestPatternsStayInSlot: in cluster mode a pattern must not lead to another
// slot than that of the key.
func TestPatternsStayInSlot(t *testing.T) {
	slot := func(key []byte) uint16 { return uint16(key[bytes.IndexByte(key, '{')+1]) }
	s := newServer(t, sortcmd.Deps{Slot: slot})
	s.Script(`
		SORT {a}l BY {a}w_* GET {a}* GET # -> []
		SORT {a}l BY nosort -> []
		SORT {a}l BY w_* -> ERR BY option of SORT denied in Cluster mode when keys formed by the pattern may be in different slots.
		SORT {a}l BY {b}w_* -> ERR BY option of SORT denied in Cluster mode when keys formed by the pattern may be in different slots.
		SORT {a}l BY {a*}w -> ERR BY option of SORT denied in Cluster mode when keys formed by the pattern may be in different slots.
		SORT {a}l GET {b}w_* -> ERR GET option of SORT denied in Cluster mode when keys formed by the pattern may be in different slots.
	`)
}

func BenchmarkSort(b *testing.B) {
	s := newServer(b, sortcmd.Deps{})
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		s.Send("RPUSH", "l", fmt.Sprint(rnd.IntN(1_000_000)))
	}
	s.Out.Consume(s.Out.Len())
	for _, request := range []string{"SORT l", "SORT l ALPHA", "SORT l STORE target", "SORT l LIMIT 0 10"} {
		words := cmdtest.Words(b, request)
		b.Run(request, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Send(words...)
				s.Out.Consume(s.Out.Len())
			}
		})
	}
}
