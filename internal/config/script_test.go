package config

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// The scripts in testdata run against this package and, where VALKEY_SERVER
// names a valkey-server binary, against that as well; both must give the
// expected output. With -reference -rewrite the expected output is taken from
// that server.
//
// Directives:
//
//	load     start with the input as configuration file; lines "argv: a b" are
//	         further command line arguments; prints ok or the error report
//	set      CONFIG SET with the words of the input
//	get      CONFIG GET with the words of the input
//	each     CONFIG SET once per input line
//	rewrite  CONFIG REWRITE, then the file; appended lines are sorted
//	all      CONFIG GET of every name, hidden or not
//	names    CONFIG GET *, the names only
//	locked   the parameters that CONFIG SET refuses, and why
var fromReference = flag.Bool("reference", false, "take expected output from VALKEY_SERVER")

// subject is a server under test.
type subject interface {
	load(t *testing.T, dir, file string, args []string) string
	set(words []string) string
	get(words []string) []Pair
	rewrite() string
	close()
}

func TestScripts(t *testing.T) {
	binary := os.Getenv("VALKEY_SERVER")
	subjects := map[string]func() subject{"kvasir": func() subject { return &ownServer{} }}
	if binary != "" {
		subjects["reference"] = func() subject { return &referenceServer{binary: binary} }
	}
	if *fromReference {
		delete(subjects, "kvasir")
	}
	for name, open := range subjects {
		t.Run(name, func(t *testing.T) {
			datadriven.Walk(t, "testdata/script", func(t *testing.T, path string) {
				s := &session{subject: open()}
				defer s.subject.close()
				datadriven.RunTest(t, path, s.run)
			})
		})
	}
}

type session struct {
	subject subject
	dir     string
}

func (s *session) run(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "load":
		return s.load(t, d.Input)
	case "set":
		return s.clean(s.subject.set(words(t, d.Input)))
	case "each":
		var out strings.Builder
		for line := range strings.Lines(d.Input) {
			fmt.Fprintln(&out, s.clean(s.subject.set(words(t, line))))
		}
		return out.String()
	case "get":
		return s.pairs(s.subject.get(words(t, d.Input)))
	case "rewrite":
		if reply := s.subject.rewrite(); reply != "OK" {
			return s.clean(reply)
		}
		data, err := os.ReadFile(filepath.Join(s.dir, "valkey.conf"))
		if err != nil {
			t.Fatal(err)
		}
		return s.clean(sortAppended(string(data)))
	case "all":
		return s.pairs(s.subject.get(allNames()))
	case "names":
		var names []string
		for _, p := range s.subject.get([]string{"*"}) {
			names = append(names, p.Name)
		}
		return strings.Join(names, "\n")
	case "locked":
		var out strings.Builder
		for _, name := range allNames() {
			value := s.subject.get([]string{name})[0].Value
			reply := s.subject.set([]string{name, value})
			if _, why, found := strings.Cut(reply, " - can't set "); found {
				fmt.Fprintln(&out, name, why)
			} else if reply != "OK" {
				fmt.Fprintln(&out, name, s.clean(reply))
			}
		}
		return out.String()
	}
	t.Fatalf("unknown directive %q", d.Cmd)
	return ""
}

// load starts the subject in a fresh folder. The listening options come first,
// so that a reference server opens no port.
func (s *session) load(t *testing.T, input string) string {
	dir, err := os.MkdirTemp("", "conf")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		t.Fatal(err)
	}
	s.dir = dir
	args := []string{"--port", "0", "--unixsocket", filepath.Join(dir, "s")}
	var file strings.Builder
	for line := range strings.Lines(input) {
		switch name, rest, _ := strings.Cut(line, ": "); name {
		case "argv":
			args = append(args, words(t, rest)...)
		case "write": // a further file: its name, then its text, quoted
			w := words(t, rest)
			if err := os.WriteFile(filepath.Join(dir, w[0]), []byte(w[1]), 0o644); err != nil {
				t.Fatal(err)
			}
		default:
			file.WriteString(strings.ReplaceAll(line, "$DIR", dir))
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "valkey.conf"), []byte(file.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return s.clean(s.subject.load(t, dir, "valkey.conf", args))
}

func (s *session) clean(text string) string {
	if s.dir != "" {
		text = strings.ReplaceAll(text, s.dir, "$DIR")
	}
	return strings.TrimSpace(text)
}

func (s *session) pairs(pairs []Pair) string {
	var out strings.Builder
	for _, p := range pairs {
		fmt.Fprintln(&out, strings.TrimSpace(p.Name+" "+s.clean(p.Value)))
	}
	return out.String()
}

func words(t *testing.T, input string) []string {
	args, ok := SplitArgs(input)
	if !ok {
		t.Fatalf("bad quotes: %s", input)
	}
	return args
}

func allNames() []string {
	var names []string
	for name := range newStore("/").byName {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// sortAppended sorts the lines after the marker, whose order is arbitrary in
// Valkey, and shows blank lines before it. The users, which belong to another
// package, are left out.
func sortAppended(text string) string {
	kept, appended, _ := strings.Cut(text, rewriteMarker+"\n")
	var lines, added []string
	for line := range strings.Lines(kept) {
		if line == "\n" {
			line = "."
		}
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
	for line := range strings.Lines(appended) {
		if line != "\n" && !strings.HasPrefix(line, "user ") {
			added = append(added, strings.TrimSuffix(line, "\n"))
		}
	}
	slices.Sort(added)
	return strings.Join(slices.Concat(lines, []string{rewriteMarker}, added), "\n")
}

// ownServer is this package.
type ownServer struct {
	store *Store
}

func newStore(dir string) *Store {
	return New(Environment{Dir: dir, Match: matchPrefix, ChangeDir: OSFiles{}.ChangeDir})
}

// matchPrefix knows the one kind of pattern that the scripts use.
func matchPrefix(pattern, s []byte, _ bool) bool {
	prefix, rest, _ := strings.Cut(strings.ToLower(string(pattern)), "*")
	return strings.HasPrefix(string(s), prefix) && strings.HasSuffix(string(s), rest)
}

func (o *ownServer) load(t *testing.T, dir, file string, args []string) string {
	o.store = newStore(dir)
	err := o.store.Load(Sources{
		CommandLine: ParseCommandLine(append([]string{file}, args...)),
		Files:       OSFiles{},
		OpenLog:     OSFiles{}.OpenLog,
	})
	var lineError *LineError
	switch {
	case errors.As(err, &lineError):
		return lineError.Report("9.1.0")
	case err != nil:
		return err.Error()
	}
	return "ok"
}

func (o *ownServer) set(words []string) string {
	if err := o.store.Set(context.Background(), words, Caller{Local: func() bool { return true }}); err != nil {
		return err.Error()
	}
	return "OK"
}

func (o *ownServer) get(words []string) []Pair { return o.store.Get(words) }

func (o *ownServer) rewrite() string {
	if err := o.store.Rewrite(OSFiles{}, nil); err != nil {
		return err.Error()
	}
	return "OK"
}

func (o *ownServer) close() {}
