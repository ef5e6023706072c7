// Package txn is transactions: MULTI, EXEC, DISCARD, WATCH and UNWATCH.
//
// Vocabulary:
//
//   - A client in MULTI has its commands queued by a gate, the last one, so
//     that whatever would refuse a command refuses it when it is queued. A
//     refused command makes EXEC fail.
//   - EXEC runs the queued commands in exclusive mode, nothing in between. What
//     they propagate is one unit of the journal.
//   - A watched key is an entry in the table of its shard. A change of the key
//     marks its watchers dirty, and EXEC of a dirty client does nothing.
//
// The tables of watched keys are guarded by the shard locks of their keys: WATCH
// declares its keys, and changes of a key happen under its lock. Whatever ends
// watching runs in exclusive mode.
package txn

import (
	"sync/atomic"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/session"
)

// Transactions is the state of all clients' transactions.
type Transactions struct {
	space  *keyspace.Space
	tables [keyspace.Shards]map[watchedKey][]*watch

	// arm makes the gate look at a client's commands, or ends that; observe
	// does the same for the observer of changes.
	arm     func(c *session.Client, on bool)
	observe func(on bool)

	watches  atomic.Int64 // keys watched, each client's counted
	watchers atomic.Int64 // clients that watch something
}

type watchedKey struct {
	db  int
	key string
}

// watch is one client's interest in one key.
type watch struct {
	client  *session.Client
	key     watchedKey
	shard   int
	expired bool // when it was watched: its removal is no change
}

// state is what a client has in session.ExtTxn.
type state struct {
	queue   [][][]byte
	flags   command.Flags // of all queued commands together
	watched []*watch
	leaves  bool // unwatch is called when the client goes away
}

func stateOf(c *session.Client) *state {
	if st, ok := c.Ext[session.ExtTxn].(*state); ok {
		return st
	}
	st := &state{}
	c.Ext[session.ExtTxn] = st
	return st
}

// New returns the transactions of a server.
func New(space *keyspace.Space) *Transactions {
	return &Transactions{space: space}
}

// Connect tells how to arm the gate and the observer.
func (t *Transactions) Connect(arm func(c *session.Client, on bool), observe func(on bool)) {
	t.arm, t.observe = arm, observe
}

// Gate queues the commands of clients in MULTI. It comes last of those that look
// at what is queued.
func (t *Transactions) Gate() command.Gate {
	return command.Gate{Name: "multi", Check: t.enqueue}
}

// Observer marks the watchers of changed keys.
func (t *Transactions) Observer() command.Observer {
	return command.Observer{Name: "watch", Modified: t.modified}
}

// passing are the commands that a transaction does not queue.
var passing = map[string]bool{
	"exec": true, "discard": true, "multi": true, "watch": true, "quit": true, "reset": true,
}

func (t *Transactions) enqueue(c *command.Ctx) command.Verdict {
	if c.Cmd.Flags&command.NoMulti != 0 {
		return command.Refuse("ERR Command '" + c.Cmd.Name + "' not allowed inside a transaction")
	}
	if passing[c.Cmd.Name] {
		return command.Pass()
	}
	if c.Client.Flags&session.DirtyExec == 0 && !c.Client.DirtyWatch.Load() {
		st := stateOf(c.Client)
		args := command.CloneArgs(c.Args)
		st.queue = append(st.queue, args)
		st.flags |= c.Cmd.Flags
		for _, a := range args {
			c.Client.MultiBytes += len(a) + 24
		}
	}
	c.Out.SimpleString("QUEUED")
	return command.Done()
}

func (t *Transactions) modified(tx *keyspace.Tx, key []byte) {
	table := t.tables[t.space.Locate(key).Shard()]
	if len(table) == 0 {
		return
	}
	for _, w := range table[watchedKey{tx.DB(), string(key)}] {
		if w.expired {
			// Only the removal of the expired key is no change.
			w.expired = false
			if e := tx.Peek(key); !e.Found() {
				continue
			}
		}
		w.client.DirtyWatch.Store(true)
	}
}

