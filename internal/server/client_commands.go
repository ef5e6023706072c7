package server

import (
	"strings"

	"github.com/kvasirdb/kvasir/internal/blocking"
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/session"
)

// clientSpec is the container of what a client says and asks about clients.
func (d *CommandDeps) clientSpec() command.Spec {
	clientImportSourceSpec := command.Spec{
		Name: "import-source", Group: command.GroupConnection, Since: "8.1.0", Arity: 3,
		Flags: command.NoScript | command.Loading | command.Stale, ACL: command.CatConnection,
		Summary:    "Mark this connection as the source of an import",
		Complexity: "O(1)",
		Args: []command.Arg{
			{Name: "enabled", Type: command.ArgOneOf, Args: []command.Arg{
				{Name: "on", Type: command.ArgPureToken, Token: "ON"}, {Name: "off", Type: command.ArgPureToken, Token: "OFF"},
			}},
		},
		Lock: command.LockNone,
		Run:  d.runImportSource,
	}
	clientInfoSpec := command.Spec{
		Name: "info", Group: command.GroupConnection, Since: "6.2.0", Arity: 2,
		Flags: command.NoScript | command.Loading | command.Stale | command.Sentinel, ACL: command.CatConnection,
		Summary:    "Describe this connection as CLIENT LIST would",
		Complexity: "O(1)",
		Tips:       []string{"nondeterministic_output"},
		Lock:       command.LockExclusive,
		Run:        d.runInfo,
	}
	clientKillSpec := command.Spec{
		Name: "kill", Group: command.GroupConnection, Since: "2.4.0", Arity: -3,
		Flags:      command.Admin | command.NoScript | command.Loading | command.Stale | command.Sentinel,
		ACL:        command.CatConnection,
		Summary:    "Close the connections that match an address or filters",
		Complexity: "O(N) for N connections",
		History: []command.Change{
			{Version: "2.8.12", What: "filters given as words and values"}, {Version: "2.8.12", What: "filter ID"},
			{Version: "3.2.0", What: "type master for TYPE"},
			{Version: "5.0.0", What: "type replica for TYPE, slave is an alias"}, {Version: "6.2.0", What: "filter LADDR"},
			{Version: "8.0.0", What: "filter MAXAGE"}, {Version: "8.0.0", What: "type primary for TYPE, master is an alias"},
			{Version: "8.1.0", What: "several IDs in filter ID"},
			{Version: "9.0.0", What: "filters NAME, IDLE, FLAGS, LIB-NAME, LIB-VER, DB, CAPA, IP, and a NOT- form of ID, TYPE, ADDR, LADDR, USER, FLAGS, NAME, LIB-NAME, LIB-VER, DB, CAPA, IP"},
		},
		Args: []command.Arg{
			{Name: "filter", Type: command.ArgOneOf, Args: []command.Arg{
				{Name: "old-format", Display: "ip:port", DeprecatedSince: "2.8.12"},
				{Name: "new-format", Type: command.ArgOneOf, Flags: command.ArgMultiple, Args: []command.Arg{
					{Name: "client-id", Type: command.ArgInteger, Token: "ID", Since: "2.8.12", Flags: command.ArgOptional | command.ArgMultiple},
					{Name: "client-type", Type: command.ArgOneOf, Token: "TYPE", Since: "2.8.12", Flags: command.ArgOptional, Args: []command.Arg{
						{Name: "normal", Type: command.ArgPureToken, Token: "NORMAL"},
						{Name: "master", Type: command.ArgPureToken, Token: "MASTER", Since: "3.2.0"},
						{Name: "primary", Type: command.ArgPureToken, Token: "PRIMARY", Since: "8.0.0"},
						{Name: "slave", Type: command.ArgPureToken, Token: "SLAVE"},
						{Name: "replica", Type: command.ArgPureToken, Token: "REPLICA", Since: "5.0.0"},
						{Name: "pubsub", Type: command.ArgPureToken, Token: "PUBSUB"},
					}},
					{Name: "username", Token: "USER", Flags: command.ArgOptional},
					{Name: "addr", Display: "ip:port", Token: "ADDR", Flags: command.ArgOptional},
					{Name: "laddr", Display: "ip:port", Token: "LADDR", Since: "6.2.0", Flags: command.ArgOptional},
					{Name: "skipme", Type: command.ArgOneOf, Token: "SKIPME", Flags: command.ArgOptional, Args: []command.Arg{
						{Name: "yes", Type: command.ArgPureToken, Token: "YES"}, {Name: "no", Type: command.ArgPureToken, Token: "NO"},
					}},
					{Name: "maxage", Type: command.ArgInteger, Token: "MAXAGE", Since: "8.0.0", Flags: command.ArgOptional},
					{Name: "name", Token: "NAME", Since: "9.0.0", Flags: command.ArgOptional},
					{Name: "idle", Type: command.ArgInteger, Token: "IDLE", Since: "9.0.0", Flags: command.ArgOptional},
					{Name: "flags", Token: "FLAGS", Since: "9.0.0", Flags: command.ArgOptional},
					{Name: "lib-name", Token: "LIB-NAME", Since: "9.0.0", Flags: command.ArgOptional},
					{Name: "lib-ver", Token: "LIB-VER", Since: "9.0.0", Flags: command.ArgOptional},
					{Name: "db", Type: command.ArgInteger, Token: "DB", Since: "9.0.0", Flags: command.ArgOptional},
					{Name: "capa", Token: "CAPA", Since: "9.0.0", Flags: command.ArgOptional},
					{Name: "ip", Token: "IP", Since: "9.0.0", Flags: command.ArgOptional},
					{Name: "not-client-type", Type: command.ArgOneOf, Token: "NOT-TYPE", Since: "9.0.0", Flags: command.ArgOptional, Args: []command.Arg{
						{Name: "normal", Type: command.ArgPureToken, Token: "NORMAL"},
						{Name: "master", Type: command.ArgPureToken, Token: "MASTER"},
						{Name: "primary", Type: command.ArgPureToken, Token: "PRIMARY"},
						{Name: "slave", Type: command.ArgPureToken, Token: "SLAVE"},
						{Name: "replica", Type: command.ArgPureToken, Token: "REPLICA"},
						{Name: "pubsub", Type: command.ArgPureToken, Token: "PUBSUB"},
					}},
					{Name: "not-client-id", Type: command.ArgInteger, Token: "NOT-ID", Since: "9.0.0", Flags: command.ArgOptional | command.ArgMultiple},
					{Name: "not-username", Token: "NOT-USER", Since: "9.0.0", Flags: command.ArgOptional},
					{Name: "not-addr", Display: "ip:port", Token: "NOT-ADDR", Since: "9.0.0", Flags: command.ArgOptional},
					{Name: "not-laddr", Display: "ip:port", Token: "NOT-LADDR", Since: "9.0.0", Flags: command.ArgOptional},
					{Name: "not-name", Token: "NOT-NAME", Since: "9.0.0", Flags: command.ArgOptional},
					{Name: "not-flags", Token: "NOT-FLAGS", Since: "9.0.0", Flags: command.ArgOptional},
					{Name: "not-lib-name", Token: "NOT-LIB-NAME", Since: "9.0.0", Flags: command.ArgOptional},
					{Name: "not-lib-ver", Token: "NOT-LIB-VER", Since: "9.0.0", Flags: command.ArgOptional},
					{Name: "not-db", Type: command.ArgInteger, Token: "NOT-DB", Since: "9.0.0", Flags: command.ArgOptional},
					{Name: "not-capa", Token: "NOT-CAPA", Since: "9.0.0", Flags: command.ArgOptional},
					{Name: "not-ip", Token: "NOT-IP", Since: "9.0.0", Flags: command.ArgOptional},
				}},
			}},
		},
		Lock: command.LockExclusive,
		Run:  d.runKill,
	}
	clientListSpec := command.Spec{
		Name: "list", Group: command.GroupConnection, Since: "2.4.0", Arity: -2,
		Flags:      command.Admin | command.NoScript | command.Loading | command.Stale | command.Sentinel,
		ACL:        command.CatConnection,
		Summary:    "Describe the open connections, one a line, filtered as asked",
		Complexity: "O(N) for N connections",
		History: []command.Change{
			{Version: "2.8.12", What: "field id"}, {Version: "5.0.0", What: "filter TYPE"},
			{Version: "6.0.0", What: "field user"},
			{Version: "6.2.0", What: "fields argv-mem, tot-mem, laddr, redir, and filter ID"},
			{Version: "7.0.0", What: "fields resp, multi-mem, rbs, rbp"}, {Version: "7.0.3", What: "field ssub"},
			{Version: "8.0.0", What: "type primary for TYPE, master is an alias"},
			{Version: "8.1.0", What: "filters USER, ADDR, LADDR, SKIPME, MAXAGE"},
			{Version: "9.0.0", What: "filters NAME, IDLE, FLAGS, LIB-NAME, LIB-VER, DB, CAPA, IP, and a NOT- form of ID, TYPE, ADDR, LADDR, USER, FLAGS, NAME, LIB-NAME, LIB-VER, DB, CAPA, IP"},
		},
		Tips: []string{"nondeterministic_output"},
		Args: []command.Arg{
			{Name: "client-type", Type: command.ArgOneOf, Token: "TYPE", Since: "5.0.0", Flags: command.ArgOptional, Args: []command.Arg{
				{Name: "normal", Type: command.ArgPureToken, Token: "NORMAL"},
				{Name: "master", Type: command.ArgPureToken, Token: "MASTER"},
				{Name: "replica", Type: command.ArgPureToken, Token: "REPLICA"},
				{Name: "pubsub", Type: command.ArgPureToken, Token: "PUBSUB"},
			}},
			{Name: "client-id", Type: command.ArgInteger, Token: "ID", Since: "6.2.0", Flags: command.ArgOptional | command.ArgMultiple},
			{Name: "username", Token: "USER", Since: "8.1.0", Flags: command.ArgOptional},
			{Name: "addr", Display: "ip:port", Token: "ADDR", Since: "8.1.0", Flags: command.ArgOptional},
			{Name: "laddr", Display: "ip:port", Token: "LADDR", Since: "8.1.0", Flags: command.ArgOptional},
			{Name: "skipme", Type: command.ArgOneOf, Token: "SKIPME", Since: "8.1.0", Flags: command.ArgOptional, Args: []command.Arg{
				{Name: "yes", Type: command.ArgPureToken, Token: "YES"}, {Name: "no", Type: command.ArgPureToken, Token: "NO"},
			}},
			{Name: "maxage", Type: command.ArgInteger, Token: "MAXAGE", Since: "8.1.0", Flags: command.ArgOptional},
			{Name: "name", Token: "NAME", Since: "9.0.0", Flags: command.ArgOptional},
			{Name: "idle", Type: command.ArgInteger, Token: "IDLE", Since: "9.0.0", Flags: command.ArgOptional},
			{Name: "flags", Token: "FLAGS", Since: "9.0.0", Flags: command.ArgOptional},
			{Name: "lib-name", Token: "LIB-NAME", Since: "9.0.0", Flags: command.ArgOptional},
			{Name: "lib-ver", Token: "LIB-VER", Since: "9.0.0", Flags: command.ArgOptional},
			{Name: "db", Type: command.ArgInteger, Token: "DB", Since: "9.0.0", Flags: command.ArgOptional},
			{Name: "capa", Token: "CAPA", Since: "9.0.0", Flags: command.ArgOptional},
			{Name: "ip", Token: "IP", Since: "9.0.0", Flags: command.ArgOptional},
			{Name: "not-client-type", Type: command.ArgOneOf, Token: "NOT-TYPE", Since: "9.0.0", Flags: command.ArgOptional, Args: []command.Arg{
				{Name: "normal", Type: command.ArgPureToken, Token: "NORMAL"},
				{Name: "master", Type: command.ArgPureToken, Token: "MASTER"},
				{Name: "replica", Type: command.ArgPureToken, Token: "REPLICA"},
				{Name: "pubsub", Type: command.ArgPureToken, Token: "PUBSUB"},
			}},
			{Name: "not-client-id", Type: command.ArgInteger, Token: "NOT-ID", Since: "9.0.0", Flags: command.ArgOptional | command.ArgMultiple},
			{Name: "not-username", Token: "NOT-USER", Since: "9.0.0", Flags: command.ArgOptional},
			{Name: "not-addr", Display: "ip:port", Token: "NOT-ADDR", Since: "9.0.0", Flags: command.ArgOptional},
			{Name: "not-laddr", Display: "ip:port", Token: "NOT-LADDR", Since: "9.0.0", Flags: command.ArgOptional},
			{Name: "not-name", Token: "NOT-NAME", Since: "9.0.0", Flags: command.ArgOptional},
			{Name: "not-flags", Token: "NOT-FLAGS", Since: "9.0.0", Flags: command.ArgOptional},
			{Name: "not-lib-name", Token: "NOT-LIB-NAME", Since: "9.0.0", Flags: command.ArgOptional},
			{Name: "not-lib-ver", Token: "NOT-LIB-VER", Since: "9.0.0", Flags: command.ArgOptional},
			{Name: "not-db", Type: command.ArgInteger, Token: "NOT-DB", Since: "9.0.0", Flags: command.ArgOptional},
			{Name: "not-capa", Token: "NOT-CAPA", Since: "9.0.0", Flags: command.ArgOptional},
			{Name: "not-ip", Token: "NOT-IP", Since: "9.0.0", Flags: command.ArgOptional},
		},
		Lock: command.LockExclusive,
		Run:  d.runList,
	}
	clientPauseSpec := command.Spec{
		Name: "pause", Group: command.GroupConnection, Since: "3.0.0", Arity: -3,
		Flags:      command.Admin | command.NoScript | command.Loading | command.Stale | command.Sentinel,
		ACL:        command.CatConnection,
		Summary:    "Hold back client commands for a number of milliseconds",
		Complexity: "O(1)",
		History: []command.Change{
			{Version: "6.2.0", What: "mode argument with WRITE"},
		},
		Args: []command.Arg{
			{Name: "timeout", Type: command.ArgInteger},
			{Name: "mode", Type: command.ArgOneOf, Since: "6.2.0", Flags: command.ArgOptional, Args: []command.Arg{
				{Name: "write", Type: command.ArgPureToken, Token: "WRITE"},
				{Name: "all", Type: command.ArgPureToken, Token: "ALL"},
			}},
		},
		Lock: command.LockExclusive,
		Run:  d.runPause,
	}
	clientUnblockSpec := command.Spec{
		Name: "unblock", Group: command.GroupConnection, Since: "5.0.0", Arity: -3,
		Flags:      command.Admin | command.NoScript | command.Loading | command.Stale | command.Sentinel,
		ACL:        command.CatConnection,
		Summary:    "End another connection's blocking command as if it had timed out, or with an error",
		Complexity: "O(log N) for N connections",
		Args: []command.Arg{
			{Name: "client-id", Type: command.ArgInteger},
			{Name: "unblock-type", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
				{Name: "timeout", Type: command.ArgPureToken, Token: "TIMEOUT"},
				{Name: "error", Type: command.ArgPureToken, Token: "ERROR"},
			}},
		},
		Lock: command.LockExclusive,
		Run:  d.runUnblock,
	}
	clientUnpauseSpec := command.Spec{
		Name: "unpause", Group: command.GroupConnection, Since: "6.2.0", Arity: 2,
		Flags:      command.Admin | command.NoScript | command.Loading | command.Stale | command.Sentinel,
		ACL:        command.CatConnection,
		Summary:    "Let held-back clients go on",
		Complexity: "O(N) for N paused clients",
		Lock:       command.LockExclusive,
		Run:        d.runUnpause,
	}
	clientHelpSpec := command.Spec{
		Name: "help", Group: command.GroupConnection, Since: "5.0.0", Arity: 2,
		Flags: command.Loading | command.Stale | command.Sentinel, ACL: command.CatConnection,
		Summary:    "Describe the CLIENT subcommands",
		Complexity: "O(1)",
		Lock:       command.LockNone,
		Run:        runClientHelp,
	}
	clientSpec := command.Spec{
		Name: "client", Group: command.GroupConnection, Since: "2.4.0", Arity: -2,
		Flags:      command.Sentinel,
		Summary:    "Commands about connections",
		Complexity: "Depends on the subcommand",
		Subcommands: []command.Spec{
			clientCapaSpec, clientGetnameSpec, clientHelpSpec, clientIdSpec, clientImportSourceSpec, clientInfoSpec,
			clientKillSpec, clientListSpec, clientNoEvictSpec, clientNoTouchSpec, clientPauseSpec, clientReplySpec,
			clientSetinfoSpec, clientSetnameSpec, clientUnblockSpec, clientUnpauseSpec,
		},
	}
	clientSpec.Subcommands = append(clientSpec.Subcommands, d.More...)
	return clientSpec
}

