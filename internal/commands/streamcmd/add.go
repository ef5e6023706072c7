package streamcmd

import (
	"slices"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/stream"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/streamindex"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

var xaddSpec = command.Spec{
	Name: "xadd", Group: command.GroupStream, Since: "5.0.0", Arity: -5,
	Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatStream,
	Summary:    "Add an entry at the end of a stream, creating the stream if missing",
	Complexity: "O(1), plus O(N) when N entries are trimmed",
	History: []command.Change{
		{Version: "6.2.0", What: "option NOMKSTREAM, strategy MINID, option LIMIT"},
		{Version: "7.0.0", What: "IDs of the form ms-*"},
	},
	Tips: []string{"nondeterministic_output"},
	Keys: []command.KeySpec{
		{Flags: command.KeyRW | command.KeyUpdate, Index: 1, Step: 1, Notes: "the stream may be trimmed as well, hence UPDATE"},
	},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "nomkstream", Type: command.ArgPureToken, Token: "NOMKSTREAM", Since: "6.2.0", Flags: command.ArgOptional},
		{Name: "trim", Type: command.ArgBlock, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "strategy", Type: command.ArgOneOf, Args: []command.Arg{
				{Name: "maxlen", Type: command.ArgPureToken, Token: "MAXLEN"},
				{Name: "minid", Type: command.ArgPureToken, Token: "MINID", Since: "6.2.0"},
			}},
			{Name: "operator", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
				{Name: "equal", Type: command.ArgPureToken, Token: "="},
				{Name: "approximately", Type: command.ArgPureToken, Token: "~"},
			}},
			{Name: "threshold"},
			{Name: "count", Type: command.ArgInteger, Token: "LIMIT", Since: "6.2.0", Flags: command.ArgOptional},
		}},
		{Name: "id-selector", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "auto-id", Type: command.ArgPureToken, Token: "*"}, {Name: "id"},
		}},
		{Name: "data", Type: command.ArgBlock, Flags: command.ArgMultiple, Args: []command.Arg{
			{Name: "field"}, {Name: "value"},
		}},
	},
	Run: runXAdd,
}

func runXAdd(c *command.Ctx) {
	o, ok := parseAddOrTrim(c, true)
	if !ok {
		return
	}
	pairs := c.Args[min(o.idAt+1, len(c.Args)):]
	if len(pairs) == 0 || len(pairs)%2 != 0 {
		c.Out.Error(command.WrongArity(c.Cmd))
		return
	}
	if o.form == wholeID && o.id.IsZero() {
		c.Out.Error("ERR The ID specified in XADD must be greater than 0-0")
		return
	}
	key := c.Args[1]
	e, wrongType := c.Tx.Collection(key, value.Stream)
	switch {
	case wrongType:
		c.Out.Error(command.WrongType)
		return
	case !e.Found() && o.noCreate:
		c.Out.Null()
		return
	}
	last := stream.ID{}
	if e.Found() {
		v := e.Value()
		last = stream.Open(c.Tx.Heap(), &v).LastID()
	}
	id, errText := o.next(c.Now, last)
	switch {
	case errText != "":
		c.Out.Error(errText)
		return
	case !stream.Fits(pairs):
		c.Out.Error("ERR Elements are too large to be stored")
		return
	}
	t := target{}
	if e.Found() {
		t = open(c, key, e)
	} else {
		t = create(c, key, e)
	}
	t.Append(c.Limits, id, pairs)
	t.notify("xadd")
	if o.trims && t.Trim(&o.trim) > 0 {
		t.notify("xtrim")
	}
	o.propagate(c, t.Stream, id)
	t.entries(1)
	replyID(c, id)
}

// idForm is what of a new entry's ID a command gives.
type idForm uint8

const (
	noID       idForm = iota // *
	millisOnly               // 1526919030474-*
	wholeID                  // 1526919030474-55
)

// addOptions are the words of XADD and XTRIM.
type addOptions struct {
	form     idForm
	id       stream.ID
	idAt     int // position of the ID in the arguments
	noCreate bool

	trims  bool
	trim   stream.Trim
	trimAt int // position of the length or ID to trim to
}

// parseAddOrTrim reads the words up to the ID of XADD, or all of XTRIM. If they
// make no sense, it answers so.
func parseAddOrTrim(c *command.Ctx, add bool) (o addOptions, ok bool) {
	limited := false
	i := 2
	for ; i < len(c.Args); i++ {
		arg, more := c.Args[i], i+1 < len(c.Args)
		switch {
		case add && string(arg) == "*":
			o.idAt = i
			return o, o.finish(c, add, limited)
		case more && (command.Is(arg, "maxlen") || command.Is(arg, "minid")):
			if i, ok = o.parseTrim(c, i); !ok {
				return o, false
			}
		case more && command.Is(arg, "limit"):
			i++
			if o.trim.Limit, ok = c.IntArg(i); !ok {
				return o, false
			}
			if o.trim.Limit < 0 {
				c.Out.Error("ERR The LIMIT argument must be >= 0.")
				return o, false
			}
			limited = true
		case add && command.Is(arg, "nomkstream"):
			o.noCreate = true
		case add:
			o.idAt = i
			if !o.parseNewID(arg) {
				c.Out.Error(invalidID)
				return o, false
			}
			return o, o.finish(c, add, limited)
		default:
			c.Out.Error(command.SyntaxError)
			return o, false
		}
	}
	o.idAt = i
	return o, o.finish(c, add, limited)
}

