package cli

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kvasirdb/kvasir/internal/client"
)

// testArg is an argument of testDocs: "name", "name?" optional, "name*"
// repeated, "name?*" both, "name**" repeated with its token.
type testArg struct {
	name, kind, token string
	sub               []testArg
}

func (a testArg) wire() string {
	name := strings.TrimRight(a.name, "?*")
	marks := a.name[len(name):]
	fields := []string{bulk("name"), bulk(name), bulk("type"), bulk(a.kind)}
	if a.token != "" {
		fields = append(fields, bulk("token"), bulk(a.token))
	}
	var flags []string
	if strings.Contains(marks, "?") {
		flags = append(flags, "+optional\r\n")
	}
	if strings.Contains(marks, "*") {
		flags = append(flags, "+multiple\r\n")
	}
	if strings.Contains(marks, "**") {
		flags = append(flags, "+multiple_token\r\n")
	}
	if flags != nil {
		fields = append(fields, bulk("flags"), array(flags...))
	}
	if a.sub != nil {
		fields = append(fields, bulk("arguments"), wireArgs(a.sub))
	}
	return array(fields...)
}

func wireArgs(args []testArg) string {
	var items []string
	for _, a := range args {
		items = append(items, a.wire())
	}
	return array(items...)
}

func wireDoc(group, summary string, args ...testArg) string {
	return array(bulk("summary"), bulk(summary), bulk("since"), bulk("1.0.0"), bulk("group"), bulk(group),
		bulk("arguments"), wireArgs(args))
}

// testDocs is a COMMAND DOCS reply with one command for each shape of argument.
func testDocs() string {
	key := testArg{name: "key", kind: "key"}
	token := func(name, token string) testArg { return testArg{name: name, kind: "pure-token", token: token} }
	side := testArg{name: "side", kind: "oneof", sub: []testArg{token("left", "LEFT"), token("right", "RIGHT")}}
	docs := []string{
		bulk("get"), wireDoc("string", "Reads a string.", key),
		bulk("getex"), wireDoc("string", "Reads a string and sets its expiry.", key),
		bulk("set"), wireDoc("string", "Writes a string.", key, testArg{name: "value", kind: "string"},
			testArg{name: "condition?", kind: "oneof", sub: []testArg{token("nx", "NX"), token("xx", "XX"),
				{name: "comparison", kind: "string", token: "IFEQ"}}},
			token("get?", "GET"),
			testArg{name: "expiry?", kind: "oneof", sub: []testArg{
				{name: "seconds", kind: "integer", token: "EX"}, token("keep", "KEEPTTL")}}),
		bulk("mget"), wireDoc("string", "Reads strings.", testArg{name: "key*", kind: "key"}),
		bulk("blmove"), wireDoc("list", "Moves an element.", key, side, side, testArg{name: "timeout", kind: "double"}),
		bulk("zrandmember"), wireDoc("sorted-set", "Picks members.", key,
			testArg{name: "options?", kind: "block", sub: []testArg{
				{name: "count", kind: "integer"}, token("withscores?", "WITHSCORES")}}),
		bulk("bitfield_ro"), wireDoc("bitmap", "Reads integers.", key,
			testArg{name: "get?**", kind: "block", token: "GET", sub: []testArg{
				{name: "encoding", kind: "string"}, {name: "offset", kind: "integer"}}}),
		bulk("config"), array(bulk("summary"), bulk("Container."), bulk("group"), bulk("server"),
			bulk("subcommands"), array(bulk("config|set"), wireDoc("server", "Sets parameters.",
				testArg{name: "data*", kind: "block", sub: []testArg{
					{name: "parameter", kind: "string"}, {name: "value", kind: "string"}}}))),
	}
	return array(docs...)
}

func helpServer(t *testing.T) *fakeServer {
	return newFakeServer(t, script(map[string]string{"command docs": testDocs()}))
}

