package streamcmd

import (
	"testing"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/command/commandtest"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/session"
)

func TestSpecs(t *testing.T) {
	table, err := command.NewTable(Commands())
	if err != nil {
		t.Fatal(err)
	}
	commandtest.Check(t, table)
}

func TestAdd(t *testing.T) {
	s := cmdtest.New(t, Commands())
	s.Script(`
		XADD s 1-1 a 1 b 2 -> "1-1"
		XADD s 1-* a 3 b 4 -> "1-2"
		XADD s 2 c 3 -> "2-0"
		XADD s 2-0 c 3 -> ERR The ID specified in XADD is equal or smaller than the target stream top item
		XADD s 0-0 c 3 -> ERR The ID specified in XADD must be greater than 0-0
		XADD s * c -> ERR wrong number of arguments for 'xadd' command
		XADD none NOMKSTREAM * a b -> nil
		XLEN s -> 3
		XRANGE s - + -> [["1-1" ["a" "1" "b" "2"]] ["1-2" ["a" "3" "b" "4"]] ["2-0" ["c" "3"]]]
		XREVRANGE s + (1-1 COUNT 2 -> [["2-0" ["c" "3"]] ["1-2" ["a" "3" "b" "4"]]]
		XRANGE s - + COUNT 0 -> nil
		XDEL s 1-1 1-1 7 -> 1
		XRANGE s - + COUNT 1 -> [["1-2" ["a" "3" "b" "4"]]]
		XTRIM s MAXLEN 1 -> 1
		XTRIM s MAXLEN = 0 -> 1
		XLEN s -> 0
		XSETID s 9 ENTRIESADDED 7 -> OK
	`)
	s.Effects("0:xadd:s, 0:xadd:s, 0:xadd:s, 0:xdel:s, 0:xtrim:s, 0:xtrim:s, 0:xsetid:s",
		"0:XADD s 1-1 a 1 b 2, 0:XADD s 1-2 a 3 b 4, 0:XADD s 2 c 3, 0:XDEL s 1-1 1-1 7, "+
			"0:XTRIM s MAXLEN 1, 0:XTRIM s MAXLEN = 0, 0:XSETID s 9 ENTRIESADDED 7")
	s.Want("XADD t * f v", `"1700000000000-0"`)
	s.Want("XADD t * f v", `"1700000000000-1"`)
	s.Effects("0:xadd:t, 0:xadd:t", "0:XADD t 1700000000000-0 f v, 0:XADD t 1700000000000-1 f v")
}

// TestApproximateTrim trims whole nodes and tells the journal what was left.
func TestApproximateTrim(t *testing.T) {
	s := cmdtest.New(t, Commands())
	s.Limits.StreamNodeMaxEntries = 2
	s.SetLimits()
	s.Script(`
		XADD s 1 f v
		XADD s 2 f v
		XADD s 3 f v
		XADD s 4 f v
		XADD s 5 f v
	`)
	s.Propagated()
	s.Events()
	s.Want("XTRIM s MAXLEN ~ 2", "2")
	s.Want("XTRIM s MAXLEN ~ 2 LIMIT 1", "0")
	s.Want("XTRIM s MINID ~ 6 LIMIT 2", "2")
	s.Want("XADD s MINID ~ 5 6-* f v", `"6-0"`)
	s.Effects("0:xtrim:s, 0:xtrim:s, 0:xadd:s",
		"0:XTRIM s MAXLEN = 3, 0:XTRIM s MINID = 5-0 LIMIT 2, 0:XADD s MINID = 5-0 6-0 f v")
}

// TestTrimReplayed: what a limited trim is propagated as is obeyed when it comes
// from a file or a primary, and refused otherwise.
func TestTrimReplayed(t *testing.T) {
	s := cmdtest.New(t, Commands())
	s.Script(`
		XADD s 1 f v
		XADD s 2 f v
		XADD s MAXLEN = 1 LIMIT 30 3 f v -> ERR syntax error, LIMIT cannot be used without the special ~ option
	`)
	s.Client.Flags |= session.Primary
	s.Want("XADD s MAXLEN = 1 LIMIT 30 3 f v", `"3-0"`)
	s.Want("XLEN s", "1")
}
