package listcmd_test

import (
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/commands/keycmd"
	"github.com/kvasirdb/kvasir/internal/commands/listcmd"
	"github.com/kvasirdb/kvasir/internal/commands/stringcmd"
	"github.com/kvasirdb/kvasir/internal/resp"
)

// newServerWithOthers has strings too, and deletes keys.
func newServerWithOthers(t testing.TB) *cmdtest.Server {
	never := func() bool { return false }
	return cmdtest.New(t, listcmd.Commands(),
		stringcmd.Commands(stringcmd.Deps{MaxBulkBytes: func() int64 { return 1 << 20 }}),
		keycmd.Commands(keycmd.Deps{CountsFrequency: never, LazyDelete: never, LazyFlush: never}))
}

// wantReply compares the next reply, "" if the client still waits.
func wantReply(t *testing.T, what string, c *cmdtest.Client, want string) {
	t.Helper()
	if got := c.Reply(); got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestBlockInOrderOfArrival(t *testing.T) {
	s := newServer(t)
	first, second, third := s.NewClient(), s.NewClient(), s.NewClient()
	first.Send("BLPOP", "l", "other", "0")
	second.Send("BRPOP", "l", "0")
	third.Send("BLMPOP", "0", "2", "none", "l", "LEFT", "COUNT", "2")
	s.Effects("", "")
	s.Want("RPUSH l a b c d", "4")
	wantReply(t, "first", first, `["l" "a"]`)
	wantReply(t, "second", second, `["l" "d"]`)
	wantReply(t, "third", third, `["l" ["b" "c"]]`)
	s.Effects("0:rpush:l, 0:lpop:l, 0:rpop:l, 0:lpop:l, 0:del:l", "0:RPUSH l a b c d, 0:LPOP l, 0:RPOP l, 0:LPOP l 2")
	s.Want("LLEN l", "0")
}

func TestBlockOnSeveralKeys(t *testing.T) {
	s := newServer(t)
	c := s.NewClient()
	c.Send("BLPOP", "a", "b", "a", "0")
	s.Want("LPUSH b 1", "1")
	wantReply(t, "b filled", c, `["b" "1"]`)
	s.Want("LPUSH a 2", "1")
	wantReply(t, "a filled afterwards", c, "")
	s.Want("LLEN a", "1")
}

// TestBlockChain fills a list whose element goes through two others.
func TestBlockChain(t *testing.T) {
	s := newServer(t)
	last, middle, first := s.NewClient(), s.NewClient(), s.NewClient()
	last.Send("BRPOP", "c", "0")
	middle.Send("BRPOPLPUSH", "b", "c", "0")
	first.Send("BLMOVE", "a", "b", "LEFT", "RIGHT", "0")
	s.Events()
	s.Want("RPUSH a x", "1")
	wantReply(t, "first", first, `"x"`)
	wantReply(t, "middle", middle, `"x"`)
	wantReply(t, "last", last, `["c" "x"]`)
	s.Effects("0:rpush:a, 0:rpush:b, 0:lpop:a, 0:del:a, 0:lpush:c, 0:rpop:b, 0:del:b, 0:rpop:c, 0:del:c",
		"0:RPUSH a x, 0:LMOVE a b LEFT RIGHT, 0:RPOPLPUSH b c, 0:RPOP c")
}

func TestBlockIgnoresOtherTypes(t *testing.T) {
	s := newServerWithOthers(t)
	c, mover := s.NewClient(), s.NewClient()
	c.Send("BLPOP", "l", "0")
	mover.Send("BLMOVE", "l", "target", "LEFT", "LEFT", "0")
	s.Script(`
		SET l text -> OK
		SET target text -> OK
	`)
	wantReply(t, "a string", c, "")
	s.Script(`
		DEL l -> 1
		RPUSH l a b -> 2
	`)
	wantReply(t, "a list", c, `["l" "a"]`)
	wantReply(t, "a target that is no list", mover, command.WrongType)
	s.Want("LRANGE l 0 -1", `["b"]`)
	s.Want("BLPOP target 0", command.WrongType)
	s.Want("BLMOVE target l LEFT LEFT 0", command.WrongType)
}

func TestBlockTimeouts(t *testing.T) {
	s := newServer(t)
	c := s.NewClient()
	for _, request := range []string{
		"BLPOP l 0.0011", "BRPOP l m 0.001", "BLMPOP 0.002 1 l LEFT", "BLMOVE l m LEFT LEFT 0.002", "BRPOPLPUSH l m 0.002",
	} {
		c.Send(cmdtest.Words(t, request)...)
		s.Advance(0)
		wantReply(t, request+" at once", c, "")
		s.Advance(2 * time.Millisecond)
		if got := string(c.Out.Since(resp.Mark{})); got != "*-1\r\n" {
			t.Errorf("%s: %q", request, got)
		}
		c.Reply()
	}
	c.Send("BLPOP", "l", "0")
	s.Advance(1000 * time.Hour)
	wantReply(t, "without end", c, "")
	s.Want("LPUSH l x", "1")
	wantReply(t, "after all", c, `["l" "x"]`)
	s.Script(`
		BLPOP l -1 -> ERR timeout is negative
		BLPOP l x -> ERR timeout is not a float or out of range
		BLPOP l 1e20 -> ERR timeout is out of range
		BLMOVE l m up LEFT x -> ERR syntax error
		BLMOVE l m LEFT LEFT x -> ERR timeout is not a float or out of range
		BLMPOP x 0 l LEFT -> ERR numkeys should be greater than 0
		BLMPOP x 1 l LEFT -> ERR timeout is not a float or out of range
	`)
}

// TestBlockServesAtOnce is about lists that have elements already.
func TestBlockServesAtOnce(t *testing.T) {
	s := newServer(t)
	s.Want("RPUSH l a b c d e f", "6")
	s.Effects("0:rpush:l", "0:RPUSH l a b c d e f")
	s.Script(`
		BLPOP none l 0 -> ["l" "a"]
		BRPOP l 0 -> ["l" "f"]
		BLMPOP 0 1 l right count 2 -> ["l" ["e" "d"]]
		BLMOVE l m left right 0 -> "b"
		BRPOPLPUSH l m 0 -> "c"
		LRANGE m 0 -1 -> ["c" "b"]
	`)
	s.Effects("0:lpop:l, 0:rpop:l, 0:rpop:l, 0:rpush:m, 0:lpop:l, 0:lpush:m, 0:rpop:l, 0:del:l",
		"0:LPOP l, 0:RPOP l, 0:RPOP l 2, 0:LMOVE l m left right, 0:RPOPLPUSH l m")
}
