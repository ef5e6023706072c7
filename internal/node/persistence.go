package node

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/commands/dumpcmd"
	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/debugcmd"
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/persistence/rdb"
	"github.com/kvasirdb/kvasir/internal/persistence/rdb/checkrdb"
	"github.com/kvasirdb/kvasir/internal/persistence/save"
	"github.com/kvasirdb/kvasir/internal/session"
	"github.com/kvasirdb/kvasir/internal/telemetry/info"
)

// persistenceGates are the gates of saving and loading.
type persistenceGates struct{ loading, errors, wait engine.GateID }

// dumpCommands are the commands that carry single values between servers.
func (n *Node) dumpCommands() []command.Spec {
	p := &n.Config.Params
	return dumpcmd.Commands(dumpcmd.Deps{
		Compress:        p.RDBCompression.Load,
		Version:         n.writtenVersion,
		AnyVersion:      n.acceptsAnyVersion,
		SkipChecksum:    n.debug.checksumSkipped.Load,
		CountsFrequency: n.countsFrequency,
		Refused:         func(err error) { n.Log.Warningf("RESTORE: %v", err) },
	})
}

// writtenVersion is the RDB version of files and payloads (rdb-save-version).
func (n *Node) writtenVersion() int {
	return rdb.WritableVersion(int(n.Config.Params.RDBSaveVersion.Load()))
}

// acceptsAnyVersion reports whether RDB data of unknown versions is read.
func (n *Node) acceptsAnyVersion() bool {
	return n.Config.Params.RDBVersionCheck.Load() != config.RDBVersionStrict
}

func (n *Node) newSaver() *save.Saver {
	return save.New(save.Deps{
		Space:      n.Space,
		FS:         n.options.FS,
		Now:        n.Clock.Now,
		Delay:      delay,
		Log:        n.Log,
		Settings:   n.saveSettings,
		Limits:     func() *value.Limits { return n.Engine.Limits() },
		UsedMemory: n.Pool.Used,
		Changes:    func() int64 { return n.Engine.KeyStats().Dirty },
		ArmErrors:  func(on bool) { n.Engine.Arm(n.persistence.errors, on) },
		Rewriting:  func() bool { return n.AOF.Rewriting() },
		PID:        os.Getpid(),
		Check: func(path string) string {
			var report strings.Builder
			checkrdb.Main([]string{path}, &report, &report, ValkeyVersion, n.Clock.Now())
			return report.String()
		},
		Waits: save.Waits{
			Arm:       func(on bool) { n.Engine.Arm(n.persistence.wait, on) },
			Worker:    func(c *command.Ctx) *keyspace.Worker { return c.Server.(*engine.Executor).Worker() },
			Queued:    n.queued,
			Postponed: func(c *session.Client) { n.Server.Snapshots.Enter(c) },
			Resume:    func() { n.Server.Snapshots.Empty() },
		},
	})
}

func (n *Node) saveSettings() save.Settings {
	p := &n.Config.Params
	o := save.Settings{
		Dir:          p.Dir.Load(),
		Filename:     p.DBFilename.Load(),
		Compress:     p.RDBCompression.Load(),
		Checksum:     p.RDBChecksum.Load(),
		Incremental:  p.RDBSaveIncrementalFsync.Load(),
		AnyVersion:   n.acceptsAnyVersion(),
		StopWrites:   p.StopWritesOnBGSaveError.Load(),
		KeyDelay:     time.Duration(p.RDBKeySaveDelay.Load()) * time.Microsecond,
		LoadKeyDelay: time.Duration(p.KeyLoadDelay.Load()) * time.Microsecond,
		LoadSlice:    p.LoadingProcessEventsIntervalBytes.Load(),
		Version:      ValkeyVersion,

		FormatVersion: n.writtenVersion(),
	}
	switch p.MaxMemoryPolicy.Load() {
	case config.VolatileLRU, config.AllKeysLRU:
		o.LRU = true
	case config.VolatileLFU, config.AllKeysLFU:
		o.LFU = true
	}
	for _, point := range p.Save.Load() {
		o.Points = append(o.Points, save.Point{Seconds: point.Seconds, Changes: int64(point.Changes)})
	}
	return o
}

// addPersistenceGates adds what keeps commands out while keys are loaded and
// while they cannot be saved.
func (n *Node) addPersistenceGates() {
	n.persistence.loading = n.Engine.AddGate(command.Gate{Name: "loading", Check: func(c *command.Ctx) command.Verdict {
		if c.Replaying() || c.Cmd.Flags&command.Loading != 0 {
			return command.Pass()
		}
		return command.Refuse("LOADING Valkey is loading the dataset in memory")
	}})
	n.persistence.errors = n.Engine.AddGate(n.Saver.Gate())
	n.appendOnly.gate = n.Engine.AddGate(n.AOF.Gate())
}