// TestHints gives inputs and the hints that valkey-cli shows for them. The
// unbalanced bracket is its own.
func TestHints(t *testing.T) {
	const expiry = "[EX seconds|KEEPTTL]"
	h := newTestHelp(t, helpServer(t))
	for _, test := range [][2]string{
		{"GET ", "key"},
		{"GE", ""},
		{"get abc ", ""},
		{"get abc more ", ""},
		{"nosuch ", ""},
		{`get "open`, ""},
		{"SET ", "key value [NX|XX|IFEQ comparison] [GET] " + expiry},
		{"SET k", "key value [NX|XX|IFEQ comparison] [GET] " + expiry},
		{"SET k v NX ", "[GET] " + expiry},
		{"SET k v EX ", "seconds [NX|XX|IFEQ comparison] [GET]"},
		{"SET k v EX 10 get ", "[NX|XX|IFEQ comparison]"},
		{"SET k v EX ten ", ""},
		{"SET k v IFEQ ", "comparison [GET] " + expiry},
		{"MGET ", "key [key ...]"},
		{"MGET a b ", "[key ...]"},
		{"BLMOVE a ", "LEFT|RIGHT LEFT|RIGHT timeout"},
		{"BLMOVE a LEFT right ", "timeout"},
		{"BLMOVE a LEFT up ", ""},
		{"BLMOVE a LEFT RIGHT 1.5 ", ""},
		{"ZRANDMEMBER k ", "[count [WITHSCORES]]"},
		{"ZRANDMEMBER k 3 ", "[WITHSCORES]"},
		{"ZRANDMEMBER k x ", ""},
		{"BITFIELD_RO k ", "[GET encoding offset [GET encoding offset ...]]"},
		{"BITFIELD_RO k GET u8 ", "offset [GET encoding offset ...]]"},
		{"BITFIELD_RO k GET u8 0 GET u8 8 ", "[GET encoding offset ...]]"},
		{"CONFIG SET ", "parameter value [parameter value ...]"},
		{"config set p ", "value [parameter value ...]"},
		{"config set p v q w ", "[parameter value ...]"},
	} {
		got, _ := h.hint(test[0])
		if got = strings.TrimRight(got, " "); got != test[1] {
			t.Errorf("%q: hint %q, want %q", test[0], got, test[1])
		}
	}
}

func newTestHelp(t *testing.T, f *fakeServer) *help {
	t.Helper()
	r, _ := newTestRepl(t, f)
	return r.app.help
}

func TestDocsAreFetchedOnce(t *testing.T) {
	f := helpServer(t)
	h := newTestHelp(t, f)
	for range 3 {
		h.hint("get ")
		h.complete("g")
	}
	wantSeen(t, f, "COMMAND DOCS")
}

func TestCompletion(t *testing.T) {
	h := newTestHelp(t, helpServer(t))
	for line, want := range map[string][]string{
		"ge":        {"GET", "GETEX"},
		"config s":  {"CONFIG SET"},
		"help @s":   {"help @server", "help @sorted-set", "help @string"},
		"HELP  get": {"HELP  GET", "HELP  GETEX"},
		"nothing":   nil,
	} {
		if diff := cmp.Diff(want, h.complete(line)); diff != "" {
			t.Errorf("%q: %s", line, diff)
		}
	}
}

func TestHelpText(t *testing.T) {
	f := helpServer(t)
	get := "\r\n  \x1b[1mGET\x1b[0m \x1b[90mkey\x1b[0m\r\n" +
		"  \x1b[33msummary:\x1b[0m Reads a string.\r\n  \x1b[33msince:\x1b[0m 1.0.0\r\n"
	group := "  \x1b[33mgroup:\x1b[0m string\r\n"
	expect(t, runMain("", nil, f.args("help", "get")...), outcome{0, get + group + "\r\n", ""})
	expect(t, runMain("", nil, f.args("help", "nosuch")...), outcome{0, "\r\n", ""})

	byGroup := runMain("", nil, f.args("help", "@string")...).stdout
	if !strings.HasPrefix(byGroup, get+"\r\n  \x1b[1mGETEX") || strings.Contains(byGroup, "BLMOVE") ||
		strings.Contains(byGroup, "group:") {
		t.Errorf("group help %q", byGroup)
	}
	container := runMain("", nil, f.args("help", "config")...).stdout
	if !strings.Contains(container, "CONFIG SET\x1b[0m \x1b[90mparameter value [parameter value ...]") {
		t.Errorf("container help %q lacks the subcommand", container)
	}
	if general := runMain("", nil, "help"); general.status != 0 || !strings.Contains(general.stdout, "help @<group>") {
		t.Errorf("general help %+v", general)
	}
}

