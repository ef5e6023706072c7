package command_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/command"
)

// TestKeysAsValkeyFindsThem replays testdata/getkeys.txt: requests, and what
// Valkey 9.1 answers to COMMAND GETKEYSANDFLAGS for them.
func TestKeysAsValkeyFindsThem(t *testing.T) {
	text, err := os.ReadFile("testdata/getkeys.txt")
	if err != nil {
		t.Fatal(err)
	}
	table := newTable(t)
	for line := range strings.Lines(string(text)) {
		request, want, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ->")
		if got := keysAndFlags(table, wordsOf(request)); got != strings.TrimPrefix(want, " ") {
			t.Errorf("%s\n got %s\nwant%s", request, got, want)
		}
	}
}

// keysAndFlags answers as the lines of getkeys.txt do.
func keysAndFlags(table *command.Table, argv [][]byte) string {
	cmd := table.Resolve(argv)
	switch {
	case cmd == nil:
		return "ERR Invalid command specified"
	case cmd.HasKeys && !cmd.ArityOK(len(argv)):
		return "ERR Invalid number of arguments specified for command"
	}
	keys, err := cmd.Keys(nil, argv)
	if err != nil {
		return err.Error()
	}
	var shown []string
	for _, key := range keys {
		name := string(argv[key.Pos])
		if name == "" {
			name = `""`
		}
		shown = append(shown, name+":"+strings.Join(slices.Collect(key.Flags.Names()), ","))
	}
	return strings.Join(shown, " ")
}

func TestKeysLeaveOtherEntriesAlone(t *testing.T) {
	table := newTable(t)
	before := command.KeyRef{Pos: 77}
	keys := []command.KeyRef{before}
	for _, request := range []string{"eval s 2 a b", "sort k store d", "eval s x", "get k"} {
		argv := wordsOf(request)
		found, err := table.Resolve(argv).Keys(keys, argv)
		if err != nil && len(found) != 1 || found[0] != before {
			t.Errorf("%s: %v, %v", request, found, err)
		}
	}
}

func TestRoutingSeesShardChannels(t *testing.T) {
	argv := wordsOf("ssubscribe a b")
	cmd := newTable(t).Resolve(argv)
	if _, err := cmd.Keys(nil, argv); err != command.ErrNoKeyArguments {
		t.Errorf("keys: %v", err)
	}
	if found, err := cmd.Routing(nil, argv); err != nil || len(found) != 2 || found[1].Pos != 2 {
		t.Errorf("routing: %v, %v", found, err)
	}
}

func TestKeysDoNotAllocate(t *testing.T) {
	table := newTable(t)
	for _, request := range []string{
		"get k", "mset a 1 b 2", "set k v get", "eval s 2 a b", "xread count 1 streams a b 0 0",
		"sort k by w store d", "georadius k 1 2 3 km store d", "migrate h 1 k 0 10", "bitfield k get u8 0",
	} {
		argv := wordsOf(request)
		cmd := table.Resolve(argv)
		keys := make([]command.KeyRef, 0, 8)
		if n := testing.AllocsPerRun(10, func() {
			if _, err := cmd.Keys(keys, argv); err != nil {
				t.Error(err)
			}
		}); n > 0 {
			t.Errorf("%s: %v allocations", request, n)
		}
	}
}

func TestDatabasesNamedInArguments(t *testing.T) {
	run := func(*command.Ctx) {}
	spec := func(name string, dbs ...command.DBArg) command.Spec {
		return command.Spec{Name: name, Group: command.GroupGeneric, Since: "1.0.0", Arity: -2, Summary: "s", Run: run, DBs: dbs}
	}
	table, err := command.NewTable([]command.Spec{
		spec("copy", command.DBArg{Pos: 4, After: "DB"}),
		spec("swapdb", command.DBArg{Pos: 1}, command.DBArg{Pos: 2}),
		spec("get"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for request, want := range map[string][]command.DBRef{
		"copy a b db 3":      {{Pos: 4, DB: 3}},
		"copy a b replace 3": nil,
		"copy a b db":        nil,
		"copy a b db 16":     nil,
		"copy a b db x":      nil,
		"swapdb 0 15":        {{Pos: 1, DB: 0}, {Pos: 2, DB: 15}},
		"swapdb 0 -1":        nil,
		"get 1":              nil,
	} {
		argv := wordsOf(request)
		if got := table.Resolve(argv).Databases(nil, argv, 16); !slices.Equal(got, want) {
			t.Errorf("%s: %v, not %v", request, got, want)
		}
	}
}

// FuzzKeys checks that whatever follows a command's name, the keys found lie
// inside the request.
func FuzzKeys(f *testing.F) {
	for _, seed := range []string{
		"eval s 9 a", "zunionstore d 2 a", "xreadgroup group streams c streams", "migrate h 1  0 10 keys",
		"sort k limit 1 store", "georadiusbymember k m 1 km storedist", "lmpop 2147483648 a left", "mset a 1 b",
	} {
		f.Add(seed)
	}
	table := newTable(f)
	f.Fuzz(func(t *testing.T, request string) {
		var argv [][]byte
		for word := range strings.SplitSeq(request, " ") {
			argv = append(argv, []byte(word))
		}
		cmd := table.Resolve(argv)
		if cmd == nil || !cmd.ArityOK(len(argv)) {
			return
		}
		keys, err := cmd.Keys(nil, argv)
		if err != nil && len(keys) > 0 {
			t.Fatalf("%q: %v with %v", argv, keys, err)
		}
		for _, key := range keys {
			if key.Pos < 1 || key.Pos >= len(argv) {
				t.Fatalf("%q: a key at %d", argv, key.Pos)
			}
		}
		if cmd.KeyAt > 0 && (len(keys) != 1 || keys[0].Pos != cmd.KeyAt) {
			t.Fatalf("%q: %v, but its key is at %d", argv, keys, cmd.KeyAt)
		}
	})
}

func BenchmarkKeys(b *testing.B) {
	table := newTable(b)
	for _, request := range []string{"get k", "set k v", "mget a b c d", "eval s 2 a b", "xread count 1 streams a b 0 0"} {
		argv := wordsOf(request)
		cmd := table.Resolve(argv)
		keys := make([]command.KeyRef, 0, 8)
		b.Run(cmd.Name, func(b *testing.B) {
			for b.Loop() {
				keys, _ = cmd.Keys(keys[:0], argv)
			}
		})
	}
}
