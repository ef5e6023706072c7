package conformance

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/test/harness"
)

// patterns find the scripts.
var patterns = []string{
	"testdata/*.test",
	"../../internal/*/testdata/*.test",
	"../../internal/*/*/testdata/*.test",
}

func TestKvasir(t *testing.T) {
	// One protocol each with one loop and with several, so that scripts with
	// several clients cross loops.
	for _, threads := range []string{"1", "2"} {
		for _, protocol := range []int{2, 3} {
			t.Run(fmt.Sprintf("threads=%s/resp%d", threads, protocol), func(t *testing.T) {
				eachScript(t, func(t *testing.T, s *script) {
					verify(t, s, protocol, func() (*harness.Server, error) {
						return harness.StartNode(append([]string{"--io-threads", threads}, s.options...)...)
					})
				})
			})
		}
	}
}

func TestReferences(t *testing.T) {
	references := harness.References()
	for _, product := range slices.Sorted(maps.Keys(references)) {
		for _, protocol := range []int{2, 3} {
			t.Run(fmt.Sprintf("%s/resp%d", product, protocol), func(t *testing.T) {
				eachScript(t, func(t *testing.T, s *script) {
					verify(t, s, protocol, func() (*harness.Server, error) {
						return harness.StartBinary(references[product].With(s.options...))
					})
				})
			})
		}
	}
}

// eachScript calls f for every script, as a subtest.
func eachScript(t *testing.T, f func(*testing.T, *script)) {
	var paths []string
	for _, p := range patterns {
		found, err := filepath.Glob(p)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	if len(paths) == 0 {
		t.Fatal("no scripts")
	}
	for _, path := range paths {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(path), "../../internal/"), ".test")
		t.Run(strings.Replace(name, "testdata/", "", 1), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s, err := parse(path, string(text))
			if err != nil {
				t.Fatal(err)
			}
			f(t, s)
		})
	}
}

// verify plays a script to a new server and compares the replies.
func verify(t *testing.T, s *script, protocol int, start func() (*harness.Server, error)) {
	r := newRunner(harness.Start(t, start), protocol)
	defer r.close()
	for i := range s.steps {
		st := &s.steps[i]
		if r.left(st) {
			continue
		}
		got, err := r.play(st)
		if err == nil && r.compared(st) {
			err = r.check(st, got)
		}
		if err != nil {
			t.Errorf("%s:%d: %s\n    %v", s.path, st.line, s.lines[st.line-1], err)
		}
		if err != nil && len(got) == 0 {
			return // the connection is out of step
		}
	}
}