// load loads the keys that were saved, and then calls ready. A small file is
// loaded at once; during a large one the server answers already.
func (n *Node) load(ready func()) error {
	if n.Config.Params.AppendOnly.Load() {
		return n.loadAppendOnly(ready)
	}
	o := n.saveSettings()
	file, err := n.options.FS.Stat(filepath.Join(o.Dir, o.Filename))
	if err == nil && (file.Size() > o.LoadSlice || o.LoadKeyDelay > 0) {
		n.Engine.Arm(n.persistence.loading, true)
		n.loader.Go(func() {
			if n.Saver.LoadAtStart() != nil {
				n.fail()
				return
			}
			n.Engine.Arm(n.persistence.loading, false)
			ready()
		})
		return nil
	}
	if err := n.Saver.LoadAtStart(); err != nil {
		return err
	}
	ready()
	return nil
}

// snapshotDue takes care of the append-only file, for which nothing has to stand
// still, and reports whether startDueSnapshots has anything to do.
func (n *Node) snapshotDue() bool {
	_, changes := n.Engine.Progress()
	return n.AOF.Keep() || n.Saver.Due(changes)
}

// startDueSnapshots starts the rewrite or save that is due; only one runs at a
// time. A rewrite that was asked for comes first, since writes may wait for it to
// be durable; then save points, the growth of the append-only file, and last a
// save that BGSAVE has scheduled. Exclusive mode.
func (n *Node) startDueSnapshots() {
	n.AOF.StartScheduled()
	n.Saver.Tick()
	n.AOF.Tick()
	n.Saver.StartScheduled()
}

// writePersistence writes the section of INFO.
func (n *Node) writePersistence(f *info.Fields) {
	s := n.Saver.Status()
	f.Bool("loading", s.Loading != nil)
	f.Int("async_loading", 0)
	f.Int("current_cow_peak", 0)
	f.Int("current_cow_size", 0)
	f.Int("current_cow_size_age", 0)
	progress := 0.0
	if s.KeysTotal > 0 {
		progress = 100 * float64(s.KeysDone) / float64(s.KeysTotal)
	}
	f.Fixed("current_fork_perc", progress, 2)
	f.Int("current_save_keys_processed", s.KeysDone)
	f.Int("current_save_keys_total", s.KeysTotal)
	f.Int("rdb_changes_since_last_save", s.Changes)
	f.Bool("rdb_bgsave_in_progress", s.InProgress)
	f.Int("rdb_last_save_time", s.LastSave.Unix())
	f.Text("rdb_last_bgsave_status", okOrErr(!s.Failed))
	f.Int("rdb_last_bgsave_time_sec", int64(s.LastTook/time.Second))
	f.Int("rdb_current_bgsave_time_sec", int64(s.Running/time.Second))
	f.Int("rdb_saves", s.Saves)
	f.Int("rdb_last_cow_size", 0)
	f.Int("rdb_last_load_keys_expired", s.LastLoaded.Expired)
	f.Int("rdb_last_load_keys_loaded", s.LastLoaded.Keys)
	n.writeAppendOnly(f)
	f.Int("module_fork_in_progress", 0)
	f.Int("module_fork_last_cow_size", 0)
	f.Int("slot_migration_fork_in_progress", 0)
	n.writeAppendOnlySizes(f)
	if l := s.Loading; l != nil {
		n.writeLoading(f, l)
	}
}

func (n *Node) writeLoading(f *info.Fields, l *save.Loading) {
	elapsed := n.Clock.Now().Sub(l.Began).Seconds()
	percent, eta := 0.0, int64(1)
	if l.Total > 0 {
		percent = 100 * float64(l.Loaded) / float64(l.Total)
	}
	if l.Loaded > 0 {
		eta = int64(elapsed * float64(l.Total-l.Loaded) / float64(l.Loaded))
	}
	f.Int("loading_start_time", l.Began.Unix())
	f.Int("loading_total_bytes", l.Total)
	f.Int("loading_rdb_used_mem", l.UsedMemory)
	f.Int("loading_loaded_bytes", l.Loaded)
	f.Percent("loading_loaded_perc", percent)
	f.Int("loading_eta_seconds", eta)
}

func okOrErr(ok bool) string {
	if ok {
		return "ok"
	}
	return "err"
}

// reload is DEBUG RELOAD. Exclusive mode.
func (n *Node) reload(tx *keyspace.Tx, o debugcmd.ReloadOptions) error {
	if !o.NoSave {
		if err := n.Saver.SaveNow(tx); err != nil {
			return debugcmd.ErrSave
		}
	}
	if !o.NoFlush {
		for db := range n.Space.Databases() {
			n.Engine.Waiting.SignalAll(db)
			n.Txn.Touch(tx, db, -1)
		}
	}
	return n.Saver.Reload(tx, !o.NoFlush, o.Merge)
}

// delay waits, or returns when cancel is closed.
func delay(d time.Duration, cancel <-chan struct{}) {
	select {
	case <-time.After(d):
	case <-cancel:
	}
}
