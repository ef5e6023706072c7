package conformance

import (
	"bytes"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/node"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/platform/glob"
	"github.com/kvasirdb/kvasir/internal/platform/serverlog"
)

// table returns the commands of a server.
func table(t *testing.T) *command.Table {
	t.Helper()
	store := config.New(config.Environment{
		Dir:       t.TempDir(),
		ChangeDir: func(_, path string) (string, error) { return path, nil },
		Match:     glob.Match,
		Warn:      func(text string) { t.Log(text) },
	})
	files := config.OSFiles{}
	if err := store.Load(config.Sources{Files: files, OpenLog: files.OpenLog}); err != nil {
		t.Fatal(err)
	}
	n, err := node.New(node.Options{Config: store, Log: serverlog.New(&bytes.Buffer{}, time.Now), Clock: clock.NewSystem(), Files: files})
	if err != nil {
		t.Fatal(err)
	}
	return n.Table
}

// scripted is what the scripts have of one command.
type scripted struct {
	words    map[string]bool // all arguments, in upper case
	answered bool            // some reply is no error
	refused  map[string]bool // the first words of the errors
}

// scriptedCommands reads all scripts.
func scriptedCommands(t *testing.T, table *command.Table) map[*command.Cmd]*scripted {
	t.Helper()
	found := map[*command.Cmd]*scripted{}
	for s := range scripts(t) {
		for _, st := range s.steps {
			argv := arguments(st.send)
			if len(argv) == 0 {
				continue
			}
			cmd := table.Resolve(argv)
			if cmd == nil {
				continue
			}
			c := found[cmd]
			if c == nil {
				c = &scripted{words: map[string]bool{}, refused: map[string]bool{}}
				found[cmd] = c
			}
			for _, word := range argv[1:] {
				c.words[strings.ToUpper(string(word))] = true
			}
			for _, e := range st.want {
				if text, isError := strings.CutPrefix(e.resp2, "-"); isError {
					c.refused[text] = true
				} else {
					c.answered = true
				}
			}
		}
	}
	return found
}

// scripts are all of them, parsed.
func scripts(t *testing.T) iter.Seq[*script] {
	return func(yield func(*script) bool) {
		for _, p := range patterns {
			paths, err := filepath.Glob(p)
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range paths {
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				s, err := parse(path, string(text))
				if err != nil {
					t.Fatal(err)
				}
				if !yield(s) {
					return
				}
			}
		}
	}
}

// arguments are those of a request, empty for other bytes.
func arguments(request []byte) (argv [][]byte) {
	var count int
	if n, err := fmt.Sscanf(string(request), "*%d\r\n", &count); n != 1 || err != nil {
		return nil
	}
	_, rest, _ := bytes.Cut(request, []byte("\r\n"))
	for range count {
		var size int
		if n, err := fmt.Sscanf(string(rest), "$%d\r\n", &size); n != 1 || err != nil {
			return nil
		}
		if _, rest, _ = bytes.Cut(rest, []byte("\r\n")); size < 0 || size+2 > len(rest) {
			return nil
		}
		argv = append(argv, rest[:size])
		rest = rest[size+2:]
	}
	return argv
}

// tokens are the words that a command's arguments may be.
func tokens(args []command.Arg) (words []string) {
	for _, a := range args {
		if a.Token != "" && a.Token != `""` {
			words = append(words, a.Token)
		}
		words = append(words, tokens(a.Args)...)
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// beyondScripts is what no script can show, and which test does.
var beyondScripts = map[string]string{
	"shutdown succeeds":                   "the servers of all tests end by it, or by a signal",
	"config rewrite succeeds":             "the servers of scripts have no file; internal/config",
	"exec: the wrong number of arguments": "it ends the transaction with an error of its own; internal/txn",
	"client reply: OFF":                   "it has no answer; client_filters.test sends it as bytes",
	"client reply: SKIP":                  "likewise",
}

// TestEveryCommandHasAScript looks for commands that succeed in no script, that
// no script gives the wrong number of arguments, and for options that are in no
// script.
func TestEveryCommandHasAScript(t *testing.T) {
	commands := table(t)
	found := scriptedCommands(t, commands)
	missing := func(what string) {
		if beyondScripts[what] == "" {
			t.Error("in no script: " + what)
		}
	}
	for _, cmd := range commands.All() {
		if len(cmd.Subcommands) > 0 {
			continue
		}
		name := strings.ReplaceAll(cmd.Name, "|", " ")
		c := found[cmd]
		if c == nil {
			missing(name)
			continue
		}
		if !c.answered {
			missing(name + " succeeds")
		}
		// A subcommand that takes any number of arguments cannot have too few.
		if words := strings.Count(name, " ") + 1; cmd.Arity != -words && !has(c.refused, "ERR wrong number of arguments") {
			missing(name + ": the wrong number of arguments")
		}
		for _, token := range tokens(cmd.Spec.Args) {
			if !c.words[token] {
				missing(name + ": " + token)
			}
		}
	}
}

// has reports whether an error begins with prefix.
func has(refused map[string]bool, prefix string) bool {
	for text := range refused {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}
