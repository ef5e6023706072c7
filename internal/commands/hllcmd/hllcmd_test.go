package hllcmd_test

import (
	"testing"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/command/commandtest"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/commands/hllcmd"
	"github.com/kvasirdb/kvasir/internal/commands/stringcmd"
)

func newServer(t testing.TB) *cmdtest.Server {
	return cmdtest.New(t, hllcmd.Commands(), stringcmd.Commands(stringcmd.Deps{MaxBulkBytes: func() int64 { return 1 << 20 }}))
}

func TestSpecs(t *testing.T) {
	table, err := command.NewTable(hllcmd.Commands())
	if err != nil {
		t.Fatal(err)
	}
	commandtest.Check(t, table)
}

func TestEffects(t *testing.T) {
	s := newServer(t)
	s.Want("PFADD h", "1")
	s.Effects("0:pfadd:h", "0:PFADD h")
	s.Want("PFADD h a b", "1")
	s.Effects("0:pfadd:h", "0:PFADD h a b")
	s.Want("PFADD h a", "0")
	s.Effects("", "")
	s.Want("PFCOUNT h", "2")
	s.Effects("", "0:PFCOUNT h")
	s.Want("PFCOUNT h", "2")
	s.Effects("", "")
	s.Want("PFCOUNT h none h", "2")
	s.Effects("", "")
	s.Want("PFMERGE d h", "OK")
	s.Effects("0:pfadd:d", "0:PFMERGE d h")
	s.Want("PFDEBUG TODENSE d", "1")
	s.Effects("", "0:PFDEBUG TODENSE d")
	s.Want("PFADD d a", "0")
	s.Effects("", "")
	s.Want("PFADD d c", "1")
	s.Effects("0:pfadd:d", "0:PFADD d c")
	s.Want("PFCOUNT d", "3")
}

func TestSelfTest(t *testing.T) {
	newServer(t).Want("PFSELFTEST", "OK")
}
