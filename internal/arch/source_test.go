package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "github.com/kvasirdb/kvasir/"
)

// source is one Go file of the module.
type source struct {
	path  string // from the root, with slashes
	pkg   string // its folder
	fset  *token.FileSet
	file  *ast.File
	lines int
}

// isTest reports whether the file is for tests only: a test file, or any file
// of a package that exists for tests, which is named so.
func (s source) isTest() bool {
	return strings.HasSuffix(s.path, "_test.go") || strings.HasSuffix(s.pkg, "test") || under(s.pkg, "test")
}

// at returns the place of a node.
func (s source) at(n ast.Node) string {
	return s.path + ":" + strconv.Itoa(s.fset.Position(n.Pos()).Line)
}

// imports returns the packages of this module that the file imports, and the
// paths of all other packages.
func (s source) imports() (own, foreign []string) {
	for _, spec := range s.file.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		if inside, ok := strings.CutPrefix(name, module); ok {
			own = append(own, inside)
		} else {
			foreign = append(foreign, name)
		}
	}
	return own, foreign
}

// under reports whether a package is the named one or below it.
func under(pkg, name string) bool { return pkg == name || strings.HasPrefix(pkg, name+"/") }

// sources parses every Go file of the module, whatever its build constraints.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := entry.Name()
		if entry.IsDir() && name != root && (base == "testdata" || base == "node_modules" || base == "bin" || strings.HasPrefix(base, ".")) {
			return filepath.SkipDir
		}
		if entry.IsDir() || filepath.Ext(base) != ".go" {
			return nil
		}
		s := source{path: filepath.ToSlash(strings.TrimPrefix(name, root+string(filepath.Separator))), fset: token.NewFileSet()}
		s.pkg = path.Dir(s.path)
		if s.file, err = parser.ParseFile(s.fset, name, nil, parser.ParseComments); err != nil {
			return err
		}
		s.lines = s.fset.File(s.file.Pos()).LineCount()
		all = append(all, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no source found")
	}
	return all
}
