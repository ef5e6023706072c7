package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// memFiles is a file system in memory whose failAt-th operation fails.
type memFiles struct {
	files  map[string]string
	failAt int // counts down; 0 never fails
	synced map[string]bool
}

var errBroken = errors.New("broken")

func (m *memFiles) step() error {
	m.failAt--
	if m.failAt == 0 {
		return errBroken
	}
	return nil
}

func (m *memFiles) ReadFile(name string) ([]byte, error) {
	data, ok := m.files[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return []byte(data), m.step()
}

func (m *memFiles) Glob(pattern string) ([]string, error) {
	var names []string
	for name := range m.files {
		if ok, err := path.Match(pattern, name); err != nil {
			return nil, err
		} else if ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

func (m *memFiles) CreateTemp(name string) (TempFile, error) {
	if err := m.step(); err != nil {
		return nil, err
	}
	temp := name + ".temp"
	m.files[temp] = ""
	return &memTemp{m, temp}, nil
}

func (m *memFiles) Rename(source, target string) error {
	if err := m.step(); err != nil {
		return err
	}
	if !m.synced[source] {
		return errors.New("renamed before sync")
	}
	m.files[target] = m.files[source]
	delete(m.files, source)
	return nil
}

func (m *memFiles) Remove(name string) error {
	delete(m.files, name)
	return nil
}

func (m *memFiles) SyncDir(string) error { return m.step() }

type memTemp struct {
	files *memFiles
	name  string
}

func (t *memTemp) Name() string { return t.name }

func (t *memTemp) Write(p []byte) (int, error) {
	if err := t.files.step(); err != nil {
		t.files.files[t.name] = string(p[:len(p)/2])
		return len(p) / 2, err
	}
	t.files.files[t.name] += string(p)
	return len(p), nil
}

func (t *memTemp) Sync() error {
	if err := t.files.step(); err != nil {
		return err
	}
	t.files.synced = map[string]bool{t.name: true}
	return nil
}

func (t *memTemp) Close() error { return t.files.step() }

// loadText loads a file with the given text, and further files.
func loadText(s *Store, text string, more map[string]string) error {
	files := &memFiles{files: map[string]string{"/etc/valkey.conf": text}}
	maps.Copy(files.files, more)
	return s.Load(Sources{CommandLine: CommandLine{File: "/etc/valkey.conf"}, Files: files})
}

// TestRewriteIsAtomic lets each operation of a rewrite fail in turn.
func TestRewriteIsAtomic(t *testing.T) {
	const old = "timeout 1\n"
	for failAt := 1; ; failAt++ {
		s := newStore("/")
		if err := loadText(s, old, nil); err != nil {
			t.Fatal(err)
		}
		files := &memFiles{files: map[string]string{"/etc/valkey.conf": old}, failAt: failAt}
		err := s.Rewrite(files, nil)
		content := files.files["/etc/valkey.conf"]
		whole := content == old || content == s.rewritten(old, nil, false)
		if !whole || len(files.files) != 1 {
			t.Errorf("failure %d: files %q", failAt, files.files)
		}
		if err == nil {
			if failAt <= 6 {
				t.Errorf("only %d operations", failAt-1)
			}
			return
		}
		if err.Error() != "ERR Rewriting config file: Broken" {
			t.Errorf("failure %d: %v", failAt, err)
		}
	}
}

func TestRewriteWithoutFile(t *testing.T) {
	if err := newStore("/").Rewrite(&memFiles{}, nil); err != ErrNoConfigFile {
		t.Error(err)
	}
	// A file that has gone since the start is written anew.
	s := newStore("/")
	if err := loadText(s, "timeout 1\n", nil); err != nil {
		t.Fatal(err)
	}
	files := &memFiles{files: map[string]string{}}
	if err := s.Rewrite(files, nil); err != nil {
		t.Fatal(err)
	}
	if text := files.files["/etc/valkey.conf"]; !strings.HasPrefix(text, rewriteMarker+"\n") || !strings.Contains(text, "\ntimeout 1\n") {
		t.Errorf("new file: %q", text)
	}
}

func TestRewriteOwnedLines(t *testing.T) {
	s := New(Environment{Dir: "/", Sentinel: true})
	old := "user a on\nuser b on\nloadmodule x.so\nsentinel monitor m 1 1 1\nsentinel auth-pass m x\nSENTINEL myid 1\n"
	got := s.rewritten(old, []OptionLines{
		{"user", []string{"user c on"}},
		{"sentinel monitor", []string{"sentinel monitor m 2 2 2", "sentinel monitor n 3 3 3"}},
		{"sentinel myid", nil},
	}, false)
	kept, appended, _ := strings.Cut(got, rewriteMarker)
	want := "user c on\n\nloadmodule x.so\nsentinel monitor m 2 2 2\nsentinel auth-pass m x\n\n"
	if kept != want {
		t.Errorf("kept:\n%s", kept)
	}
	if !strings.HasSuffix(appended, "\nsentinel monitor n 3 3 3\n") || strings.Contains(appended, "save") {
		t.Errorf("appended:\n%s", appended)
	}
}

// TestRewriteAll states every parameter and reads it back.
func TestRewriteAll(t *testing.T) {
	s := newStore("/")
	if err := loadText(s, "", nil); err != nil {
		t.Fatal(err)
	}
	files := &memFiles{files: map[string]string{}}
	if err := s.RewriteAll(files, nil); err != nil {
		t.Fatal(err)
	}
	text := files.files["/etc/valkey.conf"]
	again := newStore("/")
	if err := loadText(again, text, nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.Get(allNames()), again.Get(allNames())); diff != "" {
		t.Error(diff)
	}
	for _, p := range s.All() {
		def := p.Definition()
		if !def.Flags.Has(emptyUnset) && def.Type != TypeSpecial && !strings.Contains(text, "\n"+def.Name+" ") {
			t.Errorf("%s is not stated", def.Name)
		}
	}
}

func TestErrorPositions(t *testing.T) {
	more := map[string]string{
		"/d/a.conf": "hz 5\n",
		"/d/b.conf": "\n# comment\nhz x\n",
		"/loop":     "include /loop\n",
		"/broken":   "timeout 1\nnosuch\n",
	}
	for _, test := range []struct {
		text string
		want any
	}{
		{"timeout 1\n  hz y \n", &LineError{"/etc/valkey.conf", 2, "hz y", "argument couldn't be parsed into an integer"}},
		{"include /d/*.conf\n", &LineError{"/d/b.conf", 4, "hz x", "argument couldn't be parsed into an integer"}},
		{"include /broken\n", &LineError{"/broken", 2, "nosuch", "Bad directive or wrong number of arguments"}},
		{"include /loop\n", &LineError{"/loop", 1, "include /loop", "Too many nested include directives"}},
		{"dir /d\ninclude c\n", &OpenError{"c", &fs.PathError{Op: "open", Path: "/d/c", Err: fs.ErrNotExist}}},
	} {
		err := loadText(New(Environment{Dir: "/"}), test.text, more)
		if !reflect.DeepEqual(test.want, any(err)) {
			t.Errorf("%q: %#v, want %#v", test.text, err, test.want)
		}
	}
}

func TestErrorSources(t *testing.T) {
	load := func(c CommandLine, stdin string) error {
		return newStore("/").Load(Sources{
			CommandLine: c,
			Files:       &memFiles{files: map[string]string{"/f": "timeout 1\n"}},
			Stdin:       strings.NewReader(stdin),
		})
	}
	var e *LineError
	if err := load(CommandLine{File: "/f", Stdin: true, Options: "hz x"}, "port 1\n"); !errors.As(err, &e) || e.File != "" || e.Line != 4 {
		t.Errorf("command line: %+v", e)
	}
	if err := load(CommandLine{File: "/f", Stdin: true}, "hz x"); !errors.As(err, &e) || e.File != "stdin" || e.Line != 2 {
		t.Errorf("standard input: %+v", e)
	}
	if err := load(CommandLine{File: "/f", Stdin: true, Options: "hz 9"}, "hz 3"); err != nil {
		t.Error(err)
	}
}

func TestDirectives(t *testing.T) {
	text := "rename-command FLUSHALL \"\"\nUSER bob on >x\nloadmodule /m.so a b\nmod.Opt a \"b c\"\nsentinel monitor m 1 2 3\n"
	var seen []Directive
	load := func(fail string) error {
		s := New(Environment{Dir: "/", Sentinel: true})
		seen = nil
		return s.Load(Sources{
			CommandLine: CommandLine{Options: text},
			Directive: func(d Directive) error {
				seen = append(seen, d)
				if d.Name == fail {
					return fmt.Errorf("No such command in %s", d.Name)
				}
				return nil
			},
		})
	}
	if err := load(""); err != nil {
		t.Fatal(err)
	}
	want := []Directive{
		{"rename-command", []string{"FLUSHALL", ""}, 2, `rename-command FLUSHALL ""`},
		{"user", []string{"bob", "on", ">x"}, 3, "USER bob on >x"},
		{"loadmodule", []string{"/m.so", "a", "b"}, 4, "loadmodule /m.so a b"},
		{"mod.opt", []string{"a b c"}, 5, `mod.Opt a "b c"`},
		{"sentinel", []string{"monitor", "m", "1", "2", "3"}, 6, "sentinel monitor m 1 2 3"},
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
	var e *LineError
	if err := load("rename-command"); !errors.As(err, &e) || e.Report("9.1.0") != "\n*** FATAL CONFIG FILE ERROR (Version 9.1.0) ***\n"+
		"Reading the configuration file, at line 2\n>>> 'rename-command FLUSHALL \"\"'\nNo such command in rename-command\n" {
		t.Errorf("%+v", err)
	}
}

// FuzzSplitArgs checks that what Quote writes SplitArgs reads.
func FuzzSplitArgs(f *testing.F) {
	for _, seed := range []string{"", "a b", `"a\x41\n" 'it\'s'`, `a"b"c`, `"`, `'\`, "\"\\x4", "\v a\x00b", `"\"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if args, ok := SplitArgs(Quote(line) + " " + Quote(line)); !ok || !slices.Equal(args, []string{line, line}) {
			t.Fatalf("Quote(%q) reads as %q", line, args)
		}
		args, ok := SplitArgs(line)
		if !ok {
			return
		}
		var quoted []string
		for _, arg := range args {
			quoted = append(quoted, Quote(arg))
		}
		if again, ok := SplitArgs(strings.Join(quoted, "\t")); !ok || !slices.Equal(args, again) {
			t.Fatalf("%q: %q then %q", line, args, again)
		}
	})
}

// FuzzFile loads any text; what loads must survive a rewrite: the rewritten
// file gives the same values, and rewriting it changes nothing.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		"",
		"# c\n\n\ntimeout 5\nsave 1 1\nsave 2 2\n\nmaxmemory 1gb",
		"save \"\"\nsave 5 5\nbind a 'b c'\nbind \"\\\"a b\\\"\"\nunixsocket \"x\\x00\\xff\"",
		"slave-priority 1\nreplica-priority 2\nclient-output-buffer-limit slave 1 2 3\nclient-output-buffer-limit normal 1kb 2 3",
		"maxmemory-clients 5%\nslot-migration-max-failover-repl-bytes -1\nunixsocketperm 777\nshutdown-on-sigterm now force",
		"latency-tracking-info-percentiles 0.1234567 100\nnotify-keyspace-events mnA\ndir x\nreplicaof 'a b' 1",
		"rename-command a b\nuser x on\nfoo.bar 1\nlist-max-ziplist-entries 1\n# Generated by CONFIG REWRITE\nhz 1000",
		"primaryauth \"\"\nlogfile ''\noom-score-adj-values \"1 2 3\"\nnotify-keyspace-events \"\"\nlatency-tracking-info-percentiles \"\"",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) { checkRewrite(t, text) })
}
