package command_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/resp"
)

// answer runs a request and returns its reply.
func answer(table *command.Table, protocol resp.Protocol, request string) string {
	out := resp.NewWriter(protocol, nil)
	begin := out.Mark()
	argv := wordsOf(request)
	cmd := table.Resolve(argv)
	cmd.Run(&command.Ctx{Args: argv, Cmd: cmd, Out: out})
	return string(out.Since(begin))
}

// protocolOf joins lines of protocol; a line that does not begin as one is a
// bulk string.
func protocolOf(words ...string) string {
	var b strings.Builder
	for _, w := range words {
		if w == "" || !strings.Contains("*%~:+-_", w[:1]) {
			fmt.Fprintf(&b, "$%d\r\n", len(w))
		}
		b.WriteString(w + "\r\n")
	}
	return b.String()
}

func smallTable(t *testing.T) (table *command.Table) {
	t.Helper()
	run := func(*command.Ctx) {}
	table, err := command.NewTable(command.Commands(func() *command.Table { return table }), []command.Spec{
		{
			Name: "get", Group: command.GroupString, Since: "1.0.0", Arity: 2,
			Flags: command.ReadOnly | command.Fast, ACL: command.CatString, Summary: "S", Complexity: "O(1)", Run: run,
			Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
			Args: []command.Arg{{Name: "key", Type: command.ArgKey}},
		},
		{
			Name: "box", Group: command.GroupServer, Since: "2.0.0", Arity: -2, Summary: "B",
			DeprecatedSince: "3.0.0", ReplacedBy: "`X`", SysCmd: true,
			Subcommands: []command.Spec{{
				Name: "open", Group: command.GroupServer, Since: "2.1.0", Arity: -3, Summary: "O",
				Flags: command.MayReplicate, Run: run, Tips: []string{"tip"},
				History: []command.Change{{Version: "2.2.0", What: "W"}},
				Keys: []command.KeySpec{
					{Flags: command.KeyRW, Keyword: "IN", From: 2, NumStep: 1, FirstKey: 1, Notes: "N"},
					{Flags: command.KeyRW, UnknownBegin: true, UnknownFind: true},
				},
				Args: []command.Arg{{Name: "how", Type: command.ArgOneOf, Token: "IN", Flags: command.ArgOptional, Args: []command.Arg{
					{Name: "a", Type: command.ArgPattern, Display: "p", KeySpec: 1, Flags: command.ArgOfKeySpec | command.ArgMultiple},
					{Name: "b", Type: command.ArgPureToken, Token: `""`, Since: "2.3.0", DeprecatedSince: "2.4.0", Summary: "Z"},
				}}},
			}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestCommandInfo(t *testing.T) {
	table := smallTable(t)
	get := []string{"get", ":2", "~2", "+readonly", "+fast", ":1", ":1", ":1", "~3", "+@read", "+@string", "+@fast", "~0",
		"~1", "%3", "flags", "~2", "+RO", "+access",
		"begin_search", "%2", "type", "index", "spec", "%1", "index", ":1",
		"find_keys", "%2", "type", "range", "spec", "%3", "lastkey", ":0", "keystep", ":1", "limit", ":0", "~0"}
	if got, want := answer(table, resp.RESP3, "command info GET nosuch"), protocolOf(slices.Concat([]string{"*2", "*10"}, get, []string{"_"})...); got != want {
		t.Errorf("RESP3:\n%q\n%q", got, want)
	}
	box := []string{"*1", "*10", "box", ":-2", "*0", ":0", ":0", ":0", "*1", "+@slow", "*0", "*0",
		"*1", "*10", "box|open", ":-3", "*1", "+movablekeys", ":0", ":0", ":0", "*1", "+@slow", "*1", "tip",
		"*2",
		"*8", "notes", "N", "flags", "*1", "+RW",
		"begin_search", "*4", "type", "keyword", "spec", "*4", "keyword", "IN", "startfrom", ":2",
		"find_keys", "*4", "type", "keynum", "spec", "*6", "keynumidx", ":0", "firstkey", ":1", "keystep", ":1",
		"*6", "flags", "*1", "+RW", "begin_search", "*4", "type", "unknown", "spec", "*0", "find_keys", "*4", "type", "unknown", "spec", "*0",
		"*0"}
	if got, want := answer(table, resp.RESP2, "command info box"), protocolOf(box...); got != want {
		t.Errorf("RESP2:\n%q\n%q", got, want)
	}
	all := answer(table, resp.RESP2, "command")
	if all != answer(table, resp.RESP2, "command info") || !strings.HasPrefix(all, "*3\r\n*10\r\n$3\r\nbox\r\n") {
		t.Errorf("%q", all)
	}
}

func TestCommandDocs(t *testing.T) {
	table := smallTable(t)
	want := protocolOf("%1", "box", "%7", "summary", "B", "since", "2.0.0", "group", "server",
		"doc_flags", "~2", "+deprecated", "+syscmd", "deprecated_since", "3.0.0", "replaced_by", "`X`",
		"subcommands", "%1", "box|open", "%5", "summary", "O", "since", "2.1.0", "group", "server",
		"history", "~1", "*2", "2.2.0", "W",
		"arguments", "*1", "%5", "name", "how", "type", "oneof", "token", "IN", "flags", "~1", "+optional", "arguments", "*2",
		"%5", "name", "a", "type", "pattern", "display_text", "p", "key_spec_index", ":1", "flags", "~1", "+multiple",
		"%7", "name", "b", "type", "pure-token", "display_text", "b", "token", "", "summary", "Z", "since", "2.3.0", "deprecated_since", "2.4.0")
	if got := answer(table, resp.RESP3, "command docs box nosuch"); got != want {
		t.Errorf("\n%q\n%q", got, want)
	}
	want = protocolOf("*2", "get", "*10", "summary", "S", "since", "1.0.0", "group", "string", "complexity", "O(1)",
		"arguments", "*1", "*8", "name", "key", "type", "key", "display_text", "key", "key_spec_index", ":0")
	if got := answer(table, resp.RESP2, "command docs get"); got != want {
		t.Errorf("\n%q\n%q", got, want)
	}
	if got := answer(table, resp.RESP3, "command docs"); !strings.HasPrefix(got, protocolOf("%3", "box")) {
		t.Errorf("%q", got)
	}
}

func TestCommandListAndCount(t *testing.T) {
	table := smallTable(t)
	for request, want := range map[string]string{
		"command count":                         ":3\r\n",
		"command list filterby aclcat read":     protocolOf("*1", "get"),
		"command list FILTERBY ACLCAT nosuch":   protocolOf("*0"),
		"command list filterby module x":        protocolOf("*0"),
		"command list filterby pattern B*":      protocolOf("*2", "box", "box|open"),
		"command list filterby pattern *|get*":  protocolOf("*2", "command|getkeys", "command|getkeysandflags"),
		"command list filterby pattern":         "-ERR syntax error\r\n",
		"command list filterby nosuch x":        "-ERR syntax error\r\n",
		"command list x":                        "-ERR syntax error\r\n",
		"command getkeys get k":                 protocolOf("*1", "k"),
		"command getkeysandflags get k":         protocolOf("*1", "*2", "k", "*2", "+RO", "+access"),
		"command getkeys nosuch":                "-ERR Invalid command specified\r\n",
		"command getkeys box nosuch":            "-ERR Invalid command specified\r\n",
		"command getkeys box":                   "-ERR The command has no key arguments\r\n",
		"command getkeys get":                   "-ERR Invalid number of arguments specified for command\r\n",
		"command getkeys box open in 5 a":       "-ERR Invalid arguments specified for command\r\n",
		"command getkeys box open in 1 a extra": "-ERR Invalid arguments specified for command\r\n",
	} {
		if got := answer(table, resp.RESP2, request); got != want {
			t.Errorf("%s:\n got %q\nwant %q", request, got, want)
		}
	}
	if got := answer(table, resp.RESP3, "command list"); !strings.HasPrefix(got, protocolOf("*11", "box", "box|open", "command", "command|count")) {
		t.Errorf("%q", got)
	}
	if err := table.Rename("get", "fetch"); err != nil {
		t.Fatal(err)
	}
	if got, want := answer(table, resp.RESP2, "command getkeys fetch k"), protocolOf("*1", "k"); got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

func TestCommandHelp(t *testing.T) {
	got := answer(smallTable(t), resp.RESP2, "coMMand help")
	if !strings.HasPrefix(got, "*17\r\n+COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n+(no subcommand)\r\n") ||
		!strings.HasSuffix(got, "\r\n+HELP\r\n+    Print this help.\r\n") || strings.Count(got, "\r\n") != 18 {
		t.Errorf("%q", got)
	}
}
