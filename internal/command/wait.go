package command

import (
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
)

// FirstCollection finds the first of the keys that exists, for a command that
// takes elements from one of several keys. It returns nil if none does, or if that
// key holds something else than t, which it answers.
func (c *Ctx) FirstCollection(keys [][]byte, t value.Type) (key []byte, e keyspace.Entry, answered bool) {
	for _, key := range keys {
		e, wrongType := c.Tx.Collection(key, t)
		switch {
		case wrongType:
			c.Out.Error(WrongType)
			return nil, e, true
		case e.Found():
			return key, e, false
		}
	}
	return nil, e, false
}

// WaitForElement makes the client wait until one of the keys holds a collection of
// type t, which then has an element. A client that cannot wait is answered with
// none.
func (c *Ctx) WaitForElement(keys [][]byte, t value.Type, deadlineMillis int64, none func()) {
	if c.DenyBlocking {
		none()
		return
	}
	c.Server.Block(c, Block{Keys: keys, Type: t, DeadlineMillis: deadlineMillis})
}
