package telemetry_test

import (
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/node"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/platform/glob"
	"github.com/kvasirdb/kvasir/internal/platform/serverlog"
)

// own are the fields that Valkey does not have.
var own = []string{"kvasir_version", "go_version", "used_memory_go_heap"}

// variable are fields of which there is one per listener, command, error …
var variable = regexp.MustCompile(`^(listener\d|cmdstat_|errorstat_|latency_percentiles_usec_|engine_\d|module$|db\d)`)

func newNode(t *testing.T) *node.Node {
	t.Helper()
	cfg := config.New(config.Environment{Dir: t.TempDir(), Match: glob.Match})
	n, err := node.New(node.Options{Config: cfg, Log: serverlog.New(io.Discard, time.Now), Clock: clock.NewSystem()})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// names returns the headings and field names of an INFO text.
func names(text string) (all []string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		name, _, _ := strings.Cut(line, ":")
		if name != "" && !variable.MatchString(name) {
			all = append(all, name)
		}
	}
	return all
}

// TestFieldsAreValkeys compares with testdata/info.txt: the sections and
// fields of Valkey 9.1, in its order, as an idle server shows them.
func TestFieldsAreValkeys(t *testing.T) {
	n := newNode(t)
	want, err := os.ReadFile("testdata/info.txt")
	if err != nil {
		t.Fatal(err)
	}
	got := names(string(n.Telemetry.Info.Render([]string{"everything", "debug"})))
	got = slices.DeleteFunc(got, func(name string) bool { return slices.Contains(own, name) })
	expected := names(string(want))
	for i := range max(len(got), len(expected)) {
		if i >= len(got) || i >= len(expected) || got[i] != expected[i] {
			t.Fatalf("line %d: got %q, want %q", i, got[min(i, len(got)):min(i+3, len(got))], expected[min(i, len(expected)):min(i+3, len(expected))])
		}
	}
}

// TestProvidedFieldsExist: every field that a part of the server provides is
// one that INFO has.
func TestProvidedFieldsExist(t *testing.T) {
	if unused := newNode(t).Telemetry.Info.Unused(); len(unused) > 0 {
		t.Errorf("no section shows %v", unused)
	}
}
