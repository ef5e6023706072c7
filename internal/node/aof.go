package node

import (
	"context"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/persistence/aof"
	"github.com/kvasirdb/kvasir/internal/persistence/journal"
	"github.com/kvasirdb/kvasir/internal/server"
	"github.com/kvasirdb/kvasir/internal/session"
	"github.com/kvasirdb/kvasir/internal/telemetry/info"
)

// journalBytesMax bounds what is appended to the journal and not written.
const journalBytesMax = 16 << 20

// appendOnly connects the append-only file with the other parts.
type appendOnly struct {
	observer  engine.ObserverID
	gate      engine.GateID
	replaying atomic.Bool // commands of the file are executed
	inUnit    bool        // the CONFIG SET under way is part of a transaction or script; exclusive mode

	writeDelayMicros atomic.Int64 // DEBUG AOF-FLUSH-SLEEP

	mu   sync.Mutex
	exec *engine.Executor // for loading and the end of rewrites; guarded by mu
	// reloading is the executor of DEBUG LOADAOF, nil outside of it. Exclusive
	// mode.
	reloading *engine.Executor
}

// loader executes what is loaded.
func (a *appendOnly) loader() *engine.Executor {
	if a.reloading != nil {
		return a.reloading
	}
	return a.exec
}

// newAppendOnly makes the journal and the append-only file.
func (n *Node) newAppendOnly() {
	n.Journal = journal.New(journal.Options{
		BytesMax: journalBytesMax, Now: n.Clock.Now, Full: func() { n.AOF.Flush() },
	})
	n.AOF = aof.New(aof.Deps{
		FS:        n.options.FS,
		Now:       n.Clock.Now,
		Sleep:     time.Sleep,
		Log:       n.Log,
		Settings:  n.appendOnlySettings,
		Journal:   n.Journal,
		Words:     aof.Words{Split: config.SplitArgs, Quote: config.Quote},
		PID:       os.Getpid(),
		Watch:     n.feedJournal,
		ArmErrors: func(on bool) { n.Engine.Arm(n.appendOnly.gate, on) },
		Fatal:     n.fail,
		Saving:    n.Saver.Saving,
		Latency:   func(event string, d time.Duration) { n.Telemetry.Latency.Add(event, d) },
		WriteBase: n.writeBase,
		StartBase: n.startBase,
		OpenBase: func(r io.Reader) (aof.BaseLoader, error) {
			return n.Saver.OpenBase(n.appendOnly.loader().Worker(), r)
		},
		Run:       n.replay(),
		Exclusive: n.exclusive,
		Progress:  n.Saver.Progress,
	})
}

func (n *Node) appendOnlySettings() aof.Settings {
	p := &n.Config.Params
	o := aof.Settings{
		Dir:           p.Dir.Load(),
		Dirname:       p.AppendDirname.Load(),
		Filename:      p.AppendFilename.Load(),
		NoSyncWhile:   p.NoAppendFsyncOnRewrite.Load(),
		LoadTruncated: p.AOFLoadTruncated.Load(),
		KeepHistory:   p.AOFDisableAutoGC.Load(),
		Snapshots:     p.AOFUseRDBPreamble.Load(),
		Incremental:   p.AOFRewriteIncrementalFsync.Load(),
		Timestamps:    p.AOFTimestampEnabled.Load(),
		GrowthPercent: p.AutoAOFRewritePercentage.Load(),
		MinSize:       p.AutoAOFRewriteMinSize.Load(),
		LoadSlice:     p.LoadingProcessEventsIntervalBytes.Load(),
		WriteDelay:    time.Duration(n.appendOnly.writeDelayMicros.Load()) * time.Microsecond,
	}
	switch p.AppendFsync.Load() {
	case config.FsyncAlways:
		o.Policy = aof.Always
	case config.FsyncNo:
		o.Policy = aof.Never
	}
	return o
}

// connectAppendOnly adds the journal to the observers and makes the file follow
// the configuration.
func (n *Node) connectAppendOnly() {
	p := &n.Config.Params
	n.appendOnly.observer = n.Engine.AddObserver(n.Journal.Observer())
	n.follow(func() { n.Journal.Annotate(p.AOFTimestampEnabled.Load()) }, p.AOFTimestampEnabled)
	n.Config.OnApply(func(context.Context) error {
		return n.AOF.SetEnabled(p.AppendOnly.Load(), n.appendOnly.inUnit)
	}, p.AppendOnly)
}

// feedJournal makes the engine tell the journal what is written, and replies wait
// for it, or ends that. Exclusive mode.
func (n *Node) feedJournal(on bool) {
	n.Engine.Watch(n.appendOnly.observer, on)
	if !on {
		n.Server.HoldReplies(nil)
		return
	}
	n.Server.HoldReplies(&server.Durability{Commit: n.AOF.Commit, Committed: n.AOF.Committed, Patience: n.AOF.Patience})
}

