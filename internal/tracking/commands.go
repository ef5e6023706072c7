package tracking

import (
	"maps"
	"slices"
	"strings"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/platform/number"
	"github.com/kvasirdb/kvasir/internal/session"
)

// Subcommands returns those subcommands of CLIENT that are about tracking.
func (t *Tracking) Subcommands() []command.Spec {
	clientTrackingSpec := command.Spec{
		Name: "tracking", Group: command.GroupConnection, Since: "6.0.0", Arity: -3,
		Flags: command.NoScript | command.Loading | command.Stale | command.Sentinel, ACL: command.CatConnection,
		Summary:    "Turn the invalidation messages for client-side caching on or off",
		Complexity: "O(1), more with some options",
		Args: []command.Arg{
			{Name: "status", Type: command.ArgOneOf, Args: []command.Arg{
				{Name: "on", Type: command.ArgPureToken, Token: "ON"}, {Name: "off", Type: command.ArgPureToken, Token: "OFF"},
			}},
			{Name: "client-id", Type: command.ArgInteger, Token: "REDIRECT", Flags: command.ArgOptional},
			{Name: "prefix", Token: "PREFIX", Flags: command.ArgOptional | command.ArgMultiple | command.ArgMultipleToken},
			{Name: "bcast", Type: command.ArgPureToken, Token: "BCAST", Flags: command.ArgOptional},
			{Name: "optin", Type: command.ArgPureToken, Token: "OPTIN", Flags: command.ArgOptional},
			{Name: "optout", Type: command.ArgPureToken, Token: "OPTOUT", Flags: command.ArgOptional},
			{Name: "noloop", Type: command.ArgPureToken, Token: "NOLOOP", Flags: command.ArgOptional},
		},
		Lock: command.LockExclusive,
		Run:  t.runTracking,
	}
	clientCachingSpec := command.Spec{
		Name: "caching", Group: command.GroupConnection, Since: "6.0.0", Arity: 3,
		Flags:      command.AllowBusy | command.NoScript | command.Loading | command.Stale | command.Sentinel,
		ACL:        command.CatConnection,
		Summary:    "Say whether the next command's keys are tracked, in OPTIN and OPTOUT mode",
		Complexity: "O(1)",
		Args: []command.Arg{
			{Name: "mode", Type: command.ArgOneOf, Args: []command.Arg{
				{Name: "yes", Type: command.ArgPureToken, Token: "YES"}, {Name: "no", Type: command.ArgPureToken, Token: "NO"},
			}},
		},
		Lock: command.LockNone,
		Run:  runCaching,
	}
	clientGetredirSpec := command.Spec{
		Name: "getredir", Group: command.GroupConnection, Since: "6.0.0", Arity: 2,
		Flags:      command.AllowBusy | command.NoScript | command.Loading | command.Stale | command.Sentinel,
		ACL:        command.CatConnection,
		Summary:    "Read which client this connection's invalidation messages go to",
		Complexity: "O(1)",
		Lock:       command.LockNone,
		Run:        runGetredir,
	}
	clientTrackinginfoSpec := command.Spec{
		Name: "trackinginfo", Group: command.GroupConnection, Since: "6.2.0", Arity: 2,
		Flags: command.NoScript | command.Loading | command.Stale | command.Sentinel, ACL: command.CatConnection,
		Summary:    "Describe this connection's tracking state",
		Complexity: "O(1)",
		Lock:       command.LockNone,
		Run:        runTrackingInfo,
	}

	return []command.Spec{clientTrackingSpec, clientCachingSpec, clientGetredirSpec, clientTrackinginfoSpec}
}

// isClientCommand reports whether a command is CLIENT with any subcommand.
// CLIENT CACHING outlives those.
func isClientCommand(cmd *command.Cmd) bool { return strings.HasPrefix(cmd.Name, "client|") }

// wish is what a client asks for in CLIENT TRACKING.
type wish struct {
	options
	redirect int64
	prefixes []string
}

