package command

import (
	"iter"

	"github.com/kvasirdb/kvasir/internal/platform/glob"
	"github.com/kvasirdb/kvasir/internal/resp"
)

// Commands returns COMMAND, which describes the commands of a table. As the
// table holds COMMAND itself, it is asked for when a request comes.
func Commands(table func() *Table) []Spec {
	d := describer{table}
	return []Spec{
		{
			Name: "command", Group: GroupServer, Since: "2.8.13", Arity: -1,
			Flags: Loading | Stale | Sentinel, ACL: CatConnection,
			Summary:    "Describe all commands the server has",
			Complexity: "O(N) for N commands",
			Tips:       []string{"nondeterministic_output_order"},
			Lock:       LockNone,
			Run:        d.describeAll,
			Subcommands: []Spec{
				{
					Name: "count", Group: GroupServer, Since: "2.8.13", Arity: 2,
					Flags: Loading | Stale | Sentinel, ACL: CatConnection,
					Summary:    "Count the server's commands",
					Complexity: "O(1)",
					Lock:       LockNone,
					Run:        d.count,
				},
				{
					Name: "docs", Group: GroupServer, Since: "7.0.0", Arity: -2,
					Flags: Loading | Stale | Sentinel, ACL: CatConnection,
					Summary:    "Document commands: summary, arguments, history and so on",
					Complexity: "O(N) for N commands",
					Tips:       []string{"nondeterministic_output_order"},
					Args: []Arg{
						{Name: "command-name", Flags: ArgOptional | ArgMultiple},
					},
					Lock: LockNone,
					Run:  d.docs,
				},
				{
					Name: "getkeys", Group: GroupServer, Since: "2.8.13", Arity: -3,
					Flags: Loading | Stale | Sentinel, ACL: CatConnection,
					Summary:    "Pick the keys out of a full command",
					Complexity: "O(N) for N arguments",
					Args: []Arg{
						{Name: "command"}, {Name: "arg", Flags: ArgOptional | ArgMultiple},
					},
					Lock: LockNone,
					Run:  d.keys,
				},
				{
					Name: "getkeysandflags", Group: GroupServer, Since: "7.0.0", Arity: -3,
					Flags: Loading | Stale | Sentinel, ACL: CatConnection,
					Summary:    "Pick the keys and how they are accessed out of a full command",
					Complexity: "O(N) for N arguments",
					Args: []Arg{
						{Name: "command"}, {Name: "arg", Flags: ArgOptional | ArgMultiple},
					},
					Lock: LockNone,
					Run:  d.keysAndFlags,
				},
				{
					Name: "help", Group: GroupServer, Since: "5.0.0", Arity: 2,
					Flags: Loading | Stale | Sentinel, ACL: CatConnection,
					Summary:    "Describe the COMMAND subcommands",
					Complexity: "O(1)",
					Lock:       LockNone,
					Run:        d.help,
				},
				{
					Name: "info", Group: GroupServer, Since: "2.8.13", Arity: -2,
					Flags: Loading | Stale | Sentinel, ACL: CatConnection,
					Summary:    "Describe some or all commands: arity, flags, keys and so on",
					Complexity: "O(N) for N commands",
					History: []Change{
						{Version: "7.0.0", What: "all commands when none is named"},
					},
					Tips: []string{"nondeterministic_output_order"},
					Args: []Arg{
						{Name: "command-name", Flags: ArgOptional | ArgMultiple},
					},
					Lock: LockNone,
					Run:  d.info,
				},
				{
					Name: "list", Group: GroupServer, Since: "7.0.0", Arity: -2,
					Flags: Loading | Stale | Sentinel, ACL: CatConnection,
					Summary:    "List the names of all commands, or of those that pass a filter",
					Complexity: "O(N) for N commands",
					Tips:       []string{"nondeterministic_output_order"},
					Args: []Arg{
						{Name: "filterby", Type: ArgOneOf, Token: "FILTERBY", Flags: ArgOptional, Args: []Arg{
							{Name: "module-name", Token: "MODULE"}, {Name: "category", Token: "ACLCAT"},
							{Name: "pattern", Type: ArgPattern, Token: "PATTERN"},
						}},
					},
					Lock: LockNone,
					Run:  d.list,
				},
			}},
	}
}

// describer answers COMMAND.
type describer struct{ table func() *Table }

func (d describer) describeAll(c *Ctx) {
	all := d.table().Commands()
	c.Out.ArrayHeader(len(all))
	for _, cmd := range all {
		cmd.WriteInfo(c.Out)
	}
}

func (d describer) count(c *Ctx) { c.Out.Int(int64(len(d.table().Commands()))) }

func (d describer) info(c *Ctx) {
	names := c.Args[2:]
	if len(names) == 0 {
		d.describeAll(c)
		return
	}
	c.Out.ArrayHeader(len(names))
	for _, name := range names {
		if cmd := d.table().Find(name); cmd != nil {
			cmd.WriteInfo(c.Out)
		} else {
			c.Out.Null()
		}
	}
}

