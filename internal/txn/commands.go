package txn

import (
	"strings"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/session"
)

// Commands returns the commands of the group "transactions".
func (t *Transactions) Commands() []command.Spec {
	return []command.Spec{
		{
			Name: "discard", Group: command.GroupTransactions, Since: "2.0.0", Arity: 1,
			Flags:      command.NoScript | command.Loading | command.Stale | command.Fast | command.AllowBusy,
			ACL:        command.CatTransaction,
			Summary:    "Drop the queued commands and end the transaction",
			Complexity: "O(N) for N queued commands",
			Lock:       command.LockExclusive,
			Run:        t.runDiscard,
		},
		{
			Name: "exec", Group: command.GroupTransactions, Since: "1.2.0", Arity: 1,
			Flags: command.NoScript | command.Loading | command.Stale | command.SkipCommandLog, ACL: command.CatTransaction,
			Summary:    "Run the queued commands as one step",
			Complexity: "That of the queued commands",
			Lock:       command.LockExclusive,
			Run:        t.runExec,
			Refused:    t.abort,
		},
		{
			Name: "multi", Group: command.GroupTransactions, Since: "1.2.0", Arity: 1,
			Flags:      command.NoScript | command.Loading | command.Stale | command.Fast | command.NoMulti | command.AllowBusy,
			ACL:        command.CatTransaction,
			Summary:    "Start queueing commands for a transaction",
			Complexity: "O(1)",
			Lock:       command.LockNone,
			Run:        t.runMulti,
		},
		{
			Name: "unwatch", Group: command.GroupTransactions, Since: "2.2.0", Arity: 1,
			Flags:      command.NoScript | command.Loading | command.Stale | command.Fast | command.AllowBusy,
			ACL:        command.CatTransaction,
			Summary:    "Stop watching all keys",
			Complexity: "O(1)",
			Lock:       command.LockExclusive,
			Run:        t.runUnwatch,
		},
		{
			Name: "watch", Group: command.GroupTransactions, Since: "2.2.0", Arity: -2,
			Flags:      command.NoScript | command.Loading | command.Stale | command.Fast | command.NoMulti | command.AllowBusy,
			ACL:        command.CatTransaction,
			Summary:    "Make the next transaction fail if any of these keys changes before it",
			Complexity: "O(1) per key",
			Keys:       []command.KeySpec{{Flags: command.KeyRO, Index: 1, LastKey: -1, Step: 1}},
			Args: []command.Arg{
				{Name: "key", Type: command.ArgKey, Flags: command.ArgMultiple},
			},
			Run: t.runWatch,
		},
	}
}

func (t *Transactions) runMulti(c *command.Ctx) {
	if c.Client.Has(session.Multi) {
		c.Out.Error("ERR MULTI calls can not be nested")
		return
	}
	c.Client.Set(session.Multi)
	t.arm(c.Client, true)
	c.Out.OK()
}

func (t *Transactions) runDiscard(c *command.Ctx) {
	if !c.Client.Has(session.Multi) {
		c.Out.Error("ERR DISCARD without MULTI")
		return
	}
	t.Discard(c.Client)
	c.Out.OK()
}

func (t *Transactions) runExec(c *command.Ctx) {
	client := c.Client
	if !client.Has(session.Multi) {
		c.Out.Error("ERR EXEC without MULTI")
		return
	}
	st := stateOf(client)
	dirty := client.DirtyWatch.Load() || t.watchedExpired(c, st)
	switch {
	case client.Has(session.DirtyExec):
		t.Discard(client)
		c.Out.Error("EXECABORT Transaction discarded because of previous errors.")
		return
	case dirty:
		t.Discard(client)
		c.Out.NullArray()
		return
	}
	t.unwatch(client)
	queue := st.queue
	st.queue = nil
	t.arm(client, false)
	c.Out.ArrayHeader(len(queue))
	for _, args := range queue {
		c.Server.Call(c, args)
	}
	c.PropagateNothing() // the commands have told what they did
	t.Discard(client)
}

// abort ends the transaction whose EXEC is refused. The reason is told with its
// code, unless that is the general one.
func (t *Transactions) abort(c *command.Ctx, text string) string {
	c.Server.Exclusive(func() { t.Discard(c.Client) })
	return "EXECABORT Transaction discarded because of: " + strings.TrimPrefix(text, "ERR ")
}

// watchedExpired reports whether a watched key has expired meanwhile.
func (t *Transactions) watchedExpired(c *command.Ctx, st *state) bool {
	for _, w := range st.watched {
		if !w.expired && c.Tx.Other(w.key.db).KeyExpired([]byte(w.key.key)) {
			return true
		}
	}
	return false
}

func (t *Transactions) runWatch(c *command.Ctx) {
	if c.Client.Has(session.Multi) {
		c.Out.Error("ERR WATCH inside MULTI is not allowed")
		return
	}
	c.Out.OK()
	if c.Client.DirtyWatch.Load() {
		return // it will not be executed anyway
	}
	st := stateOf(c.Client)
	for _, key := range c.Args[1:] {
		t.watch(c, st, key)
	}
}

func (t *Transactions) watch(c *command.Ctx, st *state, key []byte) {
	k := watchedKey{c.Tx.DB(), string(key)}
	for _, w := range st.watched {
		if w.key == k {
			return
		}
	}
	w := &watch{client: c.Client, key: k, shard: t.space.Locate(key).Shard(), expired: c.Tx.KeyExpired(key)}
	if t.tables[w.shard] == nil {
		t.tables[w.shard] = map[watchedKey][]*watch{}
	}
	t.tables[w.shard][k] = append(t.tables[w.shard][k], w)
	t.watches.Add(1)
	if len(st.watched) == 0 && t.watchers.Add(1) == 1 {
		t.observe(true)
	}
	if !st.leaves {
		st.leaves = true
		c.Client.OnClose(t.unwatch)
	}
	st.watched = append(st.watched, w)
}

func (t *Transactions) runUnwatch(c *command.Ctx) {
	t.unwatch(c.Client)
	c.Out.OK()
}
