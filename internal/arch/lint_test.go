package arch

import (
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// fileLinesMax is the longest that a file may be.
const fileLinesMax = 1500

// deterministic are the packages into which time, chance and files come from
// outside only, so that a seed replays whatever happens in them.
var deterministic = []string{
	"internal/encoding", "internal/datatype", "internal/keyspace", "internal/resp", "internal/session",
	"internal/command", "internal/commands", "internal/engine", "internal/acl", "internal/pubsub",
	"internal/tracking", "internal/blocking", "internal/txn", "internal/script", "internal/lua",
	"internal/persistence", "internal/replication", "internal/cluster", "internal/sentinel",
}

// outside are the functions that reach past the arguments.
var outside = map[string][]string{
	"time":         {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"},
	"os":           {"Open", "OpenFile", "Create", "CreateTemp", "ReadFile", "WriteFile", "Rename", "Remove", "RemoveAll", "Mkdir", "MkdirAll", "ReadDir", "Stat"},
	"math/rand":    nil, // all of it
	"math/rand/v2": {"Int", "IntN", "Int64", "Int64N", "Uint32", "Uint64", "Uint64N", "Float64", "Perm", "Shuffle", "N"},
}

// edge are packages below deterministic ones that exist to do input and output,
// or to run beside everything else.
var edge = []string{"internal/replication/link", "internal/sentinel/link", "internal/cluster/bus",
	"internal/keyspace/expire", "internal/keyspace/evict", "internal/keyspace/trim", "internal/persistence/rdb/checkrdb"}

// seeding are files that draw the seed of a hash function, which nobody outside
// may be able to guess.
var seeding = []string{"internal/datatype/hash/large.go", "internal/datatype/set/set.go", "internal/datatype/zset/large.go"}

func TestDeterminism(t *testing.T) {
	for _, s := range sources(t) {
		within := func(name string) bool { return under(s.pkg, name) }
		if s.isTest() || !slices.ContainsFunc(deterministic, within) || slices.ContainsFunc(edge, within) {
			continue
		}
		for call, node := range selectors(s) {
			for pkg, names := range outside {
				if pkg == "math/rand/v2" && slices.Contains(seeding, s.path) {
					continue
				}
				if call.pkg == pkg && (names == nil || slices.Contains(names, call.name)) {
					t.Errorf("%s: %s.%s reaches outside; take a clock, a source of chance or a file system", s.at(node), path.Base(pkg), call.name)
				}
			}
		}
	}
}

func TestOnlyProgramsExit(t *testing.T) {
	for _, s := range sources(t) {
		if under(s.pkg, "cmd") || under(s.pkg, "test") && s.file.Name.Name == "main" {
			continue
		}
		for call, node := range selectors(s) {
			if call.pkg == "os" && call.name == "Exit" || call.pkg == "log" && strings.HasPrefix(call.name, "Fatal") {
				t.Errorf("%s: %s.%s ends the program; return an error", s.at(node), call.pkg, call.name)
			}
		}
	}
}

func TestNothingRegistersItself(t *testing.T) {
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: an init function; let the node connect it", s.at(f))
			}
		}
	}
}

var leftover = regexp.MustCompile(`\b(` + `FIX` + `ME|TO` + `DO|XX` + `X|HA` + `CK)\b`)

func TestNothingIsLeftToDo(t *testing.T) {
	for _, s := range sources(t) {
		for _, group := range s.file.Comments {
			for _, c := range group.List {
				if word := leftover.FindString(c.Text); word != "" {
					t.Errorf("%s: a comment says %s", s.at(c), word)
				}
			}
		}
	}
}

func TestTestsAreNotSkipped(t *testing.T) {
	for _, s := range sources(t) {
		if !s.isTest() {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, sel.Sel.Name) {
				if _, isName := sel.X.(*ast.Ident); isName {
					t.Errorf("%s: a skipped test tests nothing", s.at(sel))
				}
			}
			return true
		})
	}
}

func TestPackagesAreExplained(t *testing.T) {
	explained := make(map[string]bool)
	for _, s := range sources(t) {
		if strings.HasSuffix(s.path, "_test.go") {
			continue
		}
		text := s.file.Doc.Text()
		opening := "Package " + s.file.Name.Name + " "
		if s.file.Name.Name == "main" {
			opening = "Command "
		}
		explained[s.pkg] = explained[s.pkg] || strings.HasPrefix(text, opening)
	}
	for pkg, ok := range explained {
		if !ok {
			t.Errorf("%s: no package comment", pkg)
		}
	}
}

func TestFilesAreReadable(t *testing.T) {
	for _, s := range sources(t) {
		if s.lines > fileLinesMax {
			t.Errorf("%s: %d lines; more than one idea", s.path, s.lines)
		}
	}
}

func TestPackagesAreNamedForWhatTheyOwn(t *testing.T) {
	for _, s := range sources(t) {
		if slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "misc", "shared"}, s.file.Name.Name) {
			t.Errorf("%s: the name %s says nothing", s.path, s.file.Name.Name)
		}
	}
}

// selector is a use of an imported package's name.
type selector struct{ pkg, name string }

// selectors lists the uses of imported names in a file.
func selectors(s source) func(yield func(selector, ast.Node) bool) {
	names := make(map[string]string)
	for _, spec := range s.file.Imports {
		full := strings.Trim(spec.Path.Value, `"`)
		name := path.Base(full)
		if name == "v2" {
			name = path.Base(path.Dir(full))
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = full
	}
	return func(yield func(selector, ast.Node) bool) {
		more := true
		ast.Inspect(s.file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && more {
				if id, ok := sel.X.(*ast.Ident); ok && names[id.Name] != "" {
					more = yield(selector{names[id.Name], sel.Sel.Name}, sel)
				}
			}
			return more
		})
	}
}
