package streamcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/stream"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
)

var xgroupSpec = command.Spec{
	Name: "xgroup", Group: command.GroupStream, Since: "5.0.0", Arity: -2,
	Summary:    "Commands about consumer groups",
	Complexity: "Depends on the subcommand",
	Subcommands: []command.Spec{
		xgroupCreateSpec, xgroupCreateconsumerSpec, xgroupDelconsumerSpec, xgroupDestroySpec, xgroupHelpSpec,
		xgroupSetidSpec,
	},
}

var xgroupCreateSpec = command.Spec{
	Name: "create", Group: command.GroupStream, Since: "5.0.0", Arity: -5,
	Flags: command.Write | command.DenyOOM, ACL: command.CatStream,
	Summary:    "Make a consumer group",
	Complexity: "O(1)",
	History: []command.Change{
		{Version: "7.0.0", What: "option ENTRIESREAD"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyInsert, Index: 2, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "group"},
		{Name: "id-selector", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "id"}, {Name: "new-id", Type: command.ArgPureToken, Token: "$"},
		}},
		{Name: "mkstream", Type: command.ArgPureToken, Token: "MKSTREAM", Flags: command.ArgOptional},
		{Name: "entriesread", Display: "entries-read", Type: command.ArgInteger, Token: "ENTRIESREAD", Flags: command.ArgOptional},
	},
	Run: runGroupCreate,
}

func runGroupCreate(c *command.Ctx) {
	o, ok := parseGroupOptions(c, true)
	if !ok {
		return
	}
	key := c.Args[2]
	e, wrongType := c.Tx.Collection(key, value.Stream)
	switch {
	case wrongType:
		c.Out.Error(command.WrongType)
		return
	case !e.Found() && !o.makeStream:
		c.Out.Error(keyRequired)
		return
	case len(c.Args) > 8:
		c.Out.Error(command.SubcommandSyntax(c.Args))
		return
	}
	id, ok := stream.ID{}, true
	switch {
	case string(c.Args[4]) != "$":
		id, ok = idArg(c, 4)
	case e.Found():
		v := e.Value()
		id = stream.Open(c.Tx.Heap(), &v).LastID()
	}
	if !ok {
		return
	}
	if !e.Found() {
		t := create(c, key, e)
		t.CreateGroup(c.Args[3], id, o.read)
		t.notify("xgroup-create")
		t.entries(1)
		c.Out.OK()
		return
	}
	t := open(c, key, e)
	if _, ok = t.CreateGroup(c.Args[3], id, o.read); !ok {
		t.groups(0)
		c.Out.Error("BUSYGROUP Consumer Group name already exists")
		return
	}
	t.notify("xgroup-create")
	t.groups(1)
	c.Out.OK()
}

const keyRequired = "ERR The XGROUP subcommand requires the key to exist. " +
	"Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically."

// groupOptions are the words at the end of XGROUP CREATE and SETID.
type groupOptions struct {
	makeStream bool
	read       int64
}

// parseGroupOptions reads the arguments from the sixth on. If they make no
// sense, it answers so.
func parseGroupOptions(c *command.Ctx, creates bool) (o groupOptions, ok bool) {
	o.read = stream.UnknownRead
	for i := 5; i < len(c.Args); i++ {
		switch {
		case creates && command.Is(c.Args[i], "mkstream"):
			o.makeStream = true
		case command.Is(c.Args[i], "entriesread") && i+1 < len(c.Args):
			i++
			if o.read, ok = c.IntArg(i); !ok {
				return o, false
			}
			if o.read < 0 && o.read != stream.UnknownRead {
				c.Out.Error("ERR value for ENTRIESREAD must be positive or -1")
				return o, false
			}
		default:
			c.Out.Error(command.SubcommandSyntax(c.Args))
			return o, false
		}
	}
	return o, true
}

// editGroup looks the group of an XGROUP subcommand up to change it. If it is
// absent, it answers so.
func editGroup(c *command.Ctx) (d delivery, ok bool) {
	t, ok := edit(c, c.Args[2], func() { c.Out.Error(keyRequired) })
	if !ok {
		return d, false
	}
	d = delivery{target: t, groupName: c.Args[3]}
	if d.group, ok = t.Group(d.groupName); !ok {
		refuseGroup(c, noGroupOfKey, d.groupName, t.key)
	}
	return d, ok
}

var xgroupSetidSpec = command.Spec{
	Name: "setid", Group: command.GroupStream, Since: "5.0.0", Arity: -5,
	Flags: command.Write, ACL: command.CatStream,
	Summary:    "Set the last delivered ID of a group",
	Complexity: "O(1)",
	History: []command.Change{
		{Version: "7.0.0", What: "option ENTRIESREAD"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 2, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "group"},
		{Name: "id-selector", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "id"}, {Name: "new-id", Type: command.ArgPureToken, Token: "$"},
		}},
		{Name: "entriesread", Display: "entries-read", Type: command.ArgInteger, Token: "ENTRIESREAD", Flags: command.ArgOptional},
	},
	Run: runGroupSetID,
}