// Touch marks the watchers of keys that a flush removes, or that swapping a
// database with another changes. Exclusive mode, before it happens. with is the
// other database, or -1.
func (t *Transactions) Touch(tx *keyspace.Tx, db, with int) {
	if t.watches.Load() == 0 {
		return
	}
	for _, table := range t.tables {
		for k, watches := range table {
			if k.db != db {
				continue
			}
			key := []byte(k.key)
			exists := tx.Other(db).HasKey(key)
			replaced, stale := false, false
			if with >= 0 {
				replaced, stale = tx.Other(with).HasKey(key), tx.Other(with).KeyExpired(key)
			}
			for _, x := range watches {
				switch {
				case x.expired && !replaced:
					x.expired = false // gone, as everybody saw it already
				case x.expired && stale:
				case !x.expired && !exists && stale:
					x.expired = true // from absent to expired: no change
				case x.expired || exists || replaced:
					x.client.DirtyWatch.Store(true)
				}
			}
		}
	}
}

// unwatch ends all of a client's watching. Exclusive mode.
func (t *Transactions) unwatch(c *session.Client) {
	st, ok := c.Ext[session.ExtTxn].(*state)
	c.DirtyWatch.Store(false)
	if !ok || len(st.watched) == 0 {
		return
	}
	for _, w := range st.watched {
		table := t.tables[w.shard]
		list := table[w.key]
		for i, o := range list {
			if o == w {
				list[i] = list[len(list)-1]
				list = list[:len(list)-1]
				break
			}
		}
		if len(list) == 0 {
			delete(table, w.key)
		} else {
			table[w.key] = list
		}
	}
	t.watches.Add(-int64(len(st.watched)))
	st.watched = nil
	if t.watchers.Add(-1) == 0 {
		t.observe(false)
	}
}

// Discard ends a client's transaction and watching, as RESET and the end of a
// connection do. Exclusive mode.
func (t *Transactions) Discard(c *session.Client) {
	t.unwatch(c)
	if st, ok := c.Ext[session.ExtTxn].(*state); ok {
		st.queue, st.flags = nil, 0
	}
	c.MultiBytes = 0
	c.Clear(session.Multi | session.DirtyExec)
	t.arm(c, false)
}

// Watching returns how many clients watch keys, and how many keys are watched.
// Exclusive mode.
func (t *Transactions) Watching() (clients, keys int64) {
	for _, table := range t.tables {
		keys += int64(len(table))
	}
	return t.watchers.Load(), keys
}

// WatchedBy returns how many keys a client watches. Exclusive mode.
func WatchedBy(c *session.Client) int {
	if st, ok := c.Ext[session.ExtTxn].(*state); ok {
		return len(st.watched)
	}
	return 0
}

// Queued returns how many commands a client has queued, -1 outside of MULTI.
// Exclusive mode.
func Queued(c *session.Client) int {
	if !c.Has(session.Multi) {
		return -1
	}
	if st, ok := c.Ext[session.ExtTxn].(*state); ok {
		return len(st.queue)
	}
	return 0
}

// EachQueued calls f for every command that a client has queued, until f returns
// false. Owner loop or exclusive mode.
func EachQueued(c *session.Client, f func(args [][]byte) bool) {
	st, ok := c.Ext[session.ExtTxn].(*state)
	if !ok {
		return
	}
	for _, args := range st.queue {
		if !f(args) {
			return
		}
	}
}

// Writes reports whether a client has queued a command that may change data.
// Owner loop or exclusive mode.
func Writes(c *session.Client) bool {
	return QueuedFlags(c)&(command.Write|command.MayReplicate) != 0
}

// QueuedFlags returns the flags that any of a client's queued commands has.
// Owner loop or exclusive mode.
func QueuedFlags(c *session.Client) command.Flags {
	if st, ok := c.Ext[session.ExtTxn].(*state); ok {
		return st.flags
	}
	return 0
}

// EffectiveFlags returns a command's flags, and for EXEC those of what it would
// execute as well.
func EffectiveFlags(c *command.Ctx) command.Flags {
	if c.Cmd.Name == "exec" {
		return c.Cmd.Flags | QueuedFlags(c.Client)
	}
	return c.Cmd.Flags
}
