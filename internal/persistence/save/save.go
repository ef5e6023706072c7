// Package save keeps snapshots of all keys in a file: SAVE, BGSAVE, the save
// points, the final save of SHUTDOWN, and loading at start.
//
// # How a snapshot is taken without fork
//
// The keyspace marks an instant (keyspace.Snapshot) and hands over every entry as
// it was then, partly to the walk of a goroutine, partly to whoever is about to
// change an entry. Each encodes into a section of its own (stream.go) and passes
// full chunks through a queue to a goroutine that writes them:
//
//	walk ──── SaveEntry → section ─┐
//	writers ─ SaveEarly → section ─┼─ chunks → queue (bounded) → file
//	        ─ SaveEarly → section ─┘
//
// When the disk is behind, the walk rests, and when the queue is full, SaveEarly
// waits: those writers are slowed to the pace of the disk, and memory stays
// bounded whatever the write rate (queue.go).
//
// # How it is loaded
//
// One goroutine reads, checks and decodes the file, and builds the collections;
// it passes batches of keys to another, which puts them into the tables (load.go).
//
// A file is written under another name, synced, renamed, and its directory
// synced: after a crash there is the old file or the new one, complete.
//
// State is guarded by mu; changes that concern the keyspace happen in exclusive
// mode. mu is never held while waiting for either.
package save

import (
	"path/filepath"
	"sync"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/vfs"
)

// Logger writes to the server's log.
type Logger interface {
	Noticef(format string, args ...any)
	Warningf(format string, args ...any)
}

// Point is a save point: save when Changes were made and Seconds have passed.
type Point struct {
	Seconds int64
	Changes int64
}

// Settings are what the configuration says at a moment.
type Settings struct {
	Points      []Point
	Dir         string
	Filename    string // in Dir
	Compress    bool
	Checksum    bool
	Incremental bool // sync while writing
	AnyVersion  bool
	StopWrites  bool // stop-writes-on-bgsave-error
	KeyDelay    time.Duration
	LoadSlice   int64  // bytes loaded at once while the server answers
	LRU, LFU    bool   // which access clock is kept in the file
	Version     string // in the file
	// FormatVersion is the version of the files that are written; 0 is rdb.Version.
	FormatVersion int
	LoadKeyDelay  time.Duration
}

// path is where the snapshot is.
func (o *Settings) path() string { return filepath.Join(o.Dir, o.Filename) }

// Deps are what saving needs of the server.
type Deps struct {
	Space *keyspace.Space
	FS    vfs.FS
	Now   func() time.Time
	// Delay waits, for rdb-key-save-delay and key-load-delay, or until the
	// channel is closed; nil is never.
	Delay    func(d time.Duration, cancel <-chan struct{})
	Log      Logger
	Settings func() Settings
	Limits   func() *value.Limits
	// UsedMemory is for the file's description.
	UsedMemory func() int64
	// Changes returns how many changes were made since the start. Exclusive
	// mode only.
	Changes func() int64
	// ArmErrors makes the gate look at every command, or ends that.
	ArmErrors func(on bool)
	// Rewriting reports whether the append-only file is being rewritten: one
	// snapshot runs at a time. It is asked without mu.
	Rewriting func() bool
	PID       int
	// Check checks a file that cannot be loaded and returns what the log shall
	// say about it; nil: nothing.
	Check func(path string) string
	// Waits make commands wait for large values.
	Waits Waits
}

// Saver saves and loads the keys of one server.
type Saver struct {
	Deps
	jobs      sync.WaitGroup
	libraries libraries

	mu         sync.Mutex
	job        *job // a background save, or nil
	scheduled  bool
	saved      int64 // Changes that are in the file or were loaded
	lastSave   time.Time
	lastTry    time.Time
	failed     bool // the last background save
	lastTook   time.Duration
	saves      int64
	lastLoaded Loaded
	loading    *Loading
}

// New returns a Saver of a server that starts now.
func New(d Deps) *Saver {
	return &Saver{Deps: d, lastSave: d.Now(), lastTook: -time.Second}
}

// retryAfter is how long a save point waits after a failure.
const retryAfter = 5 * time.Second

// Tick starts a save that a save point asks for. Exclusive mode, when Due says so.
func (s *Saver) Tick() {
	if !s.mayStart() {
		return
	}
	if p, reached := s.pointReached(s.Changes()); reached {
		s.Log.Noticef("%d changes in %d seconds. Saving...", p.Changes, p.Seconds)
		s.startBackground()
	}
}

