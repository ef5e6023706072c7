// Package blocking keeps the clients that wait for keys.
//
// A client waits on one or more keys of one database. Whoever began to wait on
// a key first is served first. The queues are changed in exclusive mode only
// and read under a loop's reader lock, so they need no lock of their own: while
// a loop executes a batch, nobody else can begin or end a wait.
//
// The engine drives the package: it asks Waited before a write, so that a write
// to such a key runs in exclusive mode; it calls Signal for every key modified
// there; and after the command it takes the ready keys and runs the commands of
// their waiters again.
package blocking

import (
	"container/heap"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/session"
)

// Key is a key of one database.
type Key struct {
	DB   int
	Name string
}

// Wait is one client's waiting.
type Wait struct {
	Client *session.Client
	Cmd    *command.Cmd
	Args   [][]byte // copied
	Block  command.Block
	DB     int

	SinceMillis int64 // when the wait began
	Again       bool  // the command has run again and still waits

	keys      []Key
	heapIndex int
	ended     bool
}

// Queues are all waits of one server.
type Queues struct {
	byKey map[Key][]*Wait
	ready []Key
	isSet map[Key]bool // keys in ready
	keys  atomic.Int64 // len(byKey), for the engine's quick test
	total atomic.Int64
	due   deadlines
	next  atomic.Int64 // see NextDeadline

	laterMu sync.Mutex
	later   []Key
}

// New returns empty queues.
func New() *Queues {
	return &Queues{byKey: map[Key][]*Wait{}, isSet: map[Key]bool{}}
}

// Any reports whether anybody waits on any key.
func (q *Queues) Any() bool { return q.keys.Load() != 0 }

// Clients returns the number of waiting clients.
func (q *Queues) Clients() int { return int(q.total.Load()) }

// Keys returns the number of keys waited on, and of those whose waiters want to
// know when the key goes away.
// Exclusive mode only.
func (q *Queues) Keys() (all, onGone int) {
	for _, list := range q.byKey {
		if slices.ContainsFunc(list, func(w *Wait) bool { return w.Block.OnKeyGone }) {
			onGone++
		}
	}
	return len(q.byKey), onGone
}

// Waited reports whether anybody waits on a key.
func (q *Queues) Waited(db int, key []byte) bool {
	_, ok := q.byKey[Key{db, string(key)}]
	return ok
}

// Add begins a wait. Exclusive mode only.
func (q *Queues) Add(w *Wait) {
	w.Client.Set(session.Blocked)
	w.Client.Ext[session.ExtBlocking] = w
	for _, k := range w.Block.Keys {
		key := Key{w.DB, string(k)}
		if slices.Contains(w.keys, key) {
			continue
		}
		w.keys = append(w.keys, key)
		q.byKey[key] = append(q.byKey[key], w)
	}
	q.keys.Store(int64(len(q.byKey)))
	q.total.Add(1)
	w.heapIndex = -1
	if w.Block.DeadlineMillis > 0 {
		heap.Push(&q.due, w)
	}
	q.publishNext()
}

// Remove ends a wait, whatever the reason. Exclusive mode only.
func (q *Queues) Remove(w *Wait) {
	if w.ended {
		return
	}
	w.ended = true
	w.Client.Clear(session.Blocked)
	w.Client.Ext[session.ExtBlocking] = nil
	for _, key := range w.keys {
		list := q.byKey[key]
		switch i := slices.Index(list, w); {
		case len(list) == 1:
			delete(q.byKey, key)
		case i == 0: // the common case, whatever the length of the queue
			list[0] = nil
			q.byKey[key] = list[1:]
		default:
			q.byKey[key] = slices.Delete(list, i, i+1)
		}
	}
	q.keys.Store(int64(len(q.byKey)))
	q.total.Add(-1)
	if w.heapIndex >= 0 {
		heap.Remove(&q.due, w.heapIndex)
	}
	q.publishNext()
}

// Of returns the wait of a client, or nil.
func Of(c *session.Client) *Wait {
	w, _ := c.Ext[session.ExtBlocking].(*Wait)
	return w
}

// Ended reports whether the wait is over.
func (w *Wait) Ended() bool { return w.ended }

// Signal notes that a key was modified. Exclusive mode only.
func (q *Queues) Signal(db int, key []byte) {
	k := Key{db, string(key)}
	if _, ok := q.byKey[k]; ok && !q.isSet[k] {
		q.isSet[k] = true
		q.ready = append(q.ready, k)
	}
}

// SignalAll notes that every key of a database may have changed (SWAPDB, FLUSHDB).
func (q *Queues) SignalAll(db int) {
	for k := range q.byKey {
		if k.DB == db && !q.isSet[k] {
			q.isSet[k] = true
			q.ready = append(q.ready, k)
		}
	}
}

// NextReady takes one key that was signalled.
func (q *Queues) NextReady() (k Key, ok bool) {
	if len(q.ready) == 0 {
		return Key{}, false
	}
	k = q.ready[0]
	q.ready = q.ready[1:]
	delete(q.isSet, k)
	return k, true
}

// Waiters returns those who wait on a key, first come first. The slice is
// changed by Add and Remove.
func (q *Queues) Waiters(k Key) []*Wait { return q.byKey[k] }

// SignalLater notes from outside of exclusive mode that a key was modified.
func (q *Queues) SignalLater(db int, key []byte) {
	q.laterMu.Lock()
	q.later = append(q.later, Key{db, string(key)})
	q.laterMu.Unlock()
	q.next.Store(1)
}

// CollectLater signals what SignalLater noted. Exclusive mode only.
func (q *Queues) CollectLater() {
	q.laterMu.Lock()
	later := q.later
	q.later = nil
	q.laterMu.Unlock()
	for _, k := range later {
		q.Signal(k.DB, []byte(k.Name))
	}
	q.publishNext()
}

// NextDeadline returns the earliest deadline in Unix milliseconds, 1 if
// CollectLater has work, 0 if nothing is due. It may be called at any time.
func (q *Queues) NextDeadline() int64 { return q.next.Load() }

func (q *Queues) publishNext() {
	if len(q.due) == 0 {
		q.next.Store(0)
	} else {
		q.next.Store(q.due[0].Block.DeadlineMillis)
	}
}

// Due returns a wait whose deadline is not after now, or nil.
func (q *Queues) Due(nowMillis int64) *Wait {
	if len(q.due) == 0 || q.due[0].Block.DeadlineMillis > nowMillis {
		return nil
	}
	return q.due[0]
}

// deadlines is a heap of waits by deadline.
type deadlines []*Wait

func (d deadlines) Len() int           { return len(d) }
func (d deadlines) Less(i, j int) bool { return d[i].Block.DeadlineMillis < d[j].Block.DeadlineMillis }
func (d deadlines) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].heapIndex, d[j].heapIndex = i, j
}
func (d *deadlines) Push(x any) {
	w := x.(*Wait)
	w.heapIndex = len(*d)
	*d = append(*d, w)
}
func (d *deadlines) Pop() any {
	old := *d
	w := old[len(old)-1]
	*d = old[:len(old)-1]
	w.heapIndex = -1
	return w
}