func (t *Tracking) parse(args [][]byte) (w wish, problem string) {
	for i := 0; i < len(args); i++ {
		more := i+1 < len(args)
		switch {
		case command.Is(args[i], "redirect") && more:
			i++
			if w.redirect != 0 {
				return w, "ERR A client can only redirect to a single other client"
			}
			id, ok := number.ParseInt(args[i])
			if !ok {
				return w, command.NotAnInteger
			}
			if t.deps.Client(uint64(id)) == nil {
				return w, "ERR The client ID you want redirect to does not exist"
			}
			w.redirect = id
		case command.Is(args[i], "bcast"):
			w.broadcast = true
		case command.Is(args[i], "optin"):
			w.optIn = true
		case command.Is(args[i], "optout"):
			w.optOut = true
		case command.Is(args[i], "noloop"):
			w.noLoop = true
		case command.Is(args[i], "prefix") && more:
			i++
			w.prefixes = append(w.prefixes, string(args[i]))
		default:
			return w, command.SyntaxError
		}
	}
	return w, ""
}

// conflict says why a wish does not agree with itself or with the mode that the
// client is in; "" if it does.
func (w *wish) conflict(c *session.Client) string {
	var now options
	tr := stateOf(c)
	if c.Has(session.Tracking) {
		now = tr.options
	} else {
		now.broadcast = w.broadcast
	}
	const elseReenable = " before disabling tracking for this client, and then re-enabling it with a different mode."
	switch {
	case !w.broadcast && len(w.prefixes) > 0:
		return "ERR PREFIX option requires BCAST mode to be enabled"
	case w.broadcast != now.broadcast:
		return "ERR You can't switch BCAST mode on/off" + elseReenable
	case w.broadcast && (w.optIn || w.optOut):
		return "ERR OPTIN and OPTOUT are not compatible with BCAST"
	case w.optIn && w.optOut:
		return "ERR You can't specify both OPTIN mode and OPTOUT mode"
	case w.optIn && now.optOut, w.optOut && now.optIn:
		return "ERR You can't switch OPTIN/OPTOUT mode" + elseReenable
	case w.broadcast:
		return overlap(tr, w.prefixes)
	}
	return ""
}

func (t *Tracking) runTracking(c *command.Ctx) {
	w, problem := t.parse(c.Args[3:])
	if problem != "" {
		c.Out.Error(problem)
		return
	}
	switch {
	case command.Is(c.Args[2], "on"):
		if problem := w.conflict(c.Client); problem != "" {
			c.Out.Error(problem)
			return
		}
		t.enable(c.Client, uint64(w.redirect), w.options, w.prefixes)
	case command.Is(c.Args[2], "off"):
		t.Forget(c.Client)
	default:
		c.Out.Error(command.SyntaxError)
		return
	}
	c.Out.OK()
}

func runCaching(c *command.Ctx) {
	if !c.Client.Has(session.Tracking) {
		c.Out.Error("ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled")
		return
	}
	tr := stateOf(c.Client)
	yes, no := command.Is(c.Args[2], "yes"), command.Is(c.Args[2], "no")
	switch {
	case !yes && !no:
		c.Out.Error(command.SyntaxError)
	case yes && !tr.optIn:
		c.Out.Error("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.")
	case no && !tr.optOut:
		c.Out.Error("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.")
	default:
		tr.caching = true
		c.Out.OK()
	}
}

func runGetredir(c *command.Ctx) {
	redirect, _ := Describe(c.Client)
	c.Out.Int(redirect)
}

func runTrackingInfo(c *command.Ctx) {
	redirect, _ := Describe(c.Client)
	tr := stateOf(c.Client)
	if tr == nil {
		tr = &tracker{}
	}
	flags := []string{"off"}
	if redirect >= 0 {
		flags[0] = "on"
	}
	for _, f := range []struct {
		on   bool
		name string
	}{
		{tr.broadcast, "bcast"},
		{tr.optIn, "optin"}, {tr.optIn && tr.caching, "caching-yes"},
		{tr.optOut, "optout"}, {tr.optOut && tr.caching, "caching-no"},
		{tr.noLoop, "noloop"}, {c.Client.Has(session.TrackingBroken), "broken_redirect"},
	} {
		if f.on {
			flags = append(flags, f.name)
		}
	}
	c.Out.MapHeader(3)
	c.Out.BulkString("flags")
	c.Out.SetHeader(len(flags))
	for _, f := range flags {
		c.Out.BulkString(f)
	}
	c.Out.BulkString("redirect")
	c.Out.Int(redirect)
	c.Out.BulkString("prefixes")
	prefixes := slices.Sorted(maps.Keys(tr.prefixes))
	c.Out.ArrayHeader(len(prefixes))
	for _, p := range prefixes {
		c.Out.BulkString(p)
	}
}