func TestHelpOfOldServer(t *testing.T) {
	f := newFakeServer(t, script(map[string]string{
		"command docs": "-ERR Unknown subcommand\r\n",
		"command":      array(array(bulk("get"), ":2\r\n", "*0\r\n", ":1\r\n"), array(bulk("ping"), ":-1\r\n", "*0\r\n", ":0\r\n")),
	}))
	h := newTestHelp(t, f)
	for line, want := range map[string]string{"get ": "key", "get k ": "", "ping ": "...options..."} {
		if got, _ := h.hint(line); got != want {
			t.Errorf("%q: hint %q, want %q", line, got, want)
		}
	}
}

func TestBuiltinDocs(t *testing.T) {
	program := Program{Docs: func() client.Value { return decode(t, testDocs()) }}
	run := func(args ...string) string {
		var stdout bytes.Buffer
		program.Main(args, strings.NewReader(""), &stdout, io.Discard, nil)
		return stdout.String()
	}
	down := "127.0.0.1:1"
	if got := run("-u", "valkey://"+down, "--test_hint", "MGET "); got != "key [key ...]\n" {
		t.Errorf("without a server: %q", got)
	}
	old := newFakeServer(t, script(map[string]string{
		"command docs": "-ERR Unknown subcommand\r\n",
		"command":      array(array(bulk("get"), ":9\r\n", "*0\r\n", ":1\r\n"), array(bulk("module.x"), ":2\r\n", "*0\r\n", ":1\r\n")),
	}))
	for line, want := range map[string]string{"GET ": "key\n", "MODULE.X ": "key\n", "MGET ": "key [key ...]\n"} {
		if got := run(old.args("--test_hint", line)...); got != want {
			t.Errorf("%q with an old server: %q, want %q", line, got, want)
		}
	}
}

func TestHelpAfterAuthentication(t *testing.T) {
	authenticated := false
	f := newFakeServer(t, func(args []string) string {
		switch {
		case strings.EqualFold(args[0], "auth"):
			authenticated = true
			return "+OK\r\n"
		case !authenticated:
			return "-NOAUTH Authentication required.\r\n"
		}
		return testDocs()
	})
	r, _ := newTestRepl(t, f)
	if got := r.complete("ge"); got != nil {
		t.Errorf("completion before AUTH: %q", got)
	}
	if _, err := r.runLine("auth pw"); err != nil {
		t.Fatal(err)
	}
	if got := r.complete("gete"); len(got) != 1 {
		t.Errorf("completion after AUTH: %q", got)
	}
}

func TestHintFile(t *testing.T) {
	f := helpServer(t)
	file := filepath.Join(t.TempDir(), "hints")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# comment\n\n\"GET \" \"key\"\n\"MGET k \" \"[key ...]\"\n")
	expect(t, runMain("", nil, f.args("--test_hint_file", file)...), outcome{0, "SUCCESS: 2/2 passed\n", ""})
	write("\"GET \" \"keys\"\n\"GET \" \"key\"\n")
	expect(t, runMain("", nil, f.args("--test_hint_file", file)...),
		outcome{1, "FAILURE: 1/2 passed\n", "Test case 'GET ' FAILED: expected 'keys', got 'key'\n"})
	expect(t, runMain("", nil, f.args("--test_hint", "GET ")...), outcome{0, "key\n", ""})
}

// FuzzHint checks that no input makes the matcher panic or loop.
func FuzzHint(f *testing.F) {
	f.Add("SET k v EX 1 NX")
	f.Add("BITFIELD_RO k GET GET GET ")
	f.Add("config set a b c ")
	f.Fuzz(func(t *testing.T, line string) {
		docs := parseDocs(decode(t, testDocs()))
		h := &help{docs: docs, tried: true}
		if hint, found := h.hint(line); !found && hint != "" {
			t.Fatalf("hint %q for an unknown command", hint)
		}
	})
}
