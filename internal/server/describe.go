package server

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kvasirdb/kvasir/internal/session"
)

// flagNames are the letters of CLIENT LIST in its order. Some need more than a
// flag of the session; see flagsOf.
var flagNames = [...]struct {
	letter byte
	flag   session.Flags
}{
	{'O', session.Monitor}, {'S', session.Replica}, {'M', session.Primary}, {'P', session.PubSub},
	{'x', session.Multi}, {'b', session.Blocked}, {'t', session.Tracking}, {'R', session.TrackingBroken},
	{'B', session.TrackingBroadcast}, {'d', 0}, {'c', session.CloseAfterReply}, {'A', session.CloseSoon},
	{'U', session.UnixSocket}, {'r', session.ReadOnly}, {'e', session.NoEvict}, {'T', session.NoTouch},
	{'I', session.ImportSource},
}

// flagLetters are the letters that a filter may ask for: those above, those of
// states that clients of this server do not have, and N for none.
const flagLetters = "OSMPxbtRBdcuAUreTIiEN"

// flagsOf returns the letters of a client's flags, N if it has none.
func flagsOf(c *session.Client) string {
	var b strings.Builder
	for _, f := range flagNames {
		on := f.flag != 0 && c.Has(f.flag)
		switch f.letter {
		case 'S':
			on = on && !c.Has(session.Monitor)
		case 'd':
			on = c.DirtyWatch.Load()
		}
		if on {
			b.WriteByte(f.letter)
		}
	}
	if b.Len() == 0 {
		return "N"
	}
	return b.String()
}

func capabilitiesOf(c *session.Client) string {
	if c.Has(session.CapaRedirect) {
		return "r"
	}
	return ""
}

// byID returns all clients in the order in which they came. Exclusive mode.
func (s *Server) byID() []*session.Client {
	var list []*session.Client
	s.EachClient(func(c *session.Client) { list = append(list, c) })
	slices.SortFunc(list, func(a, b *session.Client) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return list
}

// describe is a client's line of CLIENT LIST for the log, where what users
// have made up is hidden if hide-user-data-from-log says so. Owner loop or
// exclusive mode.
func (s *Server) describe(cl *session.Client, nowMillis int64) string {
	shown := *identityOf(cl)
	if s.Limits().HideUserData {
		shown.name, shown.user = "*redacted*", "*redacted*"
	}
	line := appendLine(nil, cl, &shown, nowMillis)
	return string(line[:len(line)-1])
}

// appendInfo appends a client's line of CLIENT LIST. Exclusive mode.
func appendInfo(b []byte, cl *session.Client, nowMillis int64) []byte {
	return appendLine(b, cl, identityOf(cl), nowMillis)
}

type identity struct{ name, user string }

func identityOf(c *session.Client) *identity { return &identity{c.Name, c.User} }

func appendLine(b []byte, cl *session.Client, shown *identity, nowMillis int64) []byte {
	c := connOf(cl)
	m, kept := c.memory()
	events := "r"
	if c.writeArmed {
		events = "rw"
	}
	last := cl.LastCommand
	if last == "" {
		last = "NULL"
	}
	b = fmt.Appendf(b, "id=%d addr=%s laddr=%s fd=%d name=%s age=%d idle=%d flags=%s capa=%s db=%d",
		cl.ID, cl.Addr, cl.LocalAddr, cl.FD, shown.name, nowMillis/1000-cl.CreatedMillis/1000,
		nowMillis/1000-cl.LastInteractionMillis/1000, flagsOf(cl), capabilitiesOf(cl), cl.DB)
	b = fmt.Appendf(b, " sub=%d psub=%d ssub=%d multi=%d watch=%d",
		kept.Channels, kept.Patterns, kept.ShardChannels, kept.Queued, kept.Watched)
	b = fmt.Appendf(b, " qbuf=%d qbuf-free=%d argv-mem=%d multi-mem=%d rbs=%d rbp=%d obl=%d oll=%d omem=%d tot-mem=%d",
		m.query, m.queryFree, m.arguments, cl.MultiBytes, m.reply, m.replyPeak, m.replyUsed, m.blocks, m.output, m.total)
	return fmt.Appendf(b, " events=%s cmd=%s user=%s redir=%d resp=%d lib-name=%s lib-ver=%s tot-net-in=%d tot-net-out=%d tot-cmds=%d\n",
		events, last, shown.user, kept.Redirect, cl.Out.Protocol(), cl.LibName, cl.LibVer,
		cl.NetworkInputBytes, cl.NetworkOutputBytes, cl.Commands)
}