func (d describer) docs(c *Ctx) {
	names := c.Args[2:]
	if len(names) == 0 {
		all := d.table().Commands()
		c.Out.MapHeader(len(all))
		for _, cmd := range all {
			c.Out.BulkString(cmd.Name)
			cmd.WriteDocs(c.Out)
		}
		return
	}
	length, known := c.Out.Defer(), 0
	for _, name := range names {
		if cmd := d.table().Find(name); cmd != nil {
			c.Out.BulkString(cmd.Name)
			cmd.WriteDocs(c.Out)
			known++
		}
	}
	c.Out.SetMapLen(length, known)
}

func (d describer) keys(c *Ctx)         { d.findKeys(c, false) }
func (d describer) keysAndFlags(c *Ctx) { d.findKeys(c, true) }

func (d describer) findKeys(c *Ctx, withFlags bool) {
	argv := c.Args[2:]
	cmd := d.table().Resolve(argv)
	switch {
	case cmd == nil:
		c.Out.Error("ERR Invalid command specified")
		return
	case !cmd.HasKeys:
		c.Out.Error(ErrNoKeyArguments.Error())
		return
	case !cmd.ArityOK(len(argv)):
		c.Out.Error("ERR Invalid number of arguments specified for command")
		return
	}
	keys, err := cmd.Keys(nil, argv)
	if err != nil {
		c.Out.Error(err.Error())
		return
	}
	c.Out.ArrayHeader(len(keys))
	for _, key := range keys {
		if withFlags {
			c.Out.ArrayHeader(2)
		}
		c.Out.Bulk(argv[key.Pos])
		if withFlags {
			writeNames(c.Out, key.Flags.Names())
		}
	}
}

func (d describer) list(c *Ctx) {
	wanted := func(*Cmd) bool { return true }
	switch options := c.Args[2:]; {
	case len(options) == 0:
	case len(options) != 3 || !equalWord(options[0], "filterby"):
		c.Out.Error(SyntaxError)
		return
	case equalWord(options[1], "module"):
		wanted = func(*Cmd) bool { return false } // no command comes from a module
	case equalWord(options[1], "aclcat"):
		category, _ := CategoryByName(options[2])
		wanted = func(cmd *Cmd) bool { return cmd.ACL&category != 0 }
	case equalWord(options[1], "pattern"):
		wanted = func(cmd *Cmd) bool { return glob.Match(options[2], []byte(cmd.Name), true) }
	default:
		c.Out.Error(SyntaxError)
		return
	}
	length, found := c.Out.Defer(), 0
	write := func(cmd *Cmd) {
		if wanted(cmd) {
			c.Out.BulkString(cmd.Name)
			found++
		}
	}
	for _, cmd := range d.table().Commands() {
		write(cmd)
		for _, sub := range cmd.Subcommands {
			write(sub)
		}
	}
	c.Out.SetArrayLen(length, found)
}

func (d describer) help(c *Ctx) {
	WriteHelp(c.Out, c.Args[0],
		"(no subcommand)",
		"    Describe every command.",
		"COUNT",
		"    Tell how many commands there are.",
		"LIST",
		"    List the names of all commands.",
		"INFO [<command-name> ...]",
		"    Describe the named commands, or all.",
		"DOCS [<command-name> ...]",
		"    Document the named commands, or all.",
		"GETKEYS <full-command>",
		"    Pick the keys out of a full command.",
		"GETKEYSANDFLAGS <full-command>",
		"    Pick the keys and how they are accessed out of a full command.",
	)
}

