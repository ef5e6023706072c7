// Package aof keeps the append-only file: every write, in the order of the
// journal, on disk before its reply leaves.
//
// # Files
//
// In the directory appenddirname, a manifest lists a base file, which holds all
// keys at an instant as a snapshot, and incremental files, which hold the
// journal since. A rewrite makes a new base; what it replaces becomes history
// and is removed. docs/format/aof.md has the details.
//
// # From a command to the disk
//
//	command → journal (under the command's locks)
//	loop, before it flushes replies → Commit → write (→ fsync)
//
// Commit writes what all loops have appended so far; a loop that finds its own
// part written by another goes on at once. With appendfsync always it is synced
// before any of these replies leaves: one write and one sync serve all commands
// of a turn, and of other loops that wait meanwhile. With everysec a goroutine
// syncs once a second; while it does, writes are put off for up to two seconds,
// since they would block behind it.
//
// # State
//
//	off ──appendonly yes──▶ waiting ──first base complete──▶ on
//	 ▲────────────appendonly no───────────────────────────────┘
//
// In the state waiting, the journal goes to a temporary file that becomes the
// first incremental file when the base is complete.
//
// # Locks
//
// files is held by whoever changes the manifest and the names on disk. Its holder
// waits for the disk for long, never for the keyspace: who has it does not ask for
// exclusive mode.
//
// mu guards everything else but what is said to be atomic. It is taken after files,
// and may be taken under the locks of commands and in exclusive mode. Since every
// write goes through it, its holder waits for nothing but writes, and syncs of the
// incremental file that replies wait for.
package aof

import (
	"io"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kvasirdb/kvasir/internal/persistence/journal"
	"github.com/kvasirdb/kvasir/internal/platform/vfs"
)

// Logger writes to the server's log.
type Logger interface {
	Noticef(format string, args ...any)
	Warningf(format string, args ...any)
}

// Policy is appendfsync.
type Policy uint8

// When written bytes are made durable.
const (
	EverySecond Policy = iota
	Always
	Never
)

// Settings are what the configuration says at a moment.
type Settings struct {
	Dir           string // of the server
	Dirname       string // appenddirname, in Dir
	Filename      string // appendfilename
	Policy        Policy
	NoSyncWhile   bool // no-appendfsync-on-rewrite
	LoadTruncated bool // aof-load-truncated
	KeepHistory   bool // aof-disable-auto-gc
	Snapshots     bool // aof-use-rdb-preamble: bases are snapshots, not commands
	Incremental   bool // aof-rewrite-incremental-fsync: a base is synced while it is written
	Timestamps    bool // aof-timestamp-enabled
	GrowthPercent int64
	MinSize       int64
	LoadSlice     int64 // bytes loaded at once while the server answers
	// WriteDelay is waited before each write, for tests.
	WriteDelay time.Duration
}

func (o *Settings) path(name string) string { return filepath.Join(o.Dir, o.Dirname, name) }

func (o *Settings) manifest() string { return o.path(o.Filename + ".manifest") }

// Deps are what the file needs of the server.
type Deps struct {
	FS       vfs.FS
	Now      func() time.Time
	Sleep    func(time.Duration)
	Log      Logger
	Settings func() Settings
	Journal  *journal.Journal
	Words    Words
	PID      int

	// Watch makes the engine feed the journal, or ends that. Exclusive mode.
	Watch func(on bool)
	// ArmErrors makes Gate look at every command, or ends that.
	ArmErrors func(on bool)
	// Fatal makes the server end soon, with an exit code that tells of an error:
	// a write or sync has failed whose success every reply waits for. It is
	// called once, under locks, from any goroutine, and must not call back.
	Fatal func()
	// Saving reports whether another snapshot runs.
	Saving func() bool
	// Latency notes how long something has taken, under one of the Event names.
	Latency func(event string, d time.Duration)
	// WriteBase writes all keys at once. Exclusive mode.
	WriteBase func(w io.Writer, f Format) error
	// StartBase makes now the instant of a snapshot that is written to w in the
	// background. Then done is called, outside of exclusive mode. Exclusive
	// mode.
	StartBase func(w io.Writer, f Format, done func(err error)) (cancel func(), err error)
	// OpenBase begins to load a snapshot.
	OpenBase func(r io.Reader) (BaseLoader, error)
	// Run executes commands that were loaded, in order, and returns what makes
	// the first impossible that is; those before are executed. Exclusive mode.
	Run func(batch [][][]byte) (problem string)
	// Exclusive runs f while nothing else executes.
	Exclusive func(f func())
	// Progress tells how much has been loaded.
	Progress func(bytes int64)
}

// Format is how a base holds the keys.
type Format uint8

// The formats.
const (
	Snapshot Format = iota // an RDB file
	Commands               // like an incremental file
)

func (o *Settings) format() Format {
	if o.Snapshots {
		return Snapshot
	}
	return Commands
}

// The events that Latency is told of.
const (
	EventWrite        = "aof-write"               // every write
	EventWriteSync    = "aof-write-pending-fsync" // one while a sync runs
	EventWriteRewrite = "aof-write-active-child"  // one while a snapshot is written
	EventWriteAlone   = "aof-write-alone"         // any other one
	EventSync         = "aof-fsync-always"
	EventRename       = "aof-rename"
)

// BaseLoader loads a snapshot.
type BaseLoader interface {
	// Step loads a slice and reports whether it was the last. Exclusive mode.
	Step() (done bool, err error)
	// Offset returns the bytes read so far: after the last step, the size of the
	// snapshot.
	Offset() int64
}

type state uint8

const (
	off state = iota
	waiting
	on
)

// AOF is the append-only file of one server.
type AOF struct {
	Deps
	jobs sync.WaitGroup
	// done is the journal's offset up to which replies may leave.
	done   atomic.Int64
	failed atomic.Bool // for good: no reply may leave any more
	// syncTook is about how long, in nanoseconds, a sync takes that replies wait
	// for; 0 if they wait for none. Stored with mu held.
	syncTook atomic.Int64

	files    sync.Mutex
	manifest *Manifest // the visible one; guarded by files
	lastBase int64     // number of the last base file; guarded by files
	lastIncr int64     // as well

	mu        sync.Mutex
	state     state
	file      vfs.File      // the incremental file that is written
	name      string        // of file
	before    vfs.File      // the one before file, while it is not durable; or nil
	size      int64         // of file, whole writes
	total     int64         // of all files
	baseSize  int64         // total when the last rewrite ended
	left      []byte        // taken from the journal, not written
	written   int64         // the journal's offset that file has
	synced    int64         // and has durably
	syncing   chan struct{} // closed at the end of the sync in the background; nil: there is none
	lastSync  time.Time
	postponed time.Time // since when writing is put off; zero: it is not
	delayed   int64     // writes that did not wait for the sync any longer
	writeErr  error     // of the last write or sync
	errLogged time.Time

	rewrite   *rewrite // running, or nil
	scheduled bool
	stopping  bool // turned off by a transaction, which is recorded to its end
	rewrites  rewriteStats
}

// New returns a file that is off.
func New(d Deps) *AOF {
	return &AOF{Deps: d, manifest: &Manifest{}, lastSync: d.Now(), rewrites: rewriteStats{took: -time.Second}}
}
