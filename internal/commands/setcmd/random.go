package setcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/set"
	"github.com/kvasirdb/kvasir/internal/keyspace"
)

var spopSpec = command.Spec{
	Name: "spop", Group: command.GroupSet, Since: "1.0.0", Arity: -2,
	Flags: command.Write | command.Fast, ACL: command.CatSet,
	Summary:    "Take random members out of a set",
	Complexity: "O(1), or O(N) for a count of N",
	History: []command.Change{
		{Version: "3.2.0", What: "count argument"},
	},
	Tips: []string{"nondeterministic_output"},
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyAccess | command.KeyDelete, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "count", Type: command.ArgInteger, Since: "3.2.0", Flags: command.ArgOptional},
	},
	Run: runSPop,
}

func runSPop(c *command.Ctx) {
	switch len(c.Args) {
	case 2:
		popOne(c)
	case 3:
		popCount(c)
	default:
		c.Out.Error(command.SyntaxError)
	}
}

func popOne(c *command.Ctx) {
	key := c.Args[1]
	e := c.Tx.Write(key)
	if !isSet(c, &e, c.Out.Null) {
		return
	}
	pop(c, &e, key, 1)
}

func popCount(c *command.Ctx) {
	key := c.Args[1]
	count, ok := c.RangeArg(2, 0, command.NotPositive)
	if !ok {
		return
	}
	e := c.Tx.Write(key)
	if !isSet(c, &e, func() { c.Out.SetHeader(0) }) {
		return
	}
	v := e.Value()
	switch size := set.Len(&v); {
	case count == 0:
		c.Out.SetHeader(0)
	case count >= size:
		replyMembers(c, &v)
		c.RemoveEmptied(&e, key, size, command.EventSet, "spop")
	default:
		c.Out.SetHeader(count)
		pop(c, &e, key, count)
	}
}

// sremBatch is how many members one propagated SREM removes at most.
const sremBatch = 1024

// pop takes count members, of at least as many, out of a found set, appends
// them to the reply and propagates their removal.
func pop(c *command.Ctx, e *keyspace.Entry, key []byte, count int) {
	propagated := make([][]byte, 0, 2+min(count, sremBatch))
	propagated = append(propagated, []byte("SREM"), key)
	var members []byte // what the batch's words refer to
	flush := func() {
		c.PropagateInstead(propagated...)
		propagated, members = propagated[:2], members[:0]
	}
	v := e.Update()
	set.Pop(c.Tx.Heap(), c.Limits, &v, c.Tx.Rand(), count, func(member []byte) {
		c.Out.Bulk(member)
		members = append(members, member...)
		end := len(members)
		propagated = append(propagated, members[end-len(member):end:end])
		if len(propagated) == 2+sremBatch {
			flush()
		}
	})
	if len(propagated) > 2 {
		flush()
	}
	store(c, e, key, v, count, "spop")
}

var srandmemberSpec = command.Spec{
	Name: "srandmember", Group: command.GroupSet, Since: "1.0.0", Arity: -2,
	Flags: command.ReadOnly, ACL: command.CatSet,
	Summary:    "Pick members at random",
	Complexity: "O(1), or O(N) for a count of N or -N",
	History: []command.Change{
		{Version: "2.6.0", What: "count argument"},
	},
	Tips: []string{"nondeterministic_output"},
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "count", Type: command.ArgInteger, Since: "2.6.0", Flags: command.ArgOptional},
	},
	Run: runSRandMember,
}

func runSRandMember(c *command.Ctx) {
	switch len(c.Args) {
	case 2:
		if v, ok := find(c, c.Out.Null); ok {
			set.Random(&v, c.Tx.Rand(), 1, func(member []byte) bool {
				c.Out.Bulk(member)
				return true
			})
		}
	case 3:
		randomMembers(c)
	default:
		c.Out.Error(command.SyntaxError)
	}
}

func randomMembers(c *command.Ctx) {
	count, ok := c.SymmetricArg(2)
	if !ok {
		return
	}
	v, ok := find(c, c.Out.EmptyArray)
	switch {
	case !ok:
	case count == 0:
		c.Out.EmptyArray()
	case count < 0:
		c.Out.ArrayHeader(-count)
		set.Random(&v, c.Tx.Rand(), -count, func(member []byte) bool {
			c.Out.Bulk(member)
			return !c.OutputFull()
		})
	default:
		n := min(count, set.Len(&v))
		c.Out.ArrayHeader(n)
		set.RandomDistinct(&v, c.Tx.Rand(), n, c.Out.Bulk)
	}
}