// WriteHelp replies to the HELP of a container: its name in upper case as a
// heading, the lines, and the line about HELP itself.
func WriteHelp(w *resp.Writer, container []byte, lines ...string) {
	w.ArrayHeader(len(lines) + 3)
	w.SimpleString(string(upper(container)) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")
	for _, line := range lines {
		w.SimpleString(line)
	}
	w.SimpleString("HELP")
	w.SimpleString("    Print this help.")
}

// WriteInfo replies with a command's entry of COMMAND INFO.
func (c *Cmd) WriteInfo(w *resp.Writer) {
	w.ArrayHeader(10)
	w.BulkString(c.Name)
	w.Int(int64(c.Arity))
	writeNames(w, c.Flags.Names())
	w.Int(int64(c.FirstKey))
	w.Int(int64(c.LastKey))
	w.Int(int64(c.KeyStep))
	length, count := w.Defer(), 0
	for name := range c.ACL.Names() {
		w.SimpleString("@" + name)
		count++
	}
	w.SetSetLen(length, count)
	w.SetHeader(len(c.Spec.Tips))
	for _, tip := range c.Spec.Tips {
		w.BulkString(tip)
	}
	w.SetHeader(len(c.Spec.Keys))
	for i := range c.Spec.Keys {
		c.Spec.Keys[i].write(w)
	}
	if c.Subcommands == nil {
		w.SetHeader(0)
		return
	}
	w.ArrayHeader(len(c.Subcommands))
	for _, sub := range c.Subcommands {
		sub.WriteInfo(w)
	}
}

func (s *KeySpec) write(w *resp.Writer) {
	fields := 3
	if s.Notes != "" {
		fields++
	}
	w.MapHeader(fields)
	if s.Notes != "" {
		w.BulkString("notes")
		w.BulkString(s.Notes)
	}
	w.BulkString("flags")
	writeNames(w, s.Flags.Names())

	w.BulkString("begin_search")
	switch {
	case s.UnknownBegin:
		writeMethod(w, "unknown", 0)
	case s.Keyword != "":
		writeMethod(w, "keyword", 2)
		w.BulkString("keyword")
		w.BulkString(s.Keyword)
		w.BulkString("startfrom")
		w.Int(int64(s.From))
	default:
		writeMethod(w, "index", 1)
		writeField(w, "index", s.Index)
	}

	w.BulkString("find_keys")
	switch {
	case s.UnknownFind:
		writeMethod(w, "unknown", 0)
	case s.NumStep > 0:
		writeMethod(w, "keynum", 3)
		writeField(w, "keynumidx", s.NumKeysAt)
		writeField(w, "firstkey", s.FirstKey)
		writeField(w, "keystep", s.NumStep)
	default:
		writeMethod(w, "range", 3)
		writeField(w, "lastkey", s.LastKey)
		writeField(w, "keystep", s.Step)
		writeField(w, "limit", s.Limit)
	}
}

// WriteDocs replies with a command's documentation, the value that COMMAND
// DOCS has for its name.
func (c *Cmd) WriteDocs(w *resp.Writer) {
	s := c.Spec
	length, fields := w.Defer(), 0
	text := func(key, value string) {
		if value != "" {
			w.BulkString(key)
			w.BulkString(value)
			fields++
		}
	}
	text("summary", s.Summary)
	text("since", s.Since)
	text("group", string(s.Group))
	text("complexity", s.Complexity)
	if s.DeprecatedSince != "" || s.SysCmd {
		w.BulkString("doc_flags")
		writeNames(w, s.docFlags())
		fields++
	}
	text("deprecated_since", s.DeprecatedSince)
	text("replaced_by", s.ReplacedBy)
	if len(s.History) > 0 {
		w.BulkString("history")
		w.SetHeader(len(s.History))
		for _, change := range s.History {
			w.ArrayHeader(2)
			w.BulkString(change.Version)
			w.BulkString(change.What)
		}
		fields++
	}
	if len(s.Args) > 0 {
		w.BulkString("arguments")
		writeArgs(w, s.Args)
		fields++
	}
	if c.Subcommands != nil {
		w.BulkString("subcommands")
		w.MapHeader(len(c.Subcommands))
		for _, sub := range c.Subcommands {
			w.BulkString(sub.Name)
			sub.WriteDocs(w)
		}
		fields++
	}
	w.SetMapLen(length, fields)
}

func (s *Spec) docFlags() iter.Seq[string] {
	return func(yield func(string) bool) {
		_ = (s.DeprecatedSince == "" || yield("deprecated")) && (!s.SysCmd || yield("syscmd"))
	}
}

func writeArgs(w *resp.Writer, args []Arg) {
	w.ArrayHeader(len(args))
	for i := range args {
		args[i].write(w)
	}
}

func (a *Arg) write(w *resp.Writer) {
	length, fields := w.Defer(), 0
	text := func(key, value string) {
		if value != "" {
			w.BulkString(key)
			w.BulkString(value)
			fields++
		}
	}
	text("name", a.Name)
	text("type", a.Type.String())
	if a.Args == nil {
		display := a.Display
		if display == "" {
			display = a.Name
		}
		text("display_text", display)
	}
	if a.ofKeySpec() {
		writeField(w, "key_spec_index", a.KeySpec)
		fields++
	}
	if a.Token == `""` {
		w.BulkString("token")
		w.BulkString("")
		fields++
	} else {
		text("token", a.Token)
	}
	text("summary", a.Summary)
	text("since", a.Since)
	text("deprecated_since", a.DeprecatedSince)
	if a.Flags&^ArgOfKeySpec != 0 {
		w.BulkString("flags")
		writeNames(w, a.Flags.Names())
		fields++
	}
	if a.Args != nil {
		w.BulkString("arguments")
		writeArgs(w, a.Args)
		fields++
	}
	w.SetMapLen(length, fields)
}

// writeNames appends a set of statuses.
func writeNames(w *resp.Writer, names iter.Seq[string]) {
	length, count := w.Defer(), 0
	for name := range names {
		w.SimpleString(name)
		count++
	}
	w.SetSetLen(length, count)
}

// writeMethod begins the description of a search method, whose fields follow.
func writeMethod(w *resp.Writer, method string, fields int) {
	w.MapHeader(2)
	w.BulkString("type")
	w.BulkString(method)
	w.BulkString("spec")
	w.MapHeader(fields)
}

func writeField(w *resp.Writer, key string, value int) {
	w.BulkString(key)
	w.Int(int64(value))
}