const invalidName = "ERR Client names cannot contain spaces, newlines or special characters."

// validAttribute reports whether a text may stand in a line of CLIENT LIST,
// where spaces separate the fields.
func validAttribute(text []byte) bool {
	for _, b := range text {
		if b < '!' || b > '~' {
			return false
		}
	}
	return true
}

var clientCapaSpec = command.Spec{
	Name: "capa", Group: command.GroupConnection, Since: "8.0.0", Arity: -3,
	Flags: command.AllowBusy | command.NoScript | command.Loading | command.Stale, ACL: command.CatConnection,
	Summary:    "Declare what this client is able to handle",
	Complexity: "O(1)",
	Args: []command.Arg{
		{Name: "capability", Flags: command.ArgMultiple},
	},
	Lock: command.LockNone,
	Run:  runCapa,
}

func runCapa(c *command.Ctx) {
	for _, capability := range c.Args[2:] {
		if command.Is(capability, "redirect") {
			c.Client.Set(session.CapaRedirect)
		}
	}
	c.Out.OK()
}

var clientGetnameSpec = command.Spec{
	Name: "getname", Group: command.GroupConnection, Since: "2.6.9", Arity: 2,
	Flags:      command.AllowBusy | command.NoScript | command.Loading | command.Stale | command.Sentinel,
	ACL:        command.CatConnection,
	Summary:    "Read this connection's name",
	Complexity: "O(1)",
	Lock:       command.LockNone,
	Run:        runGetName,
}

