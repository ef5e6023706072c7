package keycmd

import "github.com/kvasirdb/kvasir/internal/command"

func (h *handlers) runDel(c *command.Ctx) { remove(c, h.LazyDelete()) }

var unlinkSpec = command.Spec{
	Name: "unlink", Group: command.GroupGeneric, Since: "4.0.0", Arity: -2,
	Flags: command.Write | command.Fast, ACL: command.CatKeyspace,
	Summary:    "Remove keys at once and free their values in the background",
	Complexity: "O(1) per key, and O(N) in the background for N freed allocations",
	Tips:       []string{"request_policy:multi_shard", "response_policy:agg_sum"},
	Keys:       []command.KeySpec{{Flags: command.KeyRM | command.KeyDelete, Index: 1, LastKey: -1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, Flags: command.ArgMultiple},
	},
	Run: runUnlink,
}

func runUnlink(c *command.Ctx) { remove(c, true) }

func remove(c *command.Ctx, lazy bool) {
	removed := int64(0)
	for _, key := range c.Args[1:] {
		e := c.Tx.Peek(key)
		if !e.Found() {
			continue
		}
		e.Remove(key, lazy)
		c.Notify(command.EventGeneric, "del", key)
		removed++
	}
	c.Out.Int(removed)
}

func (h *handlers) runFlushAll(c *command.Ctx) {
	if lazy, ok := h.flushMode(c); ok {
		for db := range c.Tx.Worker().Space().Databases() {
			h.flush(c, db, lazy)
		}
		h.flushed(c, true)
	}
}

func (h *handlers) runFlushDB(c *command.Ctx) {
	if lazy, ok := h.flushMode(c); ok {
		h.flush(c, c.Tx.DB(), lazy)
		h.flushed(c, false)
	}
}

// flushMode reads the option of FLUSHALL and FLUSHDB.
func (h *handlers) flushMode(c *command.Ctx) (lazy, ok bool) {
	switch {
	case len(c.Args) == 1:
		return h.LazyFlush(), true
	case len(c.Args) == 2 && command.Is(c.Args[1], "async"):
		return true, true
	case len(c.Args) == 2 && command.Is(c.Args[1], "sync"):
		return false, true
	}
	c.Out.Error(command.SyntaxError)
	return false, false
}

func (h *handlers) flush(c *command.Ctx, db int, lazy bool) {
	h.Replacing(c, db, -1)
	c.Tx.AddDirty(int(c.Tx.Worker().Flush(db, lazy)))
}

// flushed ends a flush. It is propagated even if there was nothing to remove:
// a replica might have something.
func (h *handlers) flushed(c *command.Ctx, all bool) {
	if h.Flushed != nil {
		h.Flushed(c, all)
	}
	c.PropagateForced()
	c.Out.OK()
}

func (h *handlers) runSwapDB(c *command.Ctx) {
	space := c.Tx.Worker().Space()
	if space.ClusterMode() {
		c.Out.Error("ERR SWAPDB is not allowed in cluster mode")
		return
	}
	a, ok := intArg(c, 1, "ERR invalid first DB index")
	if !ok {
		return
	}
	b, ok := intArg(c, 2, "ERR invalid second DB index")
	if !ok {
		return
	}
	if n := space.Databases(); a < 0 || a >= n || b < 0 || b >= n {
		c.Out.Error(command.DBIndexRange)
		return
	}
	if a != b {
		h.Replacing(c, a, b)
		h.Replacing(c, b, a)
		space.Swap(a, b)
	}
	c.Tx.AddDirty(1)
	c.Out.OK()
}
