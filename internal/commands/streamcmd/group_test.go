package streamcmd

import (
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
)

// TestDelivery tells the journal of every delivery what makes another server's
// group the same.
func TestDelivery(t *testing.T) {
	s := cmdtest.New(t, Commands())
	s.Script(`
		XGROUP CREATE s g $ MKSTREAM -> OK
		XADD s 1-0 f v
		XADD s 2-0 f v
		XADD s 3-0 f v
	`)
	s.Effects("0:xgroup-create:s, 0:xadd:s, 0:xadd:s, 0:xadd:s",
		"0:XGROUP CREATE s g $ MKSTREAM, 0:XADD s 1-0 f v, 0:XADD s 2-0 f v, 0:XADD s 3-0 f v")
	s.Modified()

	s.Run("XREADGROUP GROUP g a COUNT 2 STREAMS s >")
	s.Effects("0:xgroup-createconsumer:s",
		"0:XCLAIM s g a 0 1-0 TIME 1700000000000 RETRYCOUNT 1 FORCE JUSTID LASTID 1-0, "+
			"0:XCLAIM s g a 0 2-0 TIME 1700000000000 RETRYCOUNT 1 FORCE JUSTID LASTID 2-0, "+
			"0:XGROUP SETID s g 2-0 ENTRIESREAD 2")
	s.Run("XREADGROUP GROUP g b NOACK STREAMS s >")
	s.Effects("0:xgroup-createconsumer:s",
		"0:XGROUP CREATECONSUMER s g b, 0:XGROUP SETID s g 3-0 ENTRIESREAD 3")
	s.Want("XREADGROUP GROUP g b STREAMS s >", "nil")
	s.Run("XREADGROUP GROUP g a STREAMS s 0")
	s.Effects("", "")

	s.Advance(time.Second)
	s.Run("XCLAIM s g c 500 1-0 7-0 JUSTID LASTID 9-0")
	s.Effects("0:xgroup-createconsumer:s", "0:XCLAIM s g c 0 1-0 TIME 1700000001000 RETRYCOUNT 2 FORCE JUSTID LASTID 9-0")
	s.Run("XCLAIM s g c 0 7-0 LASTID 11-0")
	s.Effects("", "0:XGROUP SETID s g 11-0 ENTRIESREAD 3")
	s.Run("XDEL s 1-0")
	s.Effects("0:xdel:s", "0:XDEL s 1-0")
	s.Modified()

	s.Want("XAUTOCLAIM s g d 0 - COUNT 1", `["2-0" [] ["1-0"]]`)
	s.Want("XAUTOCLAIM s g d 0 - COUNT 9", `["0-0" [["2-0" ["f" "v"]]] []]`)
	s.Effects("0:xgroup-createconsumer:s",
		"0:XCLAIM s g c 0 1-0 TIME 1700000001000 RETRYCOUNT 2 FORCE JUSTID LASTID 11-0, "+
			"0:XCLAIM s g d 0 2-0 TIME 1700000001000 RETRYCOUNT 3 FORCE JUSTID LASTID 11-0")
	s.Script(`
		XACK s g 2-0 2-0 -> 1
		XGROUP SETID s g 0 -> OK
		XGROUP CREATECONSUMER s g e -> 1
		XGROUP CREATECONSUMER s g e -> 0
		XGROUP DELCONSUMER s g e -> 0
		XGROUP DELCONSUMER s g e -> 0
	`)
	s.Effects("0:xgroup-setid:s, 0:xgroup-createconsumer:s, 0:xgroup-delconsumer:s",
		"0:XACK s g 2-0 2-0, 0:XGROUP SETID s g 0, 0:XGROUP CREATECONSUMER s g e, 0:XGROUP DELCONSUMER s g e")
	if keys := s.Modified(); len(keys) != 0 {
		t.Errorf("changes of groups touched %q", keys)
	}
	s.Want("XGROUP DESTROY s g", "1")
	s.Effects("0:xgroup-destroy:s", "0:XGROUP DESTROY s g")
}

// TestWaiting covers who is woken by what.
func TestWaiting(t *testing.T) {
	s := cmdtest.New(t, Commands())
	a, b, c := s.NewClient(), s.NewClient(), s.NewClient()
	s.Script(`
		XADD s 5-0 f v
		XGROUP CREATE s g $ -> OK
	`)
	s.Propagated()
	a.Send("XREAD", "BLOCK", "0", "STREAMS", "s", "other", "$", "0")
	b.Send("XREADGROUP", "GROUP", "g", "bob", "BLOCK", "0", "STREAMS", "s", ">")
	c.Send("XREADGROUP", "GROUP", "g", "carol", "BLOCK", "500", "STREAMS", "s", ">")
	s.Want("XADD s 6-0 f v", `"6-0"`)
	const entry = `[["s" [["6-0" ["f" "v"]]]]]`
	if got := a.Reply(); got != entry {
		t.Errorf("reader: %s", got)
	}
	if got := b.Reply(); got != entry {
		t.Errorf("first consumer: %s", got)
	}
	if got := c.Reply(); got != "" {
		t.Errorf("second consumer: %s", got)
	}
	s.Events()
	s.Effects("", "0:XADD s 6-0 f v, 0:XCLAIM s g bob 0 6-0 TIME 1700000000000 RETRYCOUNT 1 FORCE JUSTID LASTID 6-0, "+
		"0:XGROUP SETID s g 6-0 ENTRIESREAD 2")
	s.Advance(time.Second)
	if got := c.Reply(); got != "nil" {
		t.Errorf("after its timeout, the second consumer: %s", got)
	}
	b.Send("XREADGROUP", "GROUP", "g", "bob", "BLOCK", "0", "STREAMS", "s", ">")
	s.Want("XGROUP DESTROY s g", "1")
	if got := b.Reply(); got != "NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option" {
		t.Errorf("without its group, the first consumer: %s", got)
	}
}