func runGetName(c *command.Ctx) {
	if c.Client.Name == "" {
		c.Out.Null()
		return
	}
	c.Out.BulkString(c.Client.Name)
}

var clientSetnameSpec = command.Spec{
	Name: "setname", Group: command.GroupConnection, Since: "2.6.9", Arity: 3,
	Flags:      command.AllowBusy | command.NoScript | command.Loading | command.Stale | command.Sentinel,
	ACL:        command.CatConnection,
	Summary:    "Name this connection",
	Complexity: "O(1)",
	Tips:       []string{"request_policy:all_nodes", "response_policy:all_succeeded"},
	Args: []command.Arg{
		{Name: "connection-name"},
	},
	Lock: command.LockNone,
	Run:  runSetName,
}

func runSetName(c *command.Ctx) {
	if !validAttribute(c.Args[2]) {
		c.Out.Error(invalidName)
		return
	}
	c.Client.Name = c.Arg(2)
	c.Out.OK()
}

var clientSetinfoSpec = command.Spec{
	Name: "setinfo", Group: command.GroupConnection, Since: "7.2.0", Arity: 4,
	Flags:      command.AllowBusy | command.NoScript | command.Loading | command.Stale | command.Sentinel,
	ACL:        command.CatConnection,
	Summary:    "Record the name or version of the client library",
	Complexity: "O(1)",
	Tips:       []string{"request_policy:all_nodes", "response_policy:all_succeeded"},
	Args: []command.Arg{
		{Name: "attr", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "libname", Token: "LIB-NAME"}, {Name: "libver", Token: "LIB-VER"},
		}},
	},
	Lock: command.LockNone,
	Run:  runSetInfo,
}