// StartScheduled starts a save that BGSAVE has scheduled. Exclusive mode, after
// what has precedence in the same turn: rewrites of the append-only file.
func (s *Saver) StartScheduled() {
	s.mu.Lock()
	scheduled := s.scheduled
	s.mu.Unlock()
	if scheduled && s.mayStart() {
		s.startBackground()
	}
}

// mayStart reports whether the server may start a save of its own accord:
// nothing else runs, and the last failure is a while ago.
func (s *Saver) mayStart() bool {
	rewriting := s.Rewriting()
	s.mu.Lock()
	defer s.mu.Unlock()
	if rewriting || s.job != nil || s.loading != nil {
		return false
	}
	return !s.failed || s.Now().Sub(s.lastTry) > retryAfter
}

// Stop cancels a background save and waits for its end.
func (s *Saver) Stop() {
	s.Cancel()
	s.jobs.Wait()
}

func (s *Saver) runSave(c *command.Ctx) {
	switch err := s.SaveNow(c.Tx); {
	case err == ErrInProgress:
		c.Out.Error("ERR Background save already in progress")
	case err != nil:
		c.Out.Error("ERR")
	default:
		c.Out.OK()
	}
}

func (s *Saver) runBackgroundSave(c *command.Ctx) {
	schedule := len(c.Args) == 2 && command.Is(c.Args[1], "schedule")
	cancel := len(c.Args) == 2 && command.Is(c.Args[1], "cancel")
	switch rewriting := s.Rewriting(); {
	case len(c.Args) > 1 && !schedule && !cancel:
		c.Out.Error(command.SyntaxError)
	case cancel:
		s.replyCancel(c)
	case s.Saving():
		c.Out.Error("ERR Background save already in progress")
	case schedule && (rewriting || c.DenyBlocking):
		s.schedule(c, "due to user request")
	case c.DenyBlocking: // a snapshot holds no half of a transaction
		s.schedule(c, "to run after transaction execution")
	case rewriting:
		c.Out.Error("ERR Another child process is active (AOF?): can't BGSAVE right now. " +
			"Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.")
	case s.startBackground() != nil:
		c.Out.Error("ERR")
	default:
		c.Out.SimpleString("Background saving started")
	}
}

// schedule makes StartScheduled start a save as soon as it can.
func (s *Saver) schedule(c *command.Ctx, why string) {
	s.mu.Lock()
	s.scheduled = true
	s.mu.Unlock()
	s.Log.Noticef("Background saving scheduled %s", why)
	c.Out.SimpleString("Background saving scheduled")
}

func (s *Saver) replyCancel(c *command.Ctx) {
	if s.Cancel() {
		s.Log.Noticef("Background saving will be aborted due to user request")
		c.Out.SimpleString("Background saving cancelled")
		return
	}
	s.mu.Lock()
	scheduled := s.scheduled
	s.scheduled = false
	s.mu.Unlock()
	if scheduled {
		s.Log.Noticef("Scheduled background saving will be cancelled due to user request")
		c.Out.SimpleString("Scheduled background saving cancelled")
		return
	}
	c.Out.Error("ERR Background saving is currently not in progress or scheduled")
}

func (s *Saver) runLastSave(c *command.Ctx) {
	s.mu.Lock()
	at := s.lastSave
	s.mu.Unlock()
	c.Out.Int(at.Unix())
}

const misconf = "MISCONF Valkey is configured to save RDB snapshots, but it's currently unable to persist to disk. " +
	"Commands that may modify the data set are disabled, because this instance is configured to report errors during " +
	"writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). " +
	"Please check the Valkey logs for details about the RDB error."

// Gate refuses writes while background saves fail. It is armed by ArmErrors.
func (s *Saver) Gate() command.Gate {
	return command.Gate{Name: "persistence", Check: func(c *command.Ctx) command.Verdict {
		if c.Replaying() || c.Cmd.Flags&command.Write == 0 && c.Cmd.Name != "ping" {
			return command.Pass()
		}
		if o := s.Settings(); !o.StopWrites || len(o.Points) == 0 {
			return command.Pass()
		}
		return command.Refuse(misconf)
	}}
}
