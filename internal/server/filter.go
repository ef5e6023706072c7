package server

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/platform/number"
	"github.com/kvasirdb/kvasir/internal/session"
)

// choice is what one pair of filters, NAME and NOT-NAME, asks of a property.
// The zero choice asks nothing.
type choice[T any] struct {
	is, not       T
	hasIs, hasNot bool
}

// allows applies the choice with a test for one value.
func (c *choice[T]) allows(matches func(T) bool) bool {
	return !(c.hasIs && !matches(c.is)) && !(c.hasNot && matches(c.not))
}

func (c *choice[T]) set(value T, negative bool) {
	if negative {
		c.not, c.hasNot = value, true
	} else {
		c.is, c.hasIs = value, true
	}
}

// positive is the choice of one value.
func positive[T any](value T) choice[T] { return choice[T]{is: value, hasIs: true} }

// filter selects clients for CLIENT LIST and CLIENT KILL: those that meet all
// conditions.
type filter struct {
	ids                choice[[]uint64]
	class              choice[string]
	addr, laddr, ip    choice[string]
	user, name         choice[string]
	libName, libVer    choice[string]
	flags, capa        choice[string]
	db                 choice[int]
	maxAgeSec, idleSec int64 // at least; 0 any
	skipMe             bool
}

// parse reads the words of the filters. The problem is the text of an error
// reply.
func (f *filter) parse(args [][]byte, d *CommandDeps) (problem string) {
	for len(args) > 0 {
		word, negative := strings.CutPrefix(strings.ToLower(string(args[0])), "not-")
		args = args[1:]
		if word == "id" {
			if args, problem = f.parseIDs(args, negative); problem != "" {
				return problem
			}
			continue
		}
		if len(args) == 0 {
			return command.SyntaxError
		}
		if problem = f.parseOne(word, args[0], negative, d); problem != "" {
			return problem
		}
		args = args[1:]
	}
	return ""
}

// parseIDs takes as many numbers as follow.
func (f *filter) parseIDs(args [][]byte, negative bool) (rest [][]byte, problem string) {
	ids := f.ids.is
	if negative {
		ids = f.ids.not
	}
	for len(args) > 0 {
		id, ok := number.ParseInt(args[0])
		if !ok {
			break
		}
		if id < 1 {
			return nil, "ERR client-id should be greater than 0"
		}
		ids = append(ids, uint64(id))
		args = args[1:]
	}
	f.ids.set(ids, negative)
	return args, ""
}

func (f *filter) parseOne(word string, arg []byte, negative bool, d *CommandDeps) (problem string) {
	text := string(arg)
	switch word {
	case "addr":
		f.addr.set(text, negative)
	case "laddr":
		f.laddr.set(text, negative)
	case "ip":
		f.ip.set(text, negative)
	case "name":
		f.name.set(text, negative)
	case "lib-name":
		f.libName.set(text, negative)
	case "lib-ver":
		f.libVer.set(text, negative)
	case "type":
		class, ok := classByName[strings.ToLower(text)]
		if !ok {
			return fmt.Sprintf("ERR Unknown client type '%s'", command.UpToZero(text))
		}
		f.class.set(class, negative)
	case "user":
		if !d.Users.Exists(arg) {
			return fmt.Sprintf("ERR No such user '%s'", command.UpToZero(text))
		}
		f.user.set(text, negative)
	case "flags":
		if strings.Trim(text, flagLetters) != "" {
			return fmt.Sprintf("ERR Unknown flags found in the %s filter: %s", providedOr(negative, "NOT-FLAGS"), command.UpToZero(text))
		}
		f.flags.set(text, negative)
	case "capa":
		if strings.Trim(text, "r") != "" {
			return fmt.Sprintf("ERR Unknown capa found in the %s filter: %s", providedOr(negative, "NOT-CAPA"), command.UpToZero(text))
		}
		f.capa.set(text, negative)
	case "db":
		return f.parseDB(arg, negative, d)
	default:
		if negative {
			return command.SyntaxError
		}
		return f.parsePlain(word, arg)
	}
	return ""
}

// providedOr words an error about a filter or its negation.
func providedOr(negative bool, name string) string {
	if negative {
		return name
	}
	return "provided"
}

