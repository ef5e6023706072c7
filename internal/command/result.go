package command

import (
	"math"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// StoreResult makes target hold the collection that a command computed,
// replacing whatever is there, and raises the event; an empty collection
// removes the key instead. target must not be a view of an entry.
func (c *Ctx) StoreResult(target []byte, v value.Value, class EventClass, event string) {
	if v.Root != 0 {
		c.Tx.Put(target, v, -1, 1)
		c.Notify(class, event, target)
		return
	}
	if e := c.Tx.Peek(target); e.Found() {
		e.Remove(target, c.deletesLazily())
		c.Notify(EventGeneric, "del", target)
	}
}

// RemoveEmptied removes the key of a found collection out of which a command
// took all changes elements, raises the events, and propagates the removal of
// the key instead of the command. key must not be a view of the entry.
func (c *Ctx) RemoveEmptied(e *keyspace.Entry, key []byte, changes int, class EventClass, event string) {
	lazy, name := c.deletesLazily(), "DEL"
	if lazy {
		name = "UNLINK"
	}
	e.Remove(key, lazy)
	c.Tx.AddDirty(changes - 1)
	c.Notify(class, event, key)
	c.Notify(EventGeneric, "del", key)
	c.PropagateInstead([]byte(name), key)
}

func (c *Ctx) deletesLazily() bool { return c.Tx.Worker().Space().DeletesLazily() }

// RangeArg reads argument i as an integer of at least low. If it is none, it
// answers with text.
func (c *Ctx) RangeArg(i int, low int64, text string) (n int, ok bool) {
	long, ok := number.ParseInt(c.Args[i])
	if !ok || long < low {
		c.Out.Error(text)
		return 0, false
	}
	return int(min(long, math.MaxInt)), true
}

// SymmetricArg reads argument i as an integer whose sign can be changed. If it
// is none, it answers so.
func (c *Ctx) SymmetricArg(i int) (n int, ok bool) {
	long, ok := c.IntArg(i)
	if ok && long < -math.MaxInt64 {
		c.Out.Errorf("ERR value is out of range, value must between %d and %d", -math.MaxInt64, math.MaxInt64)
		return 0, false
	}
	return int(max(min(long, math.MaxInt), -math.MaxInt)), ok
}
