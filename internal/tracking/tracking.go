// Package tracking tells clients when keys change that they keep copies of:
// server-assisted client side caching, CLIENT TRACKING.
//
// Vocabulary:
//
//   - A tracker is a client in tracking mode. Without BCAST, what it reads is
//     remembered: which client may hold a copy of which key is in the table. The
//     first change of a key invalidates it for its holders, who are told, and
//     forgotten until they read it again. OPTIN and OPTOUT let CLIENT CACHING
//     choose whether the next command's keys are remembered.
//   - With BCAST nothing is remembered. The tracker is told of every changed key
//     with one of its prefixes, once per turn of a loop, all keys together.
//   - NOLOOP spares a tracker the changes it makes itself.
//   - An invalidation goes to the tracker itself, as a push of RESP3, or with
//     REDIRECT to another client, which may speak RESP2 if it is subscribed to
//     channels. If that client is gone, the tracker is told that its redirection
//     is broken.
//   - All keys are invalid after a flush, which is one message: null.
//
// Keys are known by name whatever their database, as Valkey does it.
//
// Who is a tracker, and how, changes in exclusive mode and is read under a reader
// lock. The table is as many maps as there are shards; each is guarded by the
// lock of its shard, which whoever reads or changes the key has anyway. So a read
// is remembered before any later change of the key, and the message about that
// change comes after the reply. Nothing here is called while no client tracks.
//
// The table holds tracking-table-max-keys keys. The key that is too many drives
// another one of its shard out, whose holders are told as if it had changed. If
// the shard has no other, the gate makes room before the next command.
package tracking

import (
	"sync/atomic"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/session"
)

// Deps are what tracking needs of the server.
type Deps struct {
	// Client returns a connected client by its number, or nil. The caller holds
	// a reader lock.
	Client func(id uint64) *session.Client
	// Current returns the client whose command a worker runs, nil if none.
	Current func(w *keyspace.Worker) *session.Client
	// Observe makes the engine call the Observer, or ends that. Exclusive mode.
	Observe func(on bool)
	// Crowd makes the Gate look at every command, or ends that. Any loop.
	Crowd func(on bool)
	// Later runs f at the end of a turn: of the client's loop, or of any if c is
	// nil. It reports false if it cannot.
	Later func(c *session.Client, f func()) bool
	// Shard returns the lock that guards a key.
	Shard func(key []byte) int
}

// Tracking is the tracking clients of a server and what they hold.
type Tracking struct {
	deps     Deps
	trackers map[uint64]*tracker // changed in exclusive mode
	clients  atomic.Int64
	table    table
	keysMax  atomic.Int64 // 0: no limit
	crowded  atomic.Bool  // the gate is armed

	broadcasts broadcasts
}

// tracker is what a tracking client has in session.ExtTracking. All but caching
// changes in exclusive mode.
type tracker struct {
	client   *session.Client
	redirect uint64 // 0: itself
	options
	caching  bool // CLIENT CACHING is in force for the next command; owner loop
	prefixes map[string]*prefix
	keys     []command.KeyRef // scratch
}

// options are the modes of CLIENT TRACKING ON.
type options struct{ broadcast, optIn, optOut, noLoop bool }

// prefixBytes is what one prefix adds to the memory of a client.
const prefixBytes = 24

// New returns a Tracking without clients.
func New(d Deps) *Tracking {
	t := &Tracking{deps: d, trackers: map[uint64]*tracker{}}
	t.broadcasts.prefixes = map[string]*prefix{}
	return t
}

func stateOf(c *session.Client) *tracker {
	tr, _ := c.Ext[session.ExtTracking].(*tracker)
	return tr
}

// Observer remembers what trackers read and tells them what changes.
func (t *Tracking) Observer() command.Observer {
	return command.Observer{Name: "tracking", Modified: t.modified, Executed: t.executed}
}

// enable makes a client a tracker or changes how it is one. Exclusive mode.
func (t *Tracking) enable(c *session.Client, redirect uint64, o options, prefixes []string) {
	tr := stateOf(c)
	if tr == nil {
		tr = &tracker{client: c}
		c.Ext[session.ExtTracking] = tr
		c.OnClose(t.Forget)
	}
	if !c.Has(session.Tracking) {
		t.trackers[c.ID] = tr
		if t.clients.Add(1) == 1 {
			t.deps.Observe(true)
		}
	}
	tr.redirect, tr.options = redirect, o
	c.Set(session.Tracking)
	c.Clear(session.TrackingBroken | session.TrackingBroadcast)
	if o.broadcast {
		c.Set(session.TrackingBroadcast)
		if len(prefixes) == 0 {
			prefixes = []string{""}
		}
		t.broadcasts.add(tr, prefixes)
	}
}

// Forget ends the tracking mode of a client (CLIENT TRACKING OFF, RESET, or it
// leaves). What it holds stays in the table until it changes, unless nobody else
// tracks. Exclusive mode.
func (t *Tracking) Forget(c *session.Client) {
	if !c.Has(session.Tracking) {
		return
	}
	tr := stateOf(c)
	t.broadcasts.remove(tr)
	tr.options, tr.caching, tr.redirect = options{}, false, 0
	c.Clear(session.Tracking | session.TrackingBroken | session.TrackingBroadcast)
	delete(t.trackers, c.ID)
	if t.clients.Add(-1) == 0 {
		t.deps.Observe(false)
		t.table.clear()
	}
}

