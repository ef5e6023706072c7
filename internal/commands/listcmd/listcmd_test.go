package listcmd_test

import (
	"testing"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/command/commandtest"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/commands/listcmd"
)

func newServer(t testing.TB) *cmdtest.Server { return cmdtest.New(t, listcmd.Commands()) }

func TestSpecs(t *testing.T) {
	table, err := command.NewTable(listcmd.Commands())
	if err != nil {
		t.Fatal(err)
	}
	commandtest.Check(t, table)
	if n := len(table.Commands()); n != 22 {
		t.Errorf("%d commands", n)
	}
}

func TestPushAndPop(t *testing.T) {
	s := newServer(t)
	s.Script(`
		RPUSH l a b c -> 3
		LPUSH l x 1 -> 5
		LRANGE l 0 -1 -> ["1" "x" "a" "b" "c"]
		LPOP l -> "1"
		RPOP l -> "c"
		LPOP l 0 -> []
		RPOP l 9 -> ["b" "a" "x"]
		LPOP l -> nil
		LPOP l 1 -> nil
		LLEN l -> 0
		LPUSHX l a -> 0
		RPUSHX l a -> 0
	`)
}