func runSetInfo(c *command.Ctx) {
	attribute := c.Args[2]
	var target *string
	switch {
	case command.Is(attribute, "lib-name"):
		target = &c.Client.LibName
	case command.Is(attribute, "lib-ver"):
		target = &c.Client.LibVer
	default:
		c.Out.Errorf("ERR Unrecognized option '%s'", command.UpToZero(attribute))
		return
	}
	if !validAttribute(c.Args[3]) {
		c.Out.Errorf("ERR %s cannot contain spaces, newlines or special characters.", command.UpToZero(attribute))
		return
	}
	*target = c.Arg(3)
	c.Out.OK()
}

var clientIdSpec = command.Spec{
	Name: "id", Group: command.GroupConnection, Since: "5.0.0", Arity: 2,
	Flags:      command.AllowBusy | command.NoScript | command.Loading | command.Stale | command.Sentinel,
	ACL:        command.CatConnection,
	Summary:    "Read this connection's number",
	Complexity: "O(1)",
	Lock:       command.LockNone,
	Run:        runID,
}

func runID(c *command.Ctx) { c.Out.Int(int64(c.Client.ID)) }

var clientNoEvictSpec = command.Spec{
	Name: "no-evict", Group: command.GroupConnection, Since: "7.0.0", Arity: 3,
	Flags:      command.AllowBusy | command.Admin | command.NoScript | command.Loading | command.Stale | command.Sentinel,
	ACL:        command.CatConnection,
	Summary:    "Exempt this connection from client eviction, or end that",
	Complexity: "O(1)",
	Args: []command.Arg{
		{Name: "enabled", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "on", Type: command.ArgPureToken, Token: "ON"}, {Name: "off", Type: command.ArgPureToken, Token: "OFF"},
		}},
	},
	Lock: command.LockNone,
	Run:  runNoEvict,
}