// exclusive runs f while nothing else executes. Any goroutine but a loop's may
// call it.
func (n *Node) exclusive(f func()) {
	n.appendOnly.mu.Lock()
	defer n.appendOnly.mu.Unlock()
	x := n.appendOnly.exec
	x.SetNow(n.Clock.Now().UnixMilli())
	x.Do(f)
}

// replay returns what executes the commands of the file: they are executed as
// they stand, and expired keys are there until the file deletes them.
func (n *Node) replay() func(batch [][][]byte) (problem string) {
	client := &session.Client{Flags: session.Internal | session.Primary, Authenticated: true}
	start := client.Out.Mark()
	return func(batch [][][]byte) string {
		problem := n.appendOnly.loader().Replay(client, batch)
		client.Out.Rewind(start)
		return strings.TrimPrefix(problem, "ERR ")
	}
}

// writeBase writes all keys. Exclusive mode of the executor that is kept for that.
func (n *Node) writeBase(w io.Writer, f aof.Format) error {
	tx := n.appendOnly.exec.Worker().Begin(0, n.Clock.Now().UnixMilli())
	return n.Saver.WriteBase(tx, w, f == aof.Commands)
}

// startBase begins to write all keys as they are now. Exclusive mode.
func (n *Node) startBase(w io.Writer, f aof.Format, done func(error)) (cancel func(), err error) {
	return n.Saver.StartBase(w, f == aof.Commands, done)
}

// setReplaying begins or ends the execution of the file's commands.
func (n *Node) setReplaying(on bool) {
	n.appendOnly.replaying.Store(on)
	n.followExpirePolicy()
}

// loadAppendOnly loads the append-only file, opens it for writing, and then calls
// ready. A large one is loaded while the server answers already.
func (n *Node) loadAppendOnly(ready func()) error {
	bytes, found, err := n.AOF.Find()
	if err != nil {
		return err
	}
	if bytes <= n.appendOnlySettings().LoadSlice {
		if err := n.beginAppendOnly(bytes, found); err != nil {
			return err
		}
		ready()
		return nil
	}
	n.Engine.Arm(n.persistence.loading, true)
	n.loader.Go(func() {
		if n.beginAppendOnly(bytes, found) != nil {
			n.fail()
			return
		}
		n.Engine.Arm(n.persistence.loading, false)
		ready()
	})
	return nil
}

func (n *Node) beginAppendOnly(bytes int64, found bool) (err error) {
	if found {
		n.Saver.BeginLoading(bytes)
		n.setReplaying(true)
		err = n.AOF.Load(n.exclusive)
		n.setReplaying(false)
		n.exclusive(n.Saver.EndLoading)
	}
	if err == nil {
		n.exclusive(func() { err = n.AOF.Begin() })
	}
	return err
}

// reloadAppendOnly is DEBUG LOADAOF.
func (n *Node) reloadAppendOnly(c *command.Ctx) error {
	n.appendOnly.reloading = c.Server.(*engine.Executor) // which has exclusive mode
	n.setReplaying(true)
	err := n.AOF.Reload(func(bytes int64) {
		n.emptyAll(c.Tx)
		n.Saver.BeginLoading(bytes)
	})
	n.setReplaying(false)
	n.Saver.EndLoading()
	n.appendOnly.reloading = nil
	return err
}

// emptyAll removes all keys, of which those who watch them or wait for them
// learn. tx has no view of its database any more. Exclusive mode.
func (n *Node) emptyAll(tx *keyspace.Tx) {
	for db := range n.Space.Databases() {
		n.Engine.Waiting.SignalAll(db)
		n.Txn.Touch(tx, db, -1)
		tx.Worker().Flush(db, false)
	}
}

// writeAppendOnly writes the fields of INFO that are always there.
func (n *Node) writeAppendOnly(f *info.Fields) {
	s := n.AOF.Status()
	f.Bool("aof_enabled", s.Enabled)
	f.Bool("aof_rewrite_in_progress", s.Rewriting)
	f.Bool("aof_rewrite_scheduled", s.Scheduled)
	f.Int("aof_last_rewrite_time_sec", int64(s.LastRewrite/time.Second))
	f.Int("aof_current_rewrite_time_sec", int64(s.CurrentRewrite/time.Second))
	f.Text("aof_last_bgrewrite_status", okOrErr(!s.RewriteFailed))
	f.Int("aof_rewrites", s.Rewrites)
	f.Int("aof_rewrites_consecutive_failures", s.Failures)
	f.Text("aof_last_write_status", okOrErr(!s.WriteFailed))
	f.Int("aof_last_cow_size", 0)
}

// writeAppendOnlySizes writes the fields that are there while the file is on.
func (n *Node) writeAppendOnlySizes(f *info.Fields) {
	s := n.AOF.Status()
	if !s.Enabled {
		return
	}
	f.Int("aof_current_size", s.Size)
	f.Int("aof_base_size", s.BaseSize)
	f.Bool("aof_pending_rewrite", s.Scheduled)
	f.Int("aof_buffer_length", int64(s.Buffered))
	f.Bool("aof_pending_bio_fsync", s.SyncPending)
	f.Int("aof_delayed_fsync", s.Delayed)
}
