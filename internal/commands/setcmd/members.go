package setcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/set"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/resp"
)

var saddSpec = command.Spec{
	Name: "sadd", Group: command.GroupSet, Since: "1.0.0", Arity: -3,
	Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatSet,
	Summary:    "Put members into a set, creating it if missing",
	Complexity: "O(N) for N members given",
	History: []command.Change{
		{Version: "2.4.0", What: "several members in one call"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyInsert, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "member", Flags: command.ArgMultiple},
	},
	Element: 2,
	Run:     runSAdd,
}

func runSAdd(c *command.Ctx) {
	key, members := c.Args[1], c.Args[2:]
	e, wrongType := c.Tx.Collection(key, value.Set)
	if wrongType {
		c.Out.Error(command.WrongType)
		return
	}
	heap := c.Tx.Heap()
	v := e.Open(value.Set, value.IntSet)
	set.Prepare(heap, c.Limits, &v, members[0], len(members))
	added := 0
	for _, member := range members {
		if set.Add(heap, c.Limits, &v, member) {
			added++
		}
	}
	store(c, &e, key, v, added, "sadd")
	c.Out.Int(int64(added))
}

var sremSpec = command.Spec{
	Name: "srem", Group: command.GroupSet, Since: "1.0.0", Arity: -3,
	Flags: command.Write | command.Fast, ACL: command.CatSet,
	Summary:    "Take members out of a set, and remove it with its last one",
	Complexity: "O(N) for N members given",
	History: []command.Change{
		{Version: "2.4.0", What: "several members in one call"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyDelete, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "member", Flags: command.ArgMultiple},
	},
	Element: 2,
	Run:     runSRem,
}

func runSRem(c *command.Ctx) {
	key, members := c.Args[1], c.Args[2:]
	e := c.Tx.Write(key)
	if !isSet(c, &e, replyZero(c)) {
		return
	}
	v := e.Update()
	removed := 0
	for _, member := range members {
		if set.Remove(c.Tx.Heap(), &v, member) {
			removed++
		}
	}
	store(c, &e, key, v, removed, "srem")
	c.Out.Int(int64(removed))
}

var smoveSpec = command.Spec{
	Name: "smove", Group: command.GroupSet, Since: "1.0.0", Arity: 4,
	Flags: command.Write | command.Fast, ACL: command.CatSet,
	Summary:    "Take a member out of one set and put it into another",
	Complexity: "O(1)",
	Keys: []command.KeySpec{
		{Flags: command.KeyRW | command.KeyAccess | command.KeyDelete, Index: 1, Step: 1},
		{Flags: command.KeyRW | command.KeyInsert, Index: 2, Step: 1},
	},
	Args: []command.Arg{
		{Name: "source", Type: command.ArgKey}, {Name: "destination", Type: command.ArgKey, KeySpec: 1}, {Name: "member"},
	},
	Run: runSMove,
}

func runSMove(c *command.Ctx) {
	source, target, member := c.Args[1], c.Args[2], c.Args[3]
	from := c.Tx.Write(source)
	to := c.Tx.Write(target)
	switch {
	case !from.Found():
		c.Out.Int(0)
		return
	case from.Type() != value.Set, to.Found() && to.Type() != value.Set:
		c.Out.Error(command.WrongType)
		return
	}
	if v := from.Value(); string(source) == string(target) {
		replyFlag(c, set.Contains(&v, member))
		return
	}
	// The target was looked up for its type; what is removed from the source
	// may move its entry.
	heap := c.Tx.Heap()
	v := from.Update()
	if !set.Remove(heap, &v, member) {
		from.Commit(source, v, 0)
		c.Out.Int(0)
		return
	}
	store(c, &from, source, v, 1, "srem")
	to = c.Tx.Peek(target)
	v = to.Open(value.Set, value.IntSet)
	set.Prepare(heap, c.Limits, &v, member, 1)
	added := 0
	if set.Add(heap, c.Limits, &v, member) {
		added = 1
	}
	store(c, &to, target, v, added, "sadd")
	c.Out.Int(1)
}

var scardSpec = command.Spec{
	Name: "scard", Group: command.GroupSet, Since: "1.0.0", Arity: 2,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatSet,
	Summary:    "Count the members of a set",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRO, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
	},
	Run: runSCard,
}

func runSCard(c *command.Ctx) {
	if v, ok := find(c, replyZero(c)); ok {
		c.Out.Int(int64(set.Len(&v)))
	}
}

var sismemberSpec = command.Spec{
	Name: "sismember", Group: command.GroupSet, Since: "1.0.0", Arity: 3,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatSet,
	Summary:    "Tell whether a set has a member",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRO, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "member"},
	},
	Element: 2,
	Run:     runSIsMember,
}

func runSIsMember(c *command.Ctx) {
	if v, ok := find(c, replyZero(c)); ok {
		replyFlag(c, set.Contains(&v, c.Args[2]))
	}
}

var smismemberSpec = command.Spec{
	Name: "smismember", Group: command.GroupSet, Since: "6.2.0", Arity: -3,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatSet,
	Summary:    "Tell for each of several members whether the set has it",
	Complexity: "O(N) for N members asked for",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "member", Flags: command.ArgMultiple},
	},
	Element: 2,
	Run:     runSMIsMember,
}

func runSMIsMember(c *command.Ctx) {
	none := value.Value{Type: value.Set, Enc: value.IntSet}
	absent := false
	v, ok := find(c, func() { absent = true })
	if absent {
		v = none
	} else if !ok {
		return
	}
	c.Out.ArrayHeader(len(c.Args) - 2)
	for _, member := range c.Args[2:] {
		replyFlag(c, set.Contains(&v, member))
	}
}

var smembersSpec = command.Spec{
	Name: "smembers", Group: command.GroupSet, Since: "1.0.0", Arity: 2,
	Flags: command.ReadOnly, ACL: command.CatSet,
	Summary:    "List all members of a set",
	Complexity: "O(N) for N members",
	Tips:       []string{"nondeterministic_output_order"},
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
	},
	Run: runSMembers,
}

func runSMembers(c *command.Ctx) {
	if v, ok := find(c, func() { c.Out.SetHeader(0) }); ok {
		replyMembers(c, &v)
	}
}

// replyMembers answers with all members of a set.
func replyMembers(c *command.Ctx, v *value.Value) {
	c.Out.SetHeader(set.Len(v))
	for member := range set.All(v) {
		c.Out.Bulk(member)
	}
}

var sscanSpec = command.Spec{
	Name: "sscan", Group: command.GroupSet, Since: "2.8.0", Arity: -3,
	Flags: command.ReadOnly, ACL: command.CatSet,
	Summary:    "Walk over the members of a set, a few at a time",
	Complexity: "O(1) per call, O(N) for a whole walk over N members",
	Tips:       []string{"nondeterministic_output"},
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "cursor", Type: command.ArgInteger},
		{Name: "pattern", Type: command.ArgPattern, Token: "MATCH", Flags: command.ArgOptional},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.ArgOptional},
	},
	Run: runSScan,
}

func runSScan(c *command.Ctx) {
	cursor, ok := c.ScanCursorArg(2)
	if !ok {
		return
	}
	v, ok := find(c, c.ReplyScanEnd)
	if !ok {
		return
	}
	scan, ok := command.ParseElementScan(c, value.Set, cursor)
	if !ok {
		return
	}
	scan.Reply(c, 1, func(cursor uint64, wanted func([]byte) bool, elements *resp.Writer) uint64 {
		return set.Scan(&v, cursor, func(member []byte) {
			if wanted(member) {
				elements.Bulk(member)
			}
		})
	})
}
