package txn_test

import (
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/commands/keycmd"
	"github.com/kvasirdb/kvasir/internal/commands/stringcmd"
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/session"
	"github.com/kvasirdb/kvasir/internal/txn"
)

// bench is a server with transactions, and what they have asked to be armed.
type bench struct {
	*cmdtest.Server
	txn      *txn.Transactions
	armed    map[*session.Client]bool
	observed bool
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{armed: map[*session.Client]bool{}}
	b.Server = cmdtest.NewOn(t, func(space *keyspace.Space) [][]command.Spec {
		b.txn = txn.New(space)
		never := func() bool { return false }
		return [][]command.Spec{
			b.txn.Commands(),
			stringcmd.Commands(stringcmd.Deps{MaxBulkBytes: func() int64 { return 1 << 20 }}),
			keycmd.Commands(keycmd.Deps{CountsFrequency: never, LazyDelete: never, LazyFlush: never}),
		}
	})
	gate := b.Engine.AddGate(b.txn.Gate())
	observer := b.Engine.AddObserver(b.txn.Observer())
	b.txn.Connect(
		func(c *session.Client, on bool) { b.armed[c] = on; engine.ArmClient(c, gate, on) },
		func(on bool) { b.observed = on; b.Engine.Watch(observer, on) },
	)
	return b
}

// watching compares how many clients watch, and how many keys, in all.
func (b *bench) watching(t *testing.T, clients, keys int64) {
	t.Helper()
	if c, k := b.txn.Watching(); c != clients || k != keys {
		t.Errorf("%d clients watch %d keys, want %d and %d", c, k, clients, keys)
	}
	if b.observed != (clients > 0) {
		t.Errorf("the observer of changes is armed: %v, with %d clients that watch", b.observed, clients)
	}
}

func TestCommandsAreQueuedUntilExec(t *testing.T) {
	b := newBench(t)
	if n := txn.Queued(b.Client.Client); n != -1 {
		t.Errorf("%d commands are queued outside of MULTI", n)
	}
	b.Want("MULTI", "OK")
	b.Want("SET a 1", "QUEUED")
	b.Want("INCR a", "QUEUED")
	if b.Client.MultiBytes == 0 || txn.Queued(b.Client.Client) != 2 || !txn.Writes(b.Client.Client) {
		t.Errorf("%d commands of %d bytes are queued, writes: %v",
			txn.Queued(b.Client.Client), b.Client.MultiBytes, txn.Writes(b.Client.Client))
	}
	if got := b.NewClient().Run("EXISTS a"); got != "0" {
		t.Errorf("a queued command has run: EXISTS says %s", got)
	}
	b.Want("EXEC", "[OK 2]")
	if b.armed[b.Client.Client] || b.Client.MultiBytes != 0 || txn.Queued(b.Client.Client) != -1 {
		t.Error("the transaction has left something")
	}
	b.Want("GET a", `"2"`)
}

func TestQueuedReadsAreNoWrites(t *testing.T) {
	b := newBench(t)
	b.Script("MULTI\nGET a")
	if txn.Writes(b.Client.Client) {
		t.Error("GET counts as a write")
	}
	b.Script("DISCARD\nMULTI\nSET a 1\nDISCARD\nMULTI\nGET a")
	if txn.Writes(b.Client.Client) {
		t.Error("the flags of a dropped transaction are still there")
	}
	b.Want("DISCARD", "OK")
	b.Want("GET a", "nil")
}

func TestAChangeOfAWatchedKeyStopsExec(t *testing.T) {
	b := newBench(t)
	other := b.NewClient()
	for _, change := range []string{"SET k 1", "APPEND k x", "EXPIRE k 100", "DEL k"} {
		b.Script("WATCH k other")
		b.watching(t, 1, 2)
		other.Script(change)
		b.Script("MULTI\nSET result wrong")
		b.Want("EXEC", "nil")
		b.watching(t, 0, 0)
	}
	b.Want("EXISTS result", "0")

	// The same key in another database, a read, and a change after UNWATCH do
	// not count.
	b.Script("SET k 1\nWATCH k")
	other.Script("COPY k k DB 1\nGET k")
	b.Script("MULTI\nSET result right")
	b.Want("EXEC", "[OK]")
	b.Script("WATCH k\nUNWATCH")
	other.Script("SET k 1")
	b.Script("MULTI\nPERSIST k")
	b.Want("EXEC", "[0]")
}

func TestAKeyWatchedTwiceCountsOnce(t *testing.T) {
	b := newBench(t)
	other := b.NewClient()
	b.Script("WATCH k k\nWATCH k")
	other.Script("WATCH k")
	b.watching(t, 2, 1)
	if n := txn.WatchedBy(b.Client.Client); n != 1 {
		t.Errorf("the client watches %d keys", n)
	}
	b.Script("UNWATCH")
	b.watching(t, 1, 1)
	b.Script("SET k 1")
	other.Script("MULTI\nGET k")
	other.Want("EXEC", "nil")
	b.watching(t, 0, 0)
}

func TestExpiryOfAWatchedKeyIsAChangeOnce(t *testing.T) {
	b := newBench(t)
	b.Script("SET k v PX 10\nWATCH k")
	b.Advance(20 * time.Millisecond)
	b.Script("MULTI\nGET k")
	b.Want("EXEC", "nil")

	// One that had expired when it was watched may be removed; a new value of it
	// is a change.
	b.Script("SET k v PX 10")
	b.Advance(20 * time.Millisecond)
	b.Script("WATCH k\nMULTI\nGET k")
	b.Want("EXEC", "[nil]")
	b.Script("SET k v PX 10")
	b.Advance(20 * time.Millisecond)
	b.Script("WATCH k")
	b.NewClient().Script("SET k new")
	b.Script("MULTI\nGET k")
	b.Want("EXEC", "nil")
}