func runNoEvict(c *command.Ctx) { switchFlag(c, session.NoEvict) }

var clientNoTouchSpec = command.Spec{
	Name: "no-touch", Group: command.GroupConnection, Since: "7.2.0", Arity: 3,
	Flags: command.AllowBusy | command.NoScript | command.Loading | command.Stale, ACL: command.CatConnection,
	Summary:    "Keep this connection's reads from refreshing access times, or end that",
	Complexity: "O(1)",
	Args: []command.Arg{
		{Name: "enabled", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "on", Type: command.ArgPureToken, Token: "ON"}, {Name: "off", Type: command.ArgPureToken, Token: "OFF"},
		}},
	},
	Lock: command.LockNone,
	Run:  runNoTouch,
}

func runNoTouch(c *command.Ctx) { switchFlag(c, session.NoTouch) }

// switchFlag sets or clears a flag as the word ON or OFF asks.
func switchFlag(c *command.Ctx, flag session.Flags) {
	switch {
	case command.Is(c.Args[2], "on"):
		c.Client.Set(flag)
	case command.Is(c.Args[2], "off"):
		c.Client.Clear(flag)
	default:
		c.Out.Error(command.SyntaxError)
		return
	}
	c.Out.OK()
}

func (d *CommandDeps) runImportSource(c *command.Ctx) {
	if !d.ImportMode() && !command.Is(c.Args[2], "off") {
		c.Out.Error("ERR Server is not in import mode")
		return
	}
	switchFlag(c, session.ImportSource)
}

