package save_test

import (
	"os"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/debugcmd"
	"github.com/kvasirdb/kvasir/internal/persistence/save"
	"github.com/kvasirdb/kvasir/internal/platform/vfs"
)

type silent struct{}

func (silent) Noticef(string, ...any)  {}
func (silent) Warningf(string, ...any) {}

// TestFilesOfOthers loads files that other servers wrote and compares the
// digest of all keys, again after saving and loading them.
func TestFilesOfOthers(t *testing.T) {
	for file, digest := range map[string]string{
		"valkey-9.1.rdb": "d543d966f9bc3456d556c51ab00637731b33eada",
		"redis-7.0.rdb":  "498854776ee6f5f26b59e0d49e9a33d5eaed72e1",
	} {
		s := cmdtest.New(t, debugcmd.Commands(debugcmd.Deps{}))
		settings := save.Settings{Dir: "testdata", Filename: file, Checksum: true, LoadSlice: 4 << 10, Version: "9.0.2"}
		saver := save.New(save.Deps{
			Space: s.Space, FS: vfs.OS{}, Log: silent{}, Limits: s.Engine.Limits, UsedMemory: s.Pool.Used, PID: os.Getpid(),
			Now:      func() time.Time { return time.UnixMilli(s.Now()) },
			Settings: func() save.Settings { return settings },
			Changes:  func() int64 { return s.Engine.KeyStats().Dirty }, ArmErrors: func(bool) {}, Rewriting: func() bool { return false },
		})
		if err := saver.LoadAtStart(); err != nil {
			t.Fatal(file, err)
		}
		for _, round := range []string{"loaded", "saved and loaded"} {
			if got := s.Do("DEBUG", "DIGEST"); got != digest {
				t.Errorf("%s, %s: digest %s, want %s", file, round, got, digest)
			}
			settings.Dir = t.TempDir()
			s.Exec.Do(func() {
				tx := s.Exec.Worker().Begin(0, s.Now())
				if err := saver.SaveNow(tx); err != nil {
					t.Error(err)
				}
				if err := saver.Reload(tx, true, false); err != nil {
					t.Error(err)
				}
			})
		}
		s.Exec.Do(func() { flush(s) })
	}
}

func flush(s *cmdtest.Server) {
	for db := range s.Space.Databases() {
		s.Exec.Worker().Flush(db, false)
	}
}