// parseTrim reads MAXLEN or MINID, which is argument i, and what follows it. It
// returns the position of the last word read.
func (o *addOptions) parseTrim(c *command.Ctx, i int) (last int, ok bool) {
	if o.trims {
		c.Out.Error("ERR syntax error, MAXLEN and MINID options at the same time are not compatible")
		return 0, false
	}
	o.trims, o.trim.ByID = true, command.Is(c.Args[i], "minid")
	if i++; i+1 < len(c.Args) {
		switch string(c.Args[i]) {
		case "~":
			o.trim.Approx = true
			i++
		case "=":
			i++
		}
	}
	o.trimAt = i
	if o.trim.ByID {
		o.trim.MinID, ok = idArg(c, i)
		return i, ok
	}
	if o.trim.MaxLen, ok = c.IntArg(i); ok && o.trim.MaxLen < 0 {
		c.Out.Error("ERR The MAXLEN argument must be >= 0.")
		return 0, false
	}
	return i, ok
}

// parseNewID reads the ID that a new entry shall have.
func (o *addOptions) parseNewID(arg []byte) (ok bool) {
	if text, isText := idText(arg); isText && len(text) > 2 && string(text[len(text)-2:]) == "-*" {
		o.form = millisOnly
		o.id.Millis, ok = number.ParseUint(text[:len(text)-2])
		return ok
	}
	o.form = wholeID
	o.id, ok = parseID(arg, 0)
	return ok
}

// finish checks the options against each other and sets the limit of a trim.
func (o *addOptions) finish(c *command.Ctx, add, limited bool) (ok bool) {
	const (
		nodesMost    = 100
		limitDefault = 10_000
		limitMost    = 1_000_000
	)
	switch {
	case o.trim.Limit > 0 && !o.trims:
		c.Out.Error("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy")
		return false
	case !add && !o.trims:
		c.Out.Error("ERR syntax error, XTRIM must be called with a trimming strategy")
		return false
	case c.Replaying():
		o.trim.Limit = 0 // what is propagated is exact, and still names the limit
	case limited:
		if !o.trim.Approx {
			c.Out.Error("ERR syntax error, LIMIT cannot be used without the special ~ option")
			return false
		}
	case o.trim.Approx:
		o.trim.Limit = min(int64(nodesMost*c.Limits.StreamNodeMaxEntries), limitMost)
		if o.trim.Limit <= 0 {
			o.trim.Limit = limitDefault
		}
	}
	return true
}

// next returns the ID of an entry added after the last one, or what to answer
// if there is none.
func (o *addOptions) next(now int64, last stream.ID) (id stream.ID, errText string) {
	const tooSmall = "ERR The ID specified in XADD is equal or smaller than the target stream top item"
	if last == streamindex.Max() {
		return id, "ERR The stream has exhausted the last possible ID, unable to add more items"
	}
	id = o.id
	switch {
	case o.form == noID && uint64(now) > last.Millis:
		id = stream.ID{Millis: uint64(now)}
	case o.form == noID, o.form == millisOnly && id.Millis == last.Millis:
		if id, _ = last.Next(); o.form == millisOnly && id.Millis != last.Millis {
			return id, tooSmall
		}
	}
	if !last.Less(id) {
		return id, tooSmall
	}
	return id, ""
}

// propagate makes the journal take the command with the ID that was given, which
// is 0-0 for XTRIM, and with a trim to what is left.
func (o *addOptions) propagate(c *command.Ctx, s stream.Stream, id stream.ID) {
	if o.form == wholeID && !o.trim.Approx || !c.Propagates() {
		return
	}
	args := slices.Clone(c.Args)
	if o.form != wholeID && !id.IsZero() {
		args[o.idAt] = id.Append(nil)
	}
	if o.trim.Approx {
		args[o.trimAt-1] = []byte("=")
		if o.trim.ByID {
			args[o.trimAt] = s.TrimmedTo().Append(nil)
		} else {
			args[o.trimAt] = number.AppendInt(nil, int64(s.Len()))
		}
	}
	c.PropagateInstead(args...)
}