var clientReplySpec = command.Spec{
	Name: "reply", Group: command.GroupConnection, Since: "3.2.0", Arity: 3,
	Flags:      command.AllowBusy | command.NoScript | command.NoMulti | command.Loading | command.Stale | command.Sentinel,
	ACL:        command.CatConnection,
	Summary:    "Turn replies on, off, or off for the next command",
	Complexity: "O(1)",
	Args: []command.Arg{
		{Name: "action", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "on", Type: command.ArgPureToken, Token: "ON"}, {Name: "off", Type: command.ArgPureToken, Token: "OFF"},
			{Name: "skip", Type: command.ArgPureToken, Token: "SKIP"},
		}},
	},
	Lock: command.LockNone,
	Run:  runReply,
}

func runReply(c *command.Ctx) {
	switch {
	case command.Is(c.Args[2], "on"):
		c.Client.Clear(session.ReplyOff | session.ReplySkip)
		c.Out.OK()
	case command.Is(c.Args[2], "off"):
		c.Client.Set(session.ReplyOff)
	case command.Is(c.Args[2], "skip"):
		if !c.Client.Has(session.ReplyOff) {
			c.Client.Set(session.ReplySkipNext)
		}
	default:
		c.Out.Error(command.SyntaxError)
	}
}

func (d *CommandDeps) runInfo(c *command.Ctx) {
	c.Out.Verbatim("txt", appendInfo(nil, c.Client, c.Now))
}

func (d *CommandDeps) runList(c *command.Ctx) {
	f := filter{}
	switch {
	case len(c.Args) == 3:
		c.Out.Error(command.SyntaxError)
		return
	case len(c.Args) > 3:
		if problem := f.parse(c.Args[2:], d); problem != "" {
			c.Out.Error(problem)
			return
		}
	}
	var list []byte
	for _, cl := range d.Server().byID() {
		if f.matches(cl, c) {
			list = appendInfo(list, cl, c.Now)
		}
	}
	c.Out.Verbatim("txt", list)
}

func (d *CommandDeps) runKill(c *command.Ctx) {
	f := filter{skipMe: true}
	old := len(c.Args) == 3 // CLIENT KILL ip:port
	if old {
		f = filter{addr: positive(c.Arg(2))}
	} else if problem := f.parse(c.Args[2:], d); problem != "" {
		c.Out.Error(problem)
		return
	}
	killed, myself := 0, false
	s := d.Server()
	for _, cl := range s.byID() {
		switch {
		case !f.matches(cl, c):
			continue
		case cl == c.Client:
			myself = true
		default:
			s.Kill(cl)
		}
		killed++
	}
	switch {
	case !old:
		c.Out.Int(int64(killed))
	case killed == 0:
		c.Out.Error("ERR No such client")
	default:
		c.Out.OK()
	}
	if myself {
		c.Client.Set(session.CloseAfterReply)
	}
}

