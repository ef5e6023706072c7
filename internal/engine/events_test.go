package engine_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/session"
)

// keyed is a command of the tests that runs f on the key of its argument.
func keyed(name string, flags command.Flags, f func(c *command.Ctx, key []byte)) command.Spec {
	return command.Spec{
		Name: name, Group: command.GroupGeneric, Since: "1.0.0", Arity: 2, Summary: "Tests", Flags: flags,
		Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyAccess, Index: 1, LastKey: 0, Step: 1}},
		Args: []command.Arg{{Name: "key", Type: command.ArgKey}},
		Run:  func(c *command.Ctx) { f(c, c.Args[1]); c.Out.OK() },
	}
}

func eventServer(t *testing.T) (*cmdtest.Server, *[]string) {
	s := cmdtest.New(t, []command.Spec{
		keyed("look", command.ReadOnly, func(c *command.Ctx, key []byte) { c.Tx.Find(key) }),
		keyed("brief", command.Write, func(c *command.Ctx, key []byte) {
			e := c.Tx.Write(key)
			c.Tx.SetString(&e, key, []byte("v"), c.Now+10)
			c.Notify(command.EventString, "set", key)
		}),
		keyed("again", command.Write, func(c *command.Ctx, key []byte) {
			c.Notify(command.EventGeneric, "before", key)
			e := c.Tx.Write(key)
			c.Tx.SetString(&e, key, []byte("v"), -1)
			c.Notify(command.EventString, "set", key)
		}),
	})
	var heard []string
	o := s.Engine.AddObserver(command.Observer{
		Name:  "ear",
		Event: func(e command.Event) { heard = append(heard, fmt.Sprintf("%s %d:%s", e.Name, e.DB, e.Key)) },
	})
	s.Engine.Watch(o, true)
	return s, &heard
}

func TestEventsComeInOrder(t *testing.T) {
	s, heard := eventServer(t)
	expect := func(what string, want ...string) {
		t.Helper()
		if !slices.Equal(*heard, want) {
			t.Errorf("%s: %q, want %q", what, *heard, want)
		}
		*heard = nil
	}
	s.Do("BRIEF", "k")
	expect("nobody asked for new", "set 0:k")
	s.Do("LOOK", "absent")
	expect("nobody asked for misses")

	s.Engine.WantEvents(^command.EventClass(0))
	s.Do("BRIEF", "l")
	expect("a new key", "new 0:l", "set 0:l")
	s.Advance(11 * time.Millisecond)
	s.Do("LOOK", "k")
	expect("an expired key", "expired 0:k", "keymiss 0:k")
	s.Do("AGAIN", "l")
	expect("a key that expires within a command", "before 0:l", "expired 0:l", "new 0:l", "set 0:l")

	s.Do("BRIEF", "k")
	*heard = nil
	s.Advance(100 * time.Millisecond)
	s.Exec.Worker().ExpireDue(s.Now(), 1000, 1000)
	expect("the expirer", "expired 0:k")

	s.Engine.WantEvents(command.EventKeyspace | command.EventString)
	s.Do("BRIEF", "k")
	s.Advance(100 * time.Millisecond)
	s.Do("LOOK", "k")
	expect("only strings", "set 0:k")
}

func TestPrivilegesOfClients(t *testing.T) {
	var noTouch, serves bool
	look := func(c *command.Ctx, _ []byte) { noTouch, serves = c.Tx.NoTouch, c.Tx.ServeExpired }
	s := cmdtest.New(t, []command.Spec{keyed("look", command.ReadOnly, look), keyed("touch", command.ReadOnly, look)})
	for _, c := range []struct {
		flags           session.Flags
		importing       bool
		command         string
		noTouch, serves bool
	}{
		{0, true, "LOOK", false, false},
		{session.NoTouch, false, "LOOK", true, false},
		{session.NoTouch, false, "TOUCH", false, false},
		{session.ImportSource, false, "LOOK", false, false},
		{session.ImportSource, true, "LOOK", false, true},
		{session.Primary, false, "LOOK", false, true},
		{0, false, "LOOK", false, false},
	} {
		s.Client.Flags = c.flags
		s.Engine.SetImporting(c.importing)
		s.Do(c.command, "k")
		if noTouch != c.noTouch || serves != c.serves {
			t.Errorf("%+v: NoTouch %v, ServeExpired %v", c, noTouch, serves)
		}
	}
}
