package command_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/command/commandtest"
)

// newTable has all commands of Valkey, without handlers, but with ours for
// COMMAND.
func newTable(t testing.TB) (table *command.Table) {
	t.Helper()
	specs := slices.DeleteFunc(commandtest.Specs(t, func(*command.Ctx) {}), func(s command.Spec) bool {
		return s.Name == "command"
	})
	table, err := command.NewTable(specs, command.Commands(func() *command.Table { return table }))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// wordsOf splits a request; "" is an empty word.
func wordsOf(request string) (argv [][]byte) {
	for word := range strings.SplitSeq(request, " ") {
		if word == `""` {
			word = ""
		}
		argv = append(argv, []byte(word))
	}
	return argv
}

func TestCommandAsValkeyDescribesIt(t *testing.T) {
	table, err := command.NewTable(command.Commands(nil))
	if err != nil {
		t.Fatal(err)
	}
	commandtest.Check(t, table)
	for _, name := range commandtest.Absent(t, table) {
		if name == "command" || strings.HasPrefix(name, "command|") {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestLookupFindsEveryNameInAnyCase(t *testing.T) {
	table := newTable(t)
	for id, c := range table.All() {
		if c.ID != id {
			t.Errorf("%s has number %d, not %d", c.Name, id, c.ID)
		}
		for _, name := range []string{c.Name, strings.ToUpper(c.Name), mixedCase(c.Name)} {
			if got := table.Find([]byte(name)); got != c {
				t.Errorf("%s found %v", name, got)
			}
		}
		for _, name := range []string{c.Name + "_", c.Name + "\x00", "_" + c.Name, c.Name[:len(c.Name)-1] + "\x80"} {
			if got := table.Find([]byte(name)); got != nil {
				t.Errorf("%q found %s", name, got.Name)
			}
		}
	}
	for _, name := range []string{"", "|", "config|", "|get", "config|get|x", "get|x", "no-such-command-of-that-name", strings.Repeat("x", 1000)} {
		if got := table.Find([]byte(name)); got != nil {
			t.Errorf("%q found %s", name, got.Name)
		}
	}
}

func mixedCase(s string) string {
	b := []byte(s)
	for i := range b {
		if i%2 == 1 {
			b[i] = strings.ToUpper(s)[i]
		}
	}
	return string(b)
}

func TestResolve(t *testing.T) {
	table := newTable(t)
	for request, want := range map[string]string{
		"get k":            "get",
		"GET":              "get",
		"config":           "config",
		"Config Get x":     "config|get",
		"config nosuch":    "",
		"nosuch":           "",
		"command":          "command",
		"command docs get": "command|docs",
	} {
		if got := nameOf(table.Resolve(wordsOf(request))); got != want {
			t.Errorf("%s: %q, not %q", request, got, want)
		}
	}
	if table.Resolve(nil) != nil {
		t.Error("an empty request has a command")
	}
}

func nameOf(c *command.Cmd) string {
	if c == nil {
		return ""
	}
	return c.Name
}

func TestRename(t *testing.T) {
	table := newTable(t)
	count := len(table.Commands())
	for _, step := range []struct {
		from, to string
		want     error
	}{
		{"flushall", "", nil},
		{"flushall", "x", command.ErrRenameUnknown},
		{"config", "a-very-long-secret-name-for-config", nil},
		{"get", "set", command.ErrRenameTaken},
		{"GET", "Fetch", nil},
		{"fetch", "get", nil},
		{"del", "REMOVE", nil},
		{"set", "SET", nil},
	} {
		if err := table.Rename(step.from, step.to); err != step.want {
			t.Errorf("%s to %q: %v", step.from, step.to, err)
		}
	}
	for name, want := range map[string]string{
		"flushall": "", "config": "", "A-Very-Long-Secret-Name-For-Config": "config", "get": "get", "fetch": "",
		"set": "set", "del": "", "remove": "del", "a-very-long-secret-name-for-config|get": "config|get",
	} {
		if got := nameOf(table.Find([]byte(name))); got != want {
			t.Errorf("%s finds %q, not %q", name, got, want)
		}
	}
	for request, want := range map[string]string{"del k": "del", "remove k": "del", "config get x": "config|get", "flushall": "flushall"} {
		if got := nameOf(table.ResolveOriginal(wordsOf(request))); got != want {
			t.Errorf("%s resolves to %q, not %q", request, got, want)
		}
	}
	if got := len(table.Commands()); got != count-1 {
		t.Errorf("%d commands of %d are left", got, count)
	}
}

func TestErrorsForBadRequests(t *testing.T) {
	table := newTable(t)
	long := strings.Repeat("y", 200)
	for request, want := range map[string]string{
		"foo":                      "ERR unknown command 'foo', with args beginning with: ",
		"foo a b":                  "ERR unknown command 'foo', with args beginning with: 'a' 'b' ",
		"fo\r\no a\nb":             "ERR unknown command 'fo  o', with args beginning with: 'a b' ",
		"foo\x00bar":               "ERR unknown command 'foo', with args beginning with: ",
		"client nosuch":            "ERR unknown subcommand 'nosuch'. Try CLIENT HELP.",
		"Config " + long:           "ERR unknown subcommand '" + long[:128] + "'. Try CONFIG HELP.",
		long + " a":                "ERR unknown command '" + long[:128] + "', with args beginning with: 'a' ",
		"foo " + long + " b":       "ERR unknown command 'foo', with args beginning with: '" + long[:128] + "' ",
		"foo aaaa " + long:         "ERR unknown command 'foo', with args beginning with: 'aaaa' '" + long[:121] + "' ",
		"foo a " + long[:120]:      "ERR unknown command 'foo', with args beginning with: 'a' '" + long[:120] + "' ",
		"nosuch|sub " + `""`:       "ERR unknown command 'nosuch|sub', with args beginning with: '' ",
		"foo " + long[:124] + " b": "ERR unknown command 'foo', with args beginning with: '" + long[:124] + "' 'b' ",
	} {
		if got := table.UnknownCommand(wordsOf(request)); got != want {
			t.Errorf("%q:\n got %q\nwant %q", request, got, want)
		}
	}
	if got := command.WrongArity(table.Find([]byte("client|list"))); got != "ERR wrong number of arguments for 'client|list' command" {
		t.Error(got)
	}
}

func TestLockPlans(t *testing.T) {
	table := newTable(t)
	for name, want := range map[string]string{
		"get":           "auto 1",
		"set":           "auto 1",
		"bitfield":      "auto 1",
		"mget":          "auto 0",
		"object|freq":   "auto 2",
		"smove":         "auto 0",
		"zunionstore":   "auto 0",
		"migrate":       "auto 0", // KeysOf completes an incomplete spec
		"georadius":     "auto 0",
		"sort":          "exclusive 0", // BY and GET read any key
		"dbsize":        "exclusive 0",
		"ssubscribe":    "exclusive 0", // a channel is no key
		"command|count": "none 0",
	} {
		c := table.Find([]byte(name))
		plan := map[command.Lock]string{command.LockAuto: "auto", command.LockNone: "none", command.LockExclusive: "exclusive"}[c.Lock]
		if got := fmt.Sprint(plan, " ", c.KeyAt); got != want {
			t.Errorf("%s: %s, not %s", name, got, want)
		}
	}
}

func TestSentinelTable(t *testing.T) {
	run := func(*command.Ctx) {}
	spec := func(name string, flags command.Flags, subs ...command.Spec) command.Spec {
		return command.Spec{Name: name, Group: command.GroupServer, Since: "1.0.0", Arity: -2, Flags: flags, Summary: "s", Run: run, Subcommands: subs}
	}
	specs := []command.Spec{
		spec("data", 0),
		spec("both", command.Sentinel, spec("shared", command.Sentinel), spec("data", 0)),
		spec("watcher", command.Sentinel|command.OnlySentinel),
	}
	for want, build := range map[string]func(...[]command.Spec) (*command.Table, error){
		"[both both|data both|shared data]": command.NewTable,
		"[both both|shared watcher]":        command.NewSentinelTable,
	} {
		table, err := build(specs)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, c := range table.All() {
			names = append(names, c.Name)
		}
		if got := fmt.Sprint(names); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}

func TestNewTableRefusesContradictions(t *testing.T) {
	good := func() command.Spec {
		return command.Spec{
			Name: "good", Group: command.GroupGeneric, Since: "1.0.0", Arity: -2, Summary: "s", Run: func(*command.Ctx) {},
			Keys: []command.KeySpec{{Flags: command.KeyRO, Index: 1, Step: 1}},
			Args: []command.Arg{{Name: "key", Type: command.ArgKey}},
		}
	}
	if _, err := command.NewTable([]command.Spec{good()}); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(s *command.Spec){
		`"Good" is not one lower-case word`: func(s *command.Spec) { s.Name = "Good" },
		"arity 0":                           func(s *command.Spec) { s.Arity = 0 },
		"summary is missing":                func(s *command.Spec) { s.Summary = "" },
		"both Write and ReadOnly":           func(s *command.Spec) { s.Flags = command.Write | command.ReadOnly },
		"MovableKeys is derived":            func(s *command.Spec) { s.Flags = command.MovableKeys },
		"ReplacedBy belong together":        func(s *command.Spec) { s.ReplacedBy = "x" },
		"neither Run nor Subcommands":       func(s *command.Spec) { s.Run = nil },
		"not exactly one way to begin":      func(s *command.Spec) { s.Keys[0].Keyword = "x" },
		"not exactly one way to find":       func(s *command.Spec) { s.Keys[0].Step = 0 },
		"Keyword and From":                  func(s *command.Spec) { s.Keys[0].From = 1 },
		"a Limit needs":                     func(s *command.Spec) { s.Keys[0].Limit = 2 },
		"keys before their count":           func(s *command.Spec) { s.Keys[0].Step, s.Keys[0].NumStep = 0, 1 },
		"more than one of RO":               func(s *command.Spec) { s.Keys[0].Flags |= command.KeyRW },
		"none of RO":                        func(s *command.Spec) { s.Keys[0].Flags = command.KeyAccess },
		"variable flags without":            func(s *command.Spec) { s.Keys[0].Flags |= command.KeyVariableFlags },
		"the first key, at 2, may be":       func(s *command.Spec) { s.Keys[0].Index = 2 },
		"no key spec 1":                     func(s *command.Spec) { s.Args[0].KeySpec = 1 },
		"an argument has no name":           func(s *command.Spec) { s.Args[0].Name = "" },
		"only alternatives and blocks":      func(s *command.Spec) { s.Args[0].Args = []command.Arg{{Name: "x"}} },
		"good|sub: arity -1": func(s *command.Spec) {
			sub := good()
			sub.Name, sub.Arity, sub.Keys, sub.Args = "sub", -1, nil, nil
			s.Subcommands = []command.Spec{sub}
		},
		"good|sub: two specs": func(s *command.Spec) {
			sub := good()
			sub.Name = "sub"
			s.Subcommands = []command.Spec{sub, sub}
		},
	} {
		s := good()
		spoil(&s)
		if _, err := command.NewTable([]command.Spec{s}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := command.NewTable([]command.Spec{good()}, []command.Spec{good()}); err == nil || !strings.Contains(err.Error(), "good: two specs") {
		t.Error(err)
	}
}

// FuzzLookup compares the table with a map of lower-case names.
func FuzzLookup(f *testing.F) {
	for _, seed := range []string{"get", "GET", "gEt\x00", "georadiusbymember_ro", "@", "[", "`", "{", "\xc7et", "pexpireat", ""} {
		f.Add(seed)
	}
	table := newTable(f)
	names := make(map[string]*command.Cmd)
	for _, c := range table.Commands() {
		names[c.Name] = c
	}
	f.Fuzz(func(t *testing.T, name string) {
		ascii := strings.Map(func(r rune) rune {
			if r >= 'A' && r <= 'Z' {
				r |= 0x20
			}
			return r
		}, name)
		if got := table.Lookup([]byte(name)); strings.ToValidUTF8(name, "?") == name && got != names[ascii] {
			t.Fatalf("%q finds %s", name, nameOf(got))
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	table := newTable(b)
	for _, name := range []string{"GET", "set", "hincrby", "zrangebyscore", "georadiusbymember_ro"} {
		word := []byte(name)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if table.Lookup(word) == nil {
					b.Fatal("not found")
				}
			}
		})
	}
}
