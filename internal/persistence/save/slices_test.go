package save_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/commands/hashcmd"
	"github.com/kvasirdb/kvasir/internal/commands/listcmd"
	"github.com/kvasirdb/kvasir/internal/commands/setcmd"
	"github.com/kvasirdb/kvasir/internal/commands/streamcmd"
	"github.com/kvasirdb/kvasir/internal/commands/stringcmd"
	"github.com/kvasirdb/kvasir/internal/commands/zsetcmd"
	"github.com/kvasirdb/kvasir/internal/debugcmd"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/persistence/save"
	"github.com/kvasirdb/kvasir/internal/platform/vfs"
)

// newSaver returns a server with all types, and its Saver.
func newSaver(t testing.TB) (*cmdtest.Server, *save.Saver) {
	s := cmdtest.New(t, debugcmd.Commands(debugcmd.Deps{}), stringcmd.Commands(stringcmd.Deps{MaxBulkBytes: func() int64 { return 512 << 20 }}),
		listcmd.Commands(), setcmd.Commands(), hashcmd.Commands(), zsetcmd.Commands(), streamcmd.Commands())
	return s, save.New(save.Deps{
		Space: s.Space, FS: vfs.OS{}, Log: silent{}, Limits: s.Engine.Limits, UsedMemory: s.Pool.Used,
		Now:      func() time.Time { return time.UnixMilli(s.Now()) },
		Settings: func() save.Settings { return save.Settings{Checksum: true, LoadSlice: 4 << 10, Version: "9.0.2"} },
		Changes:  func() int64 { return s.Engine.KeyStats().Dirty }, ArmErrors: func(bool) {}, Rewriting: func() bool { return false },
	})
}

// many runs a command with n elements of words each, a few hundred at a time.
func many(s *cmdtest.Server, n int, command string, element func(i int) []string) {
	for from := 0; from < n; from += 500 {
		words := strings.Fields(command)
		for i := from; i < min(n, from+500); i++ {
			words = append(words, element(i)...)
		}
		s.Do(words...)
	}
}

// TestLargeValuesWhileClientsWrite saves large values of all types while a client
// changes them at random moments, and compares the digest of what was saved with
// that of the instant.
func TestLargeValuesWhileClientsWrite(t *testing.T) {
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 1))
		s, saver := newSaver(t)
		many(s, 4000, "SADD set", func(i int) []string { return []string{fmt.Sprint("member:", i)} })
		many(s, 4000, "HSET hash", func(i int) []string { return []string{fmt.Sprint("field:", i), fmt.Sprint("value:", i)} })
		many(s, 4000, "ZADD zset", func(i int) []string { return []string{fmt.Sprint(i % 100), fmt.Sprint("member:", i)} })
		many(s, 20000, "RPUSH list", func(i int) []string { return []string{fmt.Sprint("element number ", i)} })
		for i := range 2000 {
			s.Do("XADD", "stream", fmt.Sprint(i+1, "-0"), "field", fmt.Sprint("value ", i))
		}
		s.Do("XGROUP", "CREATE", "stream", "group", "0")
		s.Do("XREADGROUP", "GROUP", "group", "consumer", "COUNT", "1500", "STREAMS", "stream", ">")
		s.Do("SET", "long", strings.Repeat("long string", 1<<18))
		for i := range 200 {
			s.Do("SET", fmt.Sprint("key:", i), fmt.Sprint(i))
		}
		want := s.Do("DEBUG", "DIGEST")
		var file bytes.Buffer
		ended := make(chan error, 1)
		s.Exec.Do(func() {
			if _, err := saver.StartBase(&file, false, func(err error) { ended <- err }); err != nil {
				t.Error(err)
			}
		})
		changes := []string{"SADD set x", "SREM set member:7", "HSET hash field:9 x", "ZADD zset 1 x", "LPUSH list x", "RPOP list 3",
			"XADD stream * a b", "XACK stream group 5-0", "SET key:%d x", "GET key:%d",
			"SETRANGE long 2000000 x", "APPEND long x", "EXPIRE long 1000", "GETRANGE long 0 9", "SISMEMBER set x", "LRANGE list 0 3"}
		for running := true; running; {
			select {
			case err := <-ended:
				if running = false; err != nil {
					t.Fatal(err)
				}
			default:
				c := changes[rng.IntN(len(changes))]
				if rng.IntN(4) > 0 {
					c = "SET key:%d y" // large values are left alone for a while
				}
				s.Do(strings.Fields(strings.ReplaceAll(c, "%d", fmt.Sprint(rng.IntN(200))))...)
			}
		}
		other, loader := newSaver(t)
		other.Exec.Do(func() { load(t, loader, other.Exec.Worker(), file.Bytes()) })
		if got := other.Do("DEBUG", "DIGEST"); got != want {
			t.Errorf("seed %d: digest %s, want %s", seed, got, want)
		}
	}
}

// TestBaseOfCommands writes a base of commands in the background: it has no head, so
// that its first bytes are those of a key.
func TestBaseOfCommands(t *testing.T) {
	s, saver := newSaver(t)
	for i := range 1000 {
		s.Do("SET", fmt.Sprint("key:", i), strings.Repeat("x", i))
	}
	var file bytes.Buffer
	ended := make(chan error, 1)
	s.Exec.Do(func() {
		if _, err := saver.StartBase(&file, true, func(err error) { ended <- err }); err != nil {
			t.Error(err)
		}
	})
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(file.Bytes(), []byte("$3\r\nSET\r\n")); n != 1000 {
		t.Errorf("%d of 1000 keys", n)
	}
}

func load(t *testing.T, saver *save.Saver, w *keyspace.Worker, file []byte) {
	b, err := saver.OpenBase(w, bytes.NewReader(file))
	for done := false; !done && err == nil; {
		done, err = b.Step()
	}
	if err != nil {
		t.Error(err)
	}
}