const unblocked = "UNBLOCKED client unblocked via CLIENT UNBLOCK"

func (d *CommandDeps) runUnblock(c *command.Ctx) {
	withError := false
	if len(c.Args) == 4 {
		switch withError = command.Is(c.Args[3], "error"); {
		case withError, command.Is(c.Args[3], "timeout"):
		default:
			c.Out.Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
			return
		}
	} else if len(c.Args) > 4 {
		c.Out.Error(command.SyntaxError)
		return
	}
	id, ok := c.IntArg(2)
	if !ok {
		return
	}
	target := d.Server().Client(uint64(id))
	if target == nil || blocking.Of(target) == nil {
		c.Out.Int(0)
		return
	}
	end := c.Server.(waitEnder)
	if withError {
		end.AbortWait(blocking.Of(target), unblocked)
	} else {
		end.TimeoutWait(blocking.Of(target))
	}
	c.Out.Int(1)
}

// waitEnder is the part of the engine that ends waits.
type waitEnder interface {
	TimeoutWait(w *blocking.Wait)
	AbortWait(w *blocking.Wait, text string)
}

func (d *CommandDeps) runPause(c *command.Ctx) {
	mode := PauseAll
	if len(c.Args) == 4 {
		switch {
		case command.Is(c.Args[3], "write"):
			mode = PauseWrites
		case !command.Is(c.Args[3], "all"):
			c.Out.Error("ERR CLIENT PAUSE mode must be WRITE or ALL")
			return
		}
	}
	until, problem := pauseEnd(c.Args[2], c.Now)
	if problem != "" {
		c.Out.Error(problem)
		return
	}
	d.Server().Pauses.Begin(PauseByClient, mode, until)
	c.Out.OK()
}

func (d *CommandDeps) runUnpause(c *command.Ctx) {
	d.Server().Pauses.End(PauseByClient)
	c.Out.OK()
}

func runClientHelp(c *command.Ctx) {
	command.WriteHelp(c.Out, c.Args[0], strings.Split(strings.TrimSpace(clientHelp), "\n")...)
}

const clientHelp = `
CACHING (YES|NO)
    Have the keys of the next command tracked, or not, in OPTIN and OPTOUT mode.
CAPA <capability> [<capability> ...]
    Say what the client can do:
    * REDIRECT
      Follow redirections when roles change in standalone mode.
GETNAME
    Show the name of this connection.
GETREDIR
    Show which client the invalidations of this connection go to.
ID
    Show the ID of this connection.
IMPORT-SOURCE (ON|OFF)
    Be the source of an import, which sees expired keys; in import mode only.
INFO
    Describe this connection.
KILL <ip:port>
    Close the connection from an address.
KILL <filter> <value> [<filter> <value> ...]
    Close the connections that meet all filters, see LIST; without SKIPME NO,
    this one stays.
LIST [<filter> <value> ...]
    Describe the connections that meet all filters:
    * ID <client-id> [<client-id> ...]
    * ADDR <ip:port>, LADDR <ip:port>, IP <ip>
    * TYPE (NORMAL|PRIMARY|REPLICA|PUBSUB)
    * USER <user>, NAME <name>, DB <number>
    * LIB-NAME <name>, LIB-VER <version>
    * FLAGS <letters>, CAPA <letters>
    * MAXAGE <seconds>, IDLE <seconds>
    * SKIPME (YES|NO)
    Filters from ID to CAPA also exist with NOT- before the name.
NO-EVICT (ON|OFF)
    Exempt this connection from maxmemory-clients.
NO-TOUCH (ON|OFF)
    Do not let commands of this connection count as use of keys.
PAUSE <milliseconds> [WRITE|ALL]
    Let all clients wait for a time, or only those that write.
REPLY (ON|OFF|SKIP)
    Send replies, send none, or send none to the next command.
SETINFO (LIB-NAME|LIB-VER) <value>
    Say which library the client uses.
SETNAME <name>
    Give this connection a name.
TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]
         [OPTIN] [OPTOUT] [NOLOOP]
    Be told when keys change that this connection has read.
TRACKINGINFO
    Show how this connection tracks keys.
UNBLOCK <client-id> [TIMEOUT|ERROR]
    End the waiting of a client.
UNPAUSE
    End a pause.
`
