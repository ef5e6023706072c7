// Package listcmd holds the commands on lists.
//
// A list key exists only while the list has elements, so a command meets either
// no key or at least one element. The commands that wait (block.go) do what
// their plain forms do as soon as one of their keys has an element, and are
// propagated as those.
package listcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
)

// Commands returns the commands of the group "list".
func Commands() []command.Spec {
	return []command.Spec{
		blmoveSpec, blmpopSpec, blpopSpec, brpopSpec, brpoplpushSpec, lindexSpec, linsertSpec, llenSpec, lmoveSpec,
		lmpopSpec, lpopSpec, lposSpec, lpushSpec, lpushxSpec, lrangeSpec, lremSpec, lsetSpec, ltrimSpec, rpopSpec,
		rpoplpushSpec, rpushSpec, rpushxSpec,
	}
}

// end is one end of a list.
type end bool

const (
	head end = false
	tail end = true
)

// parseEnd reads LEFT or RIGHT. If the word is neither, it answers so.
func parseEnd(c *command.Ctx, word []byte) (e end, ok bool) {
	switch {
	case command.Is(word, "left"):
		return head, true
	case command.Is(word, "right"):
		return tail, true
	}
	c.Out.Error(command.SyntaxError)
	return head, false
}

// index is that of the outermost element.
func (e end) index() int {
	if e == tail {
		return -1
	}
	return 0
}

// pushed and popped name the events of a change at this end.
func (e end) pushed() string {
	if e == tail {
		return "rpush"
	}
	return "lpush"
}

func (e end) popped() string {
	if e == tail {
		return "rpop"
	}
	return "lpop"
}

// command names the command that pops at this end.
func (e end) command() string {
	if e == tail {
		return "RPOP"
	}
	return "LPOP"
}

// find looks a list up for reading. If the key is absent or no list, it answers
// with absent or an error.
func find(c *command.Ctx, absent func()) (e keyspace.Entry, ok bool) {
	e = c.Tx.Find(c.Args[1])
	return e, isList(c, &e, absent)
}

// edit looks a list up that must be there to be changed. If the key is absent
// or no list, it answers with absent or an error.
func edit(c *command.Ctx, absent func()) (e keyspace.Entry, ok bool) {
	e = c.Tx.Write(c.Args[1])
	return e, isList(c, &e, absent)
}

func isList(c *command.Ctx, e *keyspace.Entry, absent func()) bool {
	switch {
	case !e.Found():
		absent()
	case e.Type() != value.List:
		c.Out.Error(command.WrongType)
	default:
		return true
	}
	return false
}

// store puts a changed list back under key, removes the key if the list is
// empty, and raises the events.
func store(c *command.Ctx, e *keyspace.Entry, key []byte, v value.Value, changes int, event string) {
	removed := e.Store(key, v, changes)
	c.Notify(command.EventList, event, key)
	if removed {
		c.Notify(command.EventGeneric, "del", key)
	}
}