var xtrimSpec = command.Spec{
	Name: "xtrim", Group: command.GroupStream, Since: "5.0.0", Arity: -4,
	Flags: command.Write, ACL: command.CatStream,
	Summary:    "Cut the oldest entries off a stream",
	Complexity: "O(N) for N entries removed, cheap where whole nodes go",
	History: []command.Change{
		{Version: "6.2.0", What: "strategy MINID, option LIMIT"},
	},
	Tips: []string{"nondeterministic_output"},
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyDelete, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "trim", Type: command.ArgBlock, Args: []command.Arg{
			{Name: "strategy", Type: command.ArgOneOf, Args: []command.Arg{
				{Name: "maxlen", Type: command.ArgPureToken, Token: "MAXLEN"},
				{Name: "minid", Type: command.ArgPureToken, Token: "MINID", Since: "6.2.0"},
			}},
			{Name: "operator", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
				{Name: "equal", Type: command.ArgPureToken, Token: "="},
				{Name: "approximately", Type: command.ArgPureToken, Token: "~"},
			}},
			{Name: "threshold"},
			{Name: "count", Type: command.ArgInteger, Token: "LIMIT", Since: "6.2.0", Flags: command.ArgOptional},
		}},
	},
	Run: runXTrim,
}

func runXTrim(c *command.Ctx) {
	o, ok := parseAddOrTrim(c, false)
	if !ok {
		return
	}
	t, ok := edit(c, c.Args[1], func() { c.Out.Int(0) })
	if !ok {
		return
	}
	removed := t.Trim(&o.trim)
	if removed > 0 {
		t.notify("xtrim")
		if o.trim.Approx {
			o.propagate(c, t.Stream, stream.ID{})
		}
	}
	t.entries(int(removed))
	c.Out.Int(removed)
}

var xdelSpec = command.Spec{
	Name: "xdel", Group: command.GroupStream, Since: "5.0.0", Arity: -3,
	Flags: command.Write | command.Fast, ACL: command.CatStream,
	Summary:    "Remove entries from a stream",
	Complexity: "O(1) per entry",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyDelete, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "id", Flags: command.ArgMultiple},
	},
	Run: runXDel,
}

func runXDel(c *command.Ctx) {
	t, ok := edit(c, c.Args[1], func() { c.Out.Int(0) })
	if !ok {
		return
	}
	ids, ok := idsArg(c, 2)
	if !ok {
		return
	}
	deleted := 0
	for _, id := range ids {
		if t.Delete(id) {
			deleted++
		}
	}
	if deleted > 0 {
		t.notify("xdel")
	}
	t.entries(deleted)
	c.Out.Int(int64(deleted))
}

var xsetidSpec = command.Spec{
	Name: "xsetid", Group: command.GroupStream, Since: "5.0.0", Arity: -3,
	Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatStream,
	Summary:    "Set the last ID of a stream; used when a stream is rebuilt",
	Complexity: "O(1)",
	History: []command.Change{
		{Version: "7.0.0", What: "options ENTRIESADDED, MAXDELETEDID"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "last-id"},
		{Name: "entries-added", Type: command.ArgInteger, Token: "ENTRIESADDED", Since: "7.0.0", Flags: command.ArgOptional},
		{Name: "max-deleted-id", Token: "MAXDELETEDID", Since: "7.0.0", Flags: command.ArgOptional},
	},
	Run: runXSetID,
}

func runXSetID(c *command.Ctx) {
	id, ok := idArg(c, 2)
	if !ok {
		return
	}
	added, maxDeleted := int64(-1), stream.ID{}
	for i := 3; i < len(c.Args); i += 2 {
		more := i+1 < len(c.Args)
		switch {
		case more && command.Is(c.Args[i], "entriesadded"):
			if added, ok = c.IntArg(i + 1); !ok {
				return
			}
			if added < 0 {
				c.Out.Error("ERR entries_added must be positive")
				return
			}
		case more && command.Is(c.Args[i], "maxdeletedid"):
			if maxDeleted, ok = idArg(c, i+1); !ok {
				return
			}
			if id.Less(maxDeleted) {
				c.Out.Error("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id")
				return
			}
		default:
			c.Out.Error(command.SyntaxError)
			return
		}
	}
	t, ok := edit(c, c.Args[1], func() { c.Out.Error(command.NoSuchKey) })
	if !ok {
		return
	}
	if errText := mayBeLast(t.Stream, id, added); errText != "" {
		c.Out.Error(errText)
		return
	}
	t.SetLastID(id)
	if added != -1 {
		t.SetAdded(added)
	}
	if !maxDeleted.IsZero() {
		t.SetMaxDeletedID(maxDeleted)
	}
	t.notify("xsetid")
	t.groups(1)
	c.Out.OK()
}

// mayBeLast checks whether an ID can be the last of a stream to which so many
// entries were added, -1 being unknown, and returns what to answer if not.
func mayBeLast(s stream.Stream, id stream.ID, added int64) (errText string) {
	if id.Less(s.MaxDeletedID()) {
		return "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id"
	}
	if last, ok := s.LastEntryID(); ok {
		switch {
		case id.Less(last):
			return "ERR The ID specified in XSETID is smaller than the target stream top item"
		case added != -1 && int64(s.Len()) > added:
			return "ERR The entries_added specified in XSETID is smaller than the target stream length"
		}
	}
	return ""
}