func runGroupSetID(c *command.Ctx) {
	o, ok := parseGroupOptions(c, false)
	if !ok {
		return
	}
	d, ok := editGroup(c)
	if !ok {
		return
	}
	if len(c.Args) > 7 {
		c.Out.Error(command.SubcommandSyntax(c.Args))
		return
	}
	id := d.LastID()
	if string(c.Args[4]) != "$" {
		if id, ok = bound(c.Args[4], 0); !ok {
			c.Out.Error(invalidID)
			return
		}
	}
	d.group.SetLastID(id)
	d.group.SetEntriesRead(o.read)
	d.notify("xgroup-setid")
	d.groups(1)
	c.Out.OK()
}

var xgroupDestroySpec = command.Spec{
	Name: "destroy", Group: command.GroupStream, Since: "5.0.0", Arity: 4,
	Flags: command.Write, ACL: command.CatStream,
	Summary:    "Remove a consumer group",
	Complexity: "O(N) for N pending entries of the group",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyDelete, Index: 2, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "group"},
	},
	Run: runGroupDestroy,
}

func runGroupDestroy(c *command.Ctx) {
	t, ok := edit(c, c.Args[2], func() { c.Out.Error(keyRequired) })
	if !ok {
		return
	}
	if !t.DestroyGroup(c.Args[3]) {
		t.groups(0)
		c.Out.Int(0)
		return
	}
	t.notify("xgroup-destroy")
	t.entries(1) // who waits for the group has to know
	c.Out.Int(1)
}

var xgroupCreateconsumerSpec = command.Spec{
	Name: "createconsumer", Group: command.GroupStream, Since: "6.2.0", Arity: 5,
	Flags: command.Write | command.DenyOOM, ACL: command.CatStream,
	Summary:    "Make a consumer in a group",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyInsert, Index: 2, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "group"}, {Name: "consumer"},
	},
	Run: runGroupCreateConsumer,
}

func runGroupCreateConsumer(c *command.Ctx) {
	d, ok := editGroup(c)
	if !ok {
		return
	}
	_, created := d.group.CreateConsumer(c.Args[4], c.Now)
	if !created {
		d.groups(0)
		c.Out.Int(0)
		return
	}
	d.notify("xgroup-createconsumer")
	d.groups(1)
	c.Out.Int(1)
}

var xgroupDelconsumerSpec = command.Spec{
	Name: "delconsumer", Group: command.GroupStream, Since: "5.0.0", Arity: 5,
	Flags: command.Write, ACL: command.CatStream,
	Summary:    "Remove a consumer and its pending entries",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyDelete, Index: 2, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "group"}, {Name: "consumer"},
	},
	Run: runGroupDelConsumer,
}

func runGroupDelConsumer(c *command.Ctx) {
	d, ok := editGroup(c)
	if !ok {
		return
	}
	pending := 0
	if consumer, ok := d.group.Consumer(c.Args[4]); ok {
		pending = d.group.DeleteConsumer(consumer)
		d.notify("xgroup-delconsumer")
		d.changes++
	}
	d.groups(d.changes)
	c.Out.Int(int64(pending))
}

var xgroupHelpSpec = command.Spec{
	Name: "help", Group: command.GroupStream, Since: "5.0.0", Arity: 2,
	Flags: command.Loading | command.Stale, ACL: command.CatStream,
	Summary:    "Describe the XGROUP subcommands",
	Complexity: "O(1)",
	Lock:       command.LockNone,
	Run:        runGroupHelp,
}

func runGroupHelp(c *command.Ctx) {
	command.WriteHelp(c.Out, c.Args[0],
		"CREATE <key> <groupname> <id|$> [option]",
		"    Make a group that delivers what comes after an ID. Options are:",
		"    * MKSTREAM",
		"      Make an empty stream if the key does not exist.",
		"    * ENTRIESREAD entries_read",
		"      How many entries of the stream come up to the ID.",
		"CREATECONSUMER <key> <groupname> <consumer>",
		"    Make a consumer.",
		"DELCONSUMER <key> <groupname> <consumer>",
		"    Remove a consumer with all that is pending for it.",
		"DESTROY <key> <groupname>",
		"    Remove a group.",
		"SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
		"    Make a group go on after another ID.",
	)
}

var xackSpec = command.Spec{
	Name: "xack", Group: command.GroupStream, Since: "5.0.0", Arity: -4,
	Flags: command.Write | command.Fast, ACL: command.CatStream,
	Summary:    "Mark entries as processed by a consumer group",
	Complexity: "O(1) per entry",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "group"}, {Name: "id", Flags: command.ArgMultiple},
	},
	Run: runXAck,
}

func runXAck(c *command.Ctx) {
	key := c.Args[1]
	e := c.Tx.Find(key)
	none := func() { c.Out.Int(0) }
	if !isStream(c, &e, none) {
		return
	}
	t := open(c, key, e)
	g, ok := t.Group(c.Args[2])
	if !ok {
		none()
		return
	}
	ids, ok := idsArg(c, 3)
	if !ok {
		return
	}
	acknowledged := 0
	for _, id := range ids {
		if g.Acknowledge(id) {
			acknowledged++
		}
	}
	t.groups(acknowledged)
	c.Out.Int(int64(acknowledged))
}
