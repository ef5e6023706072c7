package server

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/platform/number"
	"github.com/kvasirdb/kvasir/internal/resp"
	"github.com/kvasirdb/kvasir/internal/session"
)

// Authenticator decides who a client is.
type Authenticator interface {
	// Required reports whether new clients have to authenticate.
	Required() bool
	// Authenticate makes a client the user it claims to be, or says why not in
	// the text of an error reply.
	Authenticate(c *session.Client, user, password []byte) (refusal string)
	// Default makes a client the user that new clients are.
	Default(c *session.Client)
	// Exists reports whether there is a user of that name.
	Exists(user []byte) bool
}

// Identity is what HELLO tells about the server.
type Identity struct {
	Name, Version    string
	Mode             string // standalone, cluster, sentinel
	Role             string // master, replica; empty for a sentinel
	AvailabilityZone string
}

// CommandDeps are what the commands about connections need.
type CommandDeps struct {
	Server    func() *Server
	Users     Authenticator
	Databases int
	Identity  func() Identity
	// ImportMode reports whether clients may declare themselves to be the
	// source of an import.
	ImportMode func() bool
	// Reset ends what other parts keep for a client: its transaction, its
	// subscriptions, MONITOR, tracking.
	Reset func(c *command.Ctx)
	// More are subcommands of CLIENT that other parts own.
	More []command.Spec
}

// Commands returns the commands about connections.
func Commands(d CommandDeps) []command.Spec {
	helloSpec := command.Spec{
		Name: "hello", Group: command.GroupConnection, Since: "6.0.0", Arity: -1,
		Flags:      command.NoScript | command.Loading | command.Stale | command.Fast | command.NoAuth | command.Sentinel | command.AllowBusy,
		ACL:        command.CatConnection,
		Summary:    "Choose the protocol version, optionally log in and name the connection",
		Complexity: "O(1)",
		History: []command.Change{
			{Version: "8.1.0", What: "reply field availability_zone, if configured"},
			{Version: "6.2.0", What: "protover is optional, without it only the connection's properties are returned"},
		},
		Args: []command.Arg{
			{Name: "arguments", Type: command.ArgBlock, Flags: command.ArgOptional, Args: []command.Arg{
				{Name: "protover", Type: command.ArgInteger},
				{Name: "auth", Type: command.ArgBlock, Token: "AUTH", Flags: command.ArgOptional, Args: []command.Arg{
					{Name: "username"}, {Name: "password"},
				}},
				{Name: "clientname", Token: "SETNAME", Flags: command.ArgOptional},
			}},
		},
		Lock: command.LockNone,
		Run:  d.runHello,
	}
	resetSpec := command.Spec{
		Name: "reset", Group: command.GroupConnection, Since: "6.2.0", Arity: 1,
		Flags:      command.NoScript | command.Loading | command.Stale | command.Fast | command.NoAuth | command.AllowBusy,
		ACL:        command.CatConnection,
		Summary:    "Bring the connection back to its initial state",
		Complexity: "O(1)",
		Lock:       command.LockExclusive,
		Run:        d.runReset,
	}
	selectSpec := command.Spec{
		Name: "select", Group: command.GroupConnection, Since: "1.0.0", Arity: 2,
		Flags: command.AllowBusy | command.Loading | command.Stale | command.Fast, ACL: command.CatConnection,
		Summary:    "Switch the connection to another database",
		Complexity: "O(1)",
		DBs:        []command.DBArg{{Pos: 1}},
		Args: []command.Arg{
			{Name: "index", Type: command.ArgInteger},
		},
		Lock: command.LockNone,
		Run:  d.runSelect,
	}
	return []command.Spec{pingSpec, echoSpec, quitSpec, helloSpec, resetSpec, selectSpec, readonlySpec, readwriteSpec, d.clientSpec()}
}

var pingSpec = command.Spec{
	Name: "ping", Group: command.GroupConnection, Since: "1.0.0", Arity: -1,
	Flags: command.Fast | command.Sentinel, ACL: command.CatConnection,
	Summary:    "Reply PONG, or with the given message",
	Complexity: "O(1)",
	Tips:       []string{"request_policy:all_shards", "response_policy:all_succeeded"},
	Args: []command.Arg{
		{Name: "message", Flags: command.ArgOptional},
	},
	Lock: command.LockNone,
	Run:  runPing,
}

func runPing(c *command.Ctx) {
	switch {
	case len(c.Args) > 2:
		c.Out.Error(command.WrongArity(c.Cmd))
	case c.Client.Has(session.PubSub) && !c.Out.IsRESP3():
		c.Out.ArrayHeader(2)
		c.Out.BulkString("pong")
		if len(c.Args) == 1 {
			c.Out.BulkString("")
		} else {
			c.Out.Bulk(c.Args[1])
		}
	case len(c.Args) == 1:
		c.Out.SimpleString("PONG")
	default:
		c.Out.Bulk(c.Args[1])
	}
}

