package files

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
	"github.com/kvasirdb/kvasir/test/harness"
)

// program starts servers of one kind.
type program struct {
	name   string
	valkey bool // knows fields that expire, and RDB version 80
	start  func(options ...string) (*harness.Server, error)
}

// programs returns Kvasir and the references that the environment names.
func programs() (kvasir program, references []program) {
	kvasir = program{"kvasir", true, harness.StartNode}
	for product, command := range harness.References() {
		references = append(references, program{product, product == "valkey", func(options ...string) (*harness.Server, error) {
			return harness.StartBinary(command.With(options...))
		}})
	}
	return kvasir, references
}

// server is a running server and a connection to it.
type server struct {
	t    *testing.T
	s    *harness.Server
	conn *client.Conn
}

// run starts a server in a folder.
func (p program) run(t *testing.T, dir string, options ...string) *server {
	t.Helper()
	options = append([]string{"--dir", dir, "--enable-debug-command", "yes"}, options...)
	s := harness.Start(t, func() (*harness.Server, error) { return p.start(options...) })
	conn, err := client.Dial(t.Context(), client.Options{Addr: s.Addr, ReadTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &server{t, s, conn}
}

func (s *server) do(words ...string) client.Value {
	s.t.Helper()
	v, err := s.conn.Do(context.Background(), words...)
	if err == nil {
		err = v.Err()
	}
	if err != nil {
		s.t.Fatalf("%.80s: %v", strings.Join(words, " "), err)
	}
	return v
}

func (s *server) fill(d dataset) {
	for _, words := range d {
		s.do(words...)
	}
}

func (s *server) keys() (keys []string) {
	for _, k := range s.do("KEYS", "*").Elems {
		keys = append(keys, k.Str)
	}
	slices.Sort(keys)
	return keys
}

// picture is what must be the same on both sides.
func (s *server) picture(fields bool) string {
	s.untilLoaded()
	lines := []string{s.do("DEBUG", "DIGEST").Str}
	for _, db := range []string{"0", "5"} {
		s.do("SELECT", db)
		for _, key := range s.keys() {
			lines = append(lines, fmt.Sprintf("%s %.40s %d %s", db, key, s.do("PEXPIRETIME", key).Int, s.do("DEBUG", "DIGEST-VALUE", key).Elems[0].Str))
			if fields && key == "hash:fields" {
				for _, at := range s.do("HPEXPIRETIME", key, "FIELDS", "3", "a", "b", "c").Elems {
					lines = append(lines, fmt.Sprint(at.Int))
				}
			}
		}
	}
	return strings.Join(lines, "\n")
}

// untilLoaded waits for the end of loading.
func (s *server) untilLoaded() {
	for range 6000 {
		if v, err := s.conn.Do(context.Background(), "DBSIZE"); err != nil || !strings.HasPrefix(v.Str, "LOADING") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.t.Fatal("it loads for ever")
}

func (s *server) compare(what, want string, fields bool) {
	s.t.Helper()
	if got := s.picture(fields); got != want {
		a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				s.t.Errorf("%s: %s, want %s", what, a[i], b[i])
			}
		}
		if len(a) != len(b) {
			s.t.Errorf("%s: %d keys, want %d", what, len(a), len(b))
		}
	}
}

// crossings returns who writes and who reads: every reference and Kvasir, both
// ways, or Kvasir for itself.
func crossings() [][2]program {
	kvasir, references := programs()
	pairs := [][2]program{{kvasir, kvasir}}
	for _, r := range references {
		pairs = append(pairs, [2]program{r, kvasir}, [2]program{kvasir, r})
	}
	return pairs
}

// versionFor are the options with which Kvasir writes what a reader knows.
func versionFor(writer, reader program) []string {
	if writer.name == "kvasir" && !reader.valkey {
		return []string{"--rdb-save-version", "10"}
	}
	return nil
}

const library = "#!lua name=mylib\nredis.register_function('f', function() return 1 end)\n"

// TestRDB loads the RDB file of one server in another.
func TestRDB(t *testing.T) {
	for _, c := range crossings() {
		t.Run(c[0].name+" to "+c[1].name, func(t *testing.T) {
			dir := t.TempDir()
			fields := c[0].valkey && c[1].valkey
			w := c[0].run(t, dir, versionFor(c[0], c[1])...)
			w.fill(everything(fields))
			want := w.picture(fields)
			w.do("SAVE")
			c[1].run(t, dir).compare("loaded", want, fields)
		})
	}
}

// TestAOF loads the append-only directory of one server in another: with all
// commands in it, and with a base and some commands behind it.
func TestAOF(t *testing.T) {
	for _, c := range crossings() {
		t.Run(c[0].name+" to "+c[1].name, func(t *testing.T) {
			dir := t.TempDir()
			fields := c[0].valkey && c[1].valkey
			w := c[0].run(t, dir, append(versionFor(c[0], c[1]), "--appendonly", "yes", "--appendfsync", "always")...)
			w.fill(everything(fields))
			copied := t.TempDir()
			copyAOF(t, dir, copied)
			c[1].run(t, copied, "--appendonly", "yes").compare("commands", w.picture(fields), fields)

			w.do("BGREWRITEAOF")
			for i := 0; harness.InfoFields(w.do("INFO", "persistence").Str)["aof_rewrite_in_progress"] != "0"; i++ {
				if i == 6000 {
					t.Fatal("rewriting does not end")
				}
				time.Sleep(10 * time.Millisecond)
			}
			w.do("SET", "behind the base", "x")
			copied = t.TempDir()
			copyAOF(t, dir, copied)
			c[1].run(t, copied, "--appendonly", "yes").compare("base and commands", w.picture(fields), fields)
		})
	}
}

func copyAOF(t *testing.T, from, to string) {
	if err := os.CopyFS(filepath.Join(to, "appendonlydir"), os.DirFS(filepath.Join(from, "appendonlydir"))); err != nil {
		t.Fatal(err)
	}
}

// TestPayloads restores what one server dumps in another.
func TestPayloads(t *testing.T) {
	for _, c := range crossings() {
		t.Run(c[0].name+" to "+c[1].name, func(t *testing.T) {
			fields := c[0].valkey && c[1].valkey
			w := c[0].run(t, t.TempDir(), versionFor(c[0], c[1])...)
			w.fill(everything(fields))
			r := c[1].run(t, t.TempDir())
			for _, db := range []string{"0", "5"} {
				w.do("SELECT", db)
				r.do("SELECT", db)
				for _, key := range w.keys() {
					at := max(0, w.do("PEXPIRETIME", key).Int)
					r.do("RESTORE", key, fmt.Sprint(at), w.do("DUMP", key).Str, "ABSTTL")
				}
			}
			r.compare("restored", w.picture(fields), fields)
		})
	}
}

// TestLibrariesSurvive loads a file with a function library into Kvasir, flushes
// and saves there, and finds the library in the writer again.
func TestLibrariesSurvive(t *testing.T) {
	kvasir, references := programs()
	for _, p := range references {
		t.Run(p.name, func(t *testing.T) {
			dir := t.TempDir()
			w := p.run(t, dir)
			w.do("FUNCTION", "LOAD", library)
			w.do("SAVE")
			k := kvasir.run(t, dir, versionFor(kvasir, p)...)
			k.untilLoaded()
			k.do("FLUSHALL")
			k.do("SAVE")
			r := p.run(t, dir)
			r.untilLoaded()
			if list := r.do("FUNCTION", "LIST"); len(list.Elems) != 1 {
				t.Errorf("%d libraries", len(list.Elems))
			}
		})
	}
}