// parsePlain reads the conditions that have no negation.
func (f *filter) parsePlain(word string, arg []byte) (problem string) {
	switch word {
	case "maxage":
		f.maxAgeSec, problem = positiveSeconds(word, arg)
	case "idle":
		f.idleSec, problem = positiveSeconds(word, arg)
	case "skipme":
		f.skipMe = command.Is(arg, "yes")
		if !f.skipMe && !command.Is(arg, "no") {
			return command.SyntaxError
		}
	default:
		return command.SyntaxError
	}
	return problem
}

func positiveSeconds(name string, arg []byte) (seconds int64, problem string) {
	seconds, ok := number.ParseInt(arg)
	switch {
	case !ok:
		return 0, "ERR " + name + " is not an integer or out of range"
	case seconds <= 0:
		return 0, "ERR " + name + " should be greater than 0"
	}
	return seconds, ""
}

func (f *filter) parseDB(arg []byte, negative bool, d *CommandDeps) (problem string) {
	name := "DB"
	if negative {
		name = "NOT-DB"
	}
	db, ok := number.ParseInt(arg)
	switch {
	case !ok || db != int64(int32(db)):
		return "ERR " + name + " is not an integer or out of range"
	case db < 0 || db >= int64(d.Databases):
		return fmt.Sprintf("ERR %s number should be between 0 and %d", name, d.Databases-1)
	}
	f.db.set(int(db), negative)
	return ""
}

// matches reports whether a client meets all conditions. by is the command
// that asks.
func (f *filter) matches(c *session.Client, by *command.Ctx) bool {
	equal := func(have string) func(string) bool {
		return func(want string) bool { return have == want }
	}
	// A client without a name has none that could be asked for.
	named := func(have string) func(string) bool {
		return func(want string) bool { return have != "" && have == want }
	}
	switch {
	case f.skipMe && c == by.Client:
	case by.Now/1000-c.CreatedMillis/1000 < f.maxAgeSec:
	case by.Now/1000-c.LastInteractionMillis/1000 < f.idleSec:
	case !f.ids.allows(func(ids []uint64) bool { return slices.Contains(ids, c.ID) }):
	case !f.class.allows(equal(classOf(c))):
	case !f.addr.allows(equal(c.Addr)), !f.laddr.allows(equal(c.LocalAddr)):
	case !f.ip.allows(func(ip string) bool { return hasIP(c.Addr, ip) }):
	case !f.user.allows(equal(c.User)), !f.name.allows(named(c.Name)):
	case !f.libName.allows(named(c.LibName)), !f.libVer.allows(named(c.LibVer)):
	case !f.flags.allows(func(letters string) bool { return hasLetters(flagsOf(c), letters) }):
	case !f.capa.allows(func(letters string) bool { return hasLetters(capabilitiesOf(c), letters) }):
	case !f.db.allows(func(db int) bool { return c.DB == db }):
	default:
		return true
	}
	return false
}

// hasLetters reports whether all letters are among those a client has.
func hasLetters(have, want string) bool {
	for _, letter := range want {
		if !strings.ContainsRune(have, letter) {
			return false
		}
	}
	return true
}

// hasIP reports whether a peer's address is that IP with a port.
func hasIP(addr, ip string) bool {
	host, found := strings.CutPrefix(strings.TrimPrefix(addr, "["), ip)
	if !found {
		return false
	}
	port, found := strings.CutPrefix(strings.TrimPrefix(host, "]"), ":")
	return found && !strings.HasPrefix(port, "0")
}

var classByName = map[string]string{
	"normal": classNormal, "slave": classReplica, "replica": classReplica,
	"pubsub": classPubSub, "master": classPrimary, "primary": classPrimary,
}

const (
	classNormal  = "normal"
	classReplica = "replica"
	classPubSub  = "pubsub"
	classPrimary = "primary"
)

// classOf returns the class of a client for filters and output limits.
func classOf(c *session.Client) string {
	switch {
	case c.Has(session.Primary):
		return classPrimary
	case c.Has(session.Replica) && !c.Has(session.Monitor):
		return classReplica
	case c.Has(session.PubSub):
		return classPubSub
	}
	return classNormal
}