var echoSpec = command.Spec{
	Name: "echo", Group: command.GroupConnection, Since: "1.0.0", Arity: 2,
	Flags: command.Loading | command.Stale | command.Fast, ACL: command.CatConnection,
	Summary:    "Reply with the given message",
	Complexity: "O(1)",
	Args: []command.Arg{
		{Name: "message"},
	},
	Lock: command.LockNone,
	Run:  runEcho,
}

func runEcho(c *command.Ctx) { c.Out.Bulk(c.Args[1]) }

var quitSpec = command.Spec{
	Name: "quit", Group: command.GroupConnection, Since: "1.0.0", Arity: -1,
	Flags:      command.AllowBusy | command.NoScript | command.Loading | command.Stale | command.Fast | command.NoAuth,
	ACL:        command.CatConnection,
	Summary:    "Close the connection after a last OK",
	Complexity: "O(1)",
	Lock:       command.LockNone,
	Run:        runQuit,
}

func runQuit(c *command.Ctx) {
	c.Out.OK()
	c.Client.Set(session.CloseAfterReply)
}

func (d *CommandDeps) runSelect(c *command.Ctx) {
	db, ok := c.Int32Arg(1)
	if !ok {
		return
	}
	if db < 0 || db >= d.Databases {
		c.Out.Error(command.DBIndexRange)
		return
	}
	c.Client.DB = db
	c.Out.OK()
}

// hello is what a client asks for in HELLO.
type hello struct {
	version        int64 // 0: as it is
	user, password []byte
	name           []byte
	auth, rename   bool
}

func parseHello(args [][]byte) (h hello, problem string) {
	if len(args) > 1 {
		version, ok := number.ParseInt(args[1])
		if !ok {
			return h, "ERR Protocol version is not an integer or out of range"
		}
		if version < 2 || version > 3 {
			return h, "NOPROTO unsupported protocol version"
		}
		h.version = version
	}
	for i := 2; i < len(args); i++ {
		left := len(args) - 1 - i
		switch {
		case command.Is(args[i], "auth") && left >= 2:
			h.auth, h.user, h.password = true, args[i+1], args[i+2]
			i += 2
		case command.Is(args[i], "setname") && left >= 1:
			h.rename, h.name = true, args[i+1]
			if !validAttribute(h.name) {
				return h, invalidName
			}
			i++
		default:
			return h, "ERR Syntax error in HELLO option '" + string(command.UpToZero(args[i])) + "'"
		}
	}
	return h, ""
}

const helloUnauthenticated = "NOAUTH HELLO must be called with the client already authenticated, " +
	"otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and " +
	"select the RESP protocol version at the same time"

func (d *CommandDeps) runHello(c *command.Ctx) {
	h, problem := parseHello(c.Args)
	if problem == "" && h.auth {
		problem = d.Users.Authenticate(c.Client, h.user, h.password)
	}
	if problem == "" && !c.Client.Authenticated {
		problem = helloUnauthenticated
	}
	if problem != "" {
		c.Out.Error(problem)
		return
	}
	if h.rename {
		c.Client.Name = string(h.name)
	}
	if h.version != 0 {
		c.Out.SetProtocol(resp.Protocol(h.version))
	}
	d.describeServer(c)
}

// describeServer is the reply of HELLO.
func (d *CommandDeps) describeServer(c *command.Ctx) {
	id := d.Identity()
	fields := 6
	if id.Role != "" {
		fields++
	}
	if id.AvailabilityZone != "" {
		fields++
	}
	text := func(name, value string) {
		c.Out.BulkString(name)
		c.Out.BulkString(value)
	}
	c.Out.MapHeader(fields)
	text("server", id.Name)
	text("version", id.Version)
	c.Out.BulkString("proto")
	c.Out.Int(int64(c.Out.Protocol()))
	c.Out.BulkString("id")
	c.Out.Int(int64(c.Client.ID))
	text("mode", id.Mode)
	if id.Role != "" {
		text("role", id.Role)
	}
	c.Out.BulkString("modules")
	c.Out.EmptyArray()
	if id.AvailabilityZone != "" {
		text("availability_zone", id.AvailabilityZone)
	}
}

// runReset makes a client like a new one, except for the name and version of
// its library.
func (d *CommandDeps) runReset(c *command.Ctx) {
	cl := c.Client
	if cl.Flags&(session.Replica|session.Primary) != 0 && !cl.Has(session.Monitor) {
		c.Out.Error("ERR can only reset normal client connections")
		return
	}
	d.Reset(c)
	cl.DB, cl.Name = 0, ""
	c.Out.SetProtocol(resp.RESP2)
	d.Users.Default(cl)
	cl.Clear(session.ReadOnly | session.ReplyOff | session.ReplySkipNext | session.NoTouch | session.NoEvict)
	c.Out.SimpleString("RESET")
}
