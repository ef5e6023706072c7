package aof

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/platform/vfs"
)

func contents(t *testing.T, fsys vfs.FS, name string) string {
	t.Helper()
	text, err := readFile(fsys, name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A rewrite lets the journal go on in a new file while the one before is not
// durable. Until it is, nothing is written to the new one: a power failure may
// tear the old one, and then nothing must follow.
func TestNewFileWaitsForOldOne(t *testing.T) {
	for _, policy := range []Policy{EverySecond, Never} {
		mem := vfs.NewMem(func() time.Time { return time.Unix(1000, 0) })
		release := make(chan struct{})
		holding := false
		disk := vfs.NewFaulty(mem, func(c vfs.Call) *vfs.Fault {
			if holding && c.Op == "sync" && strings.HasSuffix(c.Path, ".1.incr.aof") {
				<-release
			}
			return nil
		})
		s := newStore(disk, policy)
		if err := s.start(); err != nil {
			t.Fatal(err)
		}
		prefixes := []map[string]string{{}}
		write := func(value string) {
			if !s.set(value, "a", "b") {
				t.Fatal("the file has failed")
			}
			prefixes = append(prefixes, maps.Clone(s.keys))
		}
		write("1")
		write("2")
		// What was written is synced first; this comes behind that.
		s.instant = func() {
			holding = true
			write("3")
		}
		if !s.begin() {
			t.Fatal("no rewrite has begun")
		}
		write("4")
		if text := contents(t, mem, "dir/aof.2.incr.aof"); text != "" {
			t.Errorf("the new file holds %q before the old one is durable", text)
		}
		for seed := range uint64(200) {
			next := newStore(mem.ImageInOrder(seed), policy)
			if err := next.start(); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			found := false
			for _, p := range prefixes {
				found = found || maps.Equal(p, next.keys)
			}
			if !found {
				t.Fatalf("seed %d: %v was never the state", seed, next.keys)
			}
			next.Close()
		}
		close(release)
		s.endBase()
		s.jobs.Wait()
		if text := contents(t, mem, "dir/aof.2.incr.aof"); !strings.Contains(text, "\r\n4\r\n") {
			t.Errorf("the new file holds %q when the old one is durable", text)
		}
		s.Close()
	}
}

// A file whose end is missing may be followed by empty files, not by others.
func TestTruncatedFileBeforeOthers(t *testing.T) {
	for second, loads := range map[string]bool{"": true, "*1\r\n$4\r\nPING\r\n": false} {
		mem := vfs.NewMem(func() time.Time { return time.Unix(1000, 0) })
		if err := mem.MkdirAll("dir", 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{
			"aof.manifest":   "file aof.1.incr.aof seq 1 type i\nfile aof.2.incr.aof seq 2 type i\n",
			"aof.1.incr.aof": "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n*3\r\n$3\r\nSE",
			"aof.2.incr.aof": second,
		} {
			f, err := mem.Create("dir/" + name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		s := newStore(mem, Always)
		if err := s.start(); (err == nil) != loads {
			t.Errorf("followed by %q: %v", second, err)
		}
		if loads && s.keys["a"] != "1" {
			t.Errorf("the keys are %v", s.keys)
		}
		s.Close()
	}
}