// executed remembers the keys that a tracker's command has read. It runs under
// their locks.
func (t *Tracking) executed(c *command.Ctx) {
	if c.Client.Flags&session.Tracking == 0 {
		return
	}
	tr := stateOf(c.Client)
	if c.Cmd.Flags&(command.ReadOnly|command.PubSub) == command.ReadOnly && tr.remembers() {
		t.remember(c, tr)
	}
	if tr.caching && !c.Client.Has(session.Multi) && !isClientCommand(c.Cmd) {
		tr.caching = false
	}
}

// remembers reports whether the keys of the command under way are remembered.
func (tr *tracker) remembers() bool {
	return !tr.broadcast && (!tr.optIn || tr.caching) && (!tr.optOut || !tr.caching)
}

func (t *Tracking) remember(c *command.Ctx, tr *tracker) {
	keys, err := c.Cmd.Keys(tr.keys[:0], c.Args)
	tr.keys = keys
	if err != nil {
		return
	}
	for _, k := range keys {
		key := c.Args[k.Pos]
		shard := t.deps.Shard(key)
		if t.table.add(shard, key, c.Client.ID) && t.over() {
			t.drive(shard, key, c.Client)
			if t.over() && !t.crowded.Swap(true) {
				t.deps.Crowd(true)
			}
		}
	}
}

// modified tells who holds a key that it has changed. It runs under the key's
// lock.
func (t *Tracking) modified(tx *keyspace.Tx, key []byte) {
	current := t.deps.Current(tx.Worker())
	if t.broadcasts.any() {
		t.broadcasts.note(t, current, key)
	}
	if holders := t.table.take(t.deps.Shard(key), key); holders != nil {
		t.invalidate(key, holders, current)
	}
}

// invalidate tells clients that a key they may hold is no longer valid, or no
// longer tracked. current is who caused it.
func (t *Tracking) invalidate(key []byte, holders []uint64, current *session.Client) {
	keys := encodeKeys(string(key))
	for _, id := range holders {
		// A number may be of a client that is gone or has changed its mode.
		tr := t.trackers[id]
		if tr == nil || tr.broadcast || tr.noLoop && tr.client == current {
			continue
		}
		t.send(tr, keys)
	}
}

// send leaves an invalidation with a tracker or with whom it has named.
func (t *Tracking) send(tr *tracker, keys frame) {
	if tr.redirect == 0 {
		tr.client.Send(&invalidation{keys: keys})
		return
	}
	if target := t.deps.Client(tr.redirect); target != nil {
		target.Send(&invalidation{keys: keys, from: tr.client, redirect: tr.redirect})
	} else {
		tr.client.Send(broken(tr.redirect))
	}
}

// Flushed tells all trackers that no key is valid any more. Exclusive mode.
func (t *Tracking) Flushed() {
	for _, tr := range t.trackers {
		t.send(tr, nil)
	}
	t.table.clear()
}

// Limit sets tracking-table-max-keys; 0 is no limit. Exclusive mode, or before
// anybody tracks.
func (t *Tracking) Limit(keys int64) {
	t.keysMax.Store(keys)
	t.shrink(nil)
}

func (t *Tracking) over() bool {
	most := t.keysMax.Load()
	return most > 0 && t.table.keys.Load() > most
}

// drive drives a key other than this one out of a shard of the table.
func (t *Tracking) drive(shard int, key []byte, current *session.Client) {
	if victim, holders, ok := t.table.takeAny(shard, string(key)); ok {
		t.invalidate([]byte(victim), holders, current)
	}
}

// shrinkMax is how many keys one command makes room for.
const shrinkMax = 1000

// shrink drives keys out of the table until it is within its limit, or the work
// is enough for once. Exclusive mode.
func (t *Tracking) shrink(current *session.Client) {
	for left := shrinkMax; t.over() && left > 0; left-- {
		victim, holders := t.table.takeNext()
		t.invalidate([]byte(victim), holders, current)
	}
	if crowded := t.over(); t.crowded.Swap(crowded) != crowded {
		t.deps.Crowd(crowded)
	}
}

// Gate makes room in the table before a command runs. It is armed while the
// table is over its limit. What the client is told about it comes before the
// reply, as keys that are driven out are in no way the command's doing.
func (t *Tracking) Gate() command.Gate {
	return command.Gate{Name: "tracking", Check: func(c *command.Ctx) command.Verdict {
		c.Server.Exclusive(func() { t.shrink(nil) })
		TellFirst(c.Client)
		return command.Pass()
	}}
}

// TellFirst gives a client its messages before the reply to the command that is
// about to run. Gates that invalidate keys call it; replies being off, messages
// wait for the end of the command.
func TellFirst(c *session.Client) {
	if c.HasMail() && c.Flags&(session.ReplyOff|session.ReplySkip) == 0 {
		c.TakeMail()
	}
}

// Clients returns how many clients track, Keys how many keys the table has, Items
// how many pairs of key and holder, and Prefixes how many prefixes are broadcast.
// Under a reader lock.
func (t *Tracking) Clients() int64  { return t.clients.Load() }
func (t *Tracking) Keys() int64     { return t.table.keys.Load() }
func (t *Tracking) Items() int64    { return t.table.items.Load() }
func (t *Tracking) Prefixes() int64 { return int64(len(t.broadcasts.prefixes)) }

// Describe returns whom a client's invalidations go to, 0 for itself and -1
// without tracking, and what the server keeps for it in bytes. Owner loop or
// exclusive mode.
func Describe(c *session.Client) (redirect int64, bytes int) {
	if !c.Has(session.Tracking) {
		return -1, 0
	}
	tr := stateOf(c)
	return int64(tr.redirect), len(tr.prefixes) * prefixBytes
}
