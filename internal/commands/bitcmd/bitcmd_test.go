package bitcmd_test

import (
	"testing"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/command/commandtest"
	"github.com/kvasirdb/kvasir/internal/commands/bitcmd"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/commands/stringcmd"
)

func maxBulk() int64 { return 1 << 20 }

func newServer(t testing.TB) *cmdtest.Server {
	return cmdtest.New(t, bitcmd.Commands(bitcmd.Deps{MaxBulkBytes: maxBulk}),
		stringcmd.Commands(stringcmd.Deps{MaxBulkBytes: maxBulk}))
}

func TestSpecs(t *testing.T) {
	table, err := command.NewTable(bitcmd.Commands(bitcmd.Deps{}))
	if err != nil {
		t.Fatal(err)
	}
	commandtest.Check(t, table)
}

func TestOnlyChangesHaveEffects(t *testing.T) {
	s := newServer(t)
	s.Want("SETBIT k 9 1", "0")
	s.Effects("0:setbit:k", "0:SETBIT k 9 1")
	s.Want("SETBIT k 9 1", "1")
	s.Effects("", "")
	s.Want("SETBIT k 20 0", "0")
	s.Effects("0:setbit:k", "0:SETBIT k 20 0")
	s.Want("BITFIELD k GET u8 8 SET u8 8 64 INCRBY u4 0 0", "[64 64 0]")
	s.Effects("", "")
	s.Want("BITFIELD k OVERFLOW FAIL INCRBY u8 8 300 SET u8 16 3", "[nil 0]")
	s.Effects("0:setbit:k", "0:BITFIELD k OVERFLOW FAIL INCRBY u8 8 300 SET u8 16 3")
	s.Want("BITOP AND k none", "0")
	s.Effects("0:del:k", "0:BITOP AND k none")
	s.Want("BITOP AND k none", "0")
	s.Effects("", "")
	s.Run("SET a abc EX 100")
	s.Events()
	s.Propagated()
	s.Want("BITOP NOT a a", "3")
	s.Effects("0:set:a", "0:BITOP NOT a a")
	s.Advance(200_000_000_000)
	s.Want("GET a", `"\x9e\x9d\x9c"`)
}

func TestLongestString(t *testing.T) {
	s := newServer(t)
	const refused = "ERR bit offset is not an integer or out of range"
	s.Want("SETBIT k 8388608 1", refused)
	s.Want("GETBIT k 8388608", refused)
	s.Want("BITFIELD k SET u8 #1048576 1", refused)
	s.Want("BITFIELD k SET u8 #1048575 1", "[0]")
	s.Want("STRLEN k", "1048576")
	s.Want("BITCOUNT k", "1")
	s.Want("BITOP NOT k k", "1048576")
	s.Want("BITCOUNT k", "8388607")
	s.Want("BITPOS k 0", "8388607")
}

func TestIntegersAreMapsOfTheirText(t *testing.T) {
	s := newServer(t)
	s.Script(`
		SET k 123
		BITCOUNT k -> 10
		GETBIT k 2 -> 1
		GETBIT k 24 -> 0
		SETBIT k 7 0 -> 1
		GET k -> "023"
	`)
}
