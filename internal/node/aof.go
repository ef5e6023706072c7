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
	"github.com/kvasirdb/kvasir/internal/persistence/aof"
	"github.com/kvasirdb/kvasir/internal/persistence/journal"
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

	mu   sync.Mutex
	exec *engine.Executor // for loading and the end of rewrites; guarded by mu
}

// newAppendOnly makes the journal and the append-only file.
func (n *Node) newAppendOnly() {
	n.Journal = journal.New(journal.Options{
		BytesMax: journalBytesMax, Now: n.Clock.Now, Full: func() { n.AOF.Flush() },
	})
	n.AOF = aof.New(aof.Deps{
		FS:        n.options.FS,
		Now:       n.Clock.Now,
		Log:       n.Log,
		Settings:  n.appendOnlySettings,
		Journal:   n.Journal,
		Words:     aof.Words{Split: config.SplitArgs, Quote: config.Quote},
		PID:       os.Getpid(),
		Watch:     n.feedJournal,
		ArmErrors: func(on bool) { n.Engine.Arm(n.appendOnly.gate, on) },
		Saving:    n.Saver.Saving,
		WriteBase: func(w io.Writer) error {
			tx := n.appendOnly.exec.Worker().Begin(0, n.Clock.Now().UnixMilli())
			return n.Saver.WriteBase(tx, w)
		},
		StartBase: n.Saver.StartBase,
		OpenBase: func(r io.Reader) (aof.BaseLoader, error) {
			return n.Saver.OpenBase(n.appendOnly.exec.Worker(), r)
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
		GrowthPercent: p.AutoAOFRewritePercentage.Load(),
		MinSize:       p.AutoAOFRewriteMinSize.Load(),
		LoadSlice:     p.LoadingProcessEventsIntervalBytes.Load(),
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
	n.Server.HoldReplies(func() bool {
		if n.AOF.Commit() {
			return true
		}
		n.exit.Store(1)
		n.Server.Stop()
		return false
	})
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
func (n *Node) replay() func(args [][]byte) (problem string) {
	client := &session.Client{Flags: session.Internal | session.Primary, Authenticated: true}
	start := client.Out.Mark()
	return func(args [][]byte) string {
		cmd := n.Table.Resolve(args)
		switch {
		case cmd == nil:
			return strings.TrimPrefix(n.Table.UnknownCommand(args), "ERR ")
		case !cmd.ArityOK(len(args)):
			return strings.TrimPrefix(command.WrongArity(cmd), "ERR ")
		}
		n.appendOnly.exec.Apply(client, args)
		client.Out.Rewind(start)
		return ""
	}
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
			n.exit.Store(1)
			n.Server.Stop()
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
