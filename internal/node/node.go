// Package node builds a server out of its parts and runs it.
//
// New makes every part and connects them (wiring.go has the order of the
// gates). Start opens the listeners and begins the background tasks. Run serves
// until somebody shuts the server down and returns the exit code. Everything a
// part needs from another is handed to its constructor here and nowhere else.
package node

import (
	"crypto/rand"
	"encoding/binary"
	"hash/fnv"
	"sync"
	"sync/atomic"

	"github.com/kvasirdb/kvasir/internal/acl"
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/keyspace/evict"
	"github.com/kvasirdb/kvasir/internal/keyspace/expire"
	"github.com/kvasirdb/kvasir/internal/keyspace/trim"
	"github.com/kvasirdb/kvasir/internal/persistence/aof"
	"github.com/kvasirdb/kvasir/internal/persistence/journal"
	"github.com/kvasirdb/kvasir/internal/persistence/save"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
	"github.com/kvasirdb/kvasir/internal/platform/poll"
	"github.com/kvasirdb/kvasir/internal/platform/serverlog"
	"github.com/kvasirdb/kvasir/internal/platform/vfs"
	"github.com/kvasirdb/kvasir/internal/pubsub"
	"github.com/kvasirdb/kvasir/internal/server"
	"github.com/kvasirdb/kvasir/internal/txn"
	"github.com/kvasirdb/kvasir/internal/version"
)

// Versions that the server reports.
const (
	Version       = version.Kvasir
	ValkeyVersion = version.Valkey
	RedisVersion  = version.Redis
	ServerName    = "valkey" // INFO server_name
)

// Options are what a node needs from the process around it.
type Options struct {
	Config     *config.Store // loaded
	Log        *serverlog.Log
	Clock      clock.Clock
	Executable string
	FS         vfs.FS              // of snapshots and append-only files; nil: the machine's
	Files      config.RewriteFiles // for CONFIG REWRITE
	Program    string              // what the process is called in its title
	ShowTitle  func(title string)  // nil: the process keeps the title it has
	Supervisor string              // what supervises the process: "systemd"; empty for nothing
}

// Node is one server with all its parts.
type Node struct {
	Config    *config.Store
	Log       *serverlog.Log
	Clock     clock.Clock
	Pool      *offheap.Pool
	Space     *keyspace.Space
	Table     *command.Table
	Engine    *engine.Engine
	Users     *acl.Users
	Server    *server.Server
	Txn       *txn.Transactions
	PubSub    *pubsub.Bus
	Reclaimer *expire.Reclaimer
	Expirer   *expire.Expirer
	Evictor   *evict.Evictor
	Saver     *save.Saver
	Trimmer   *trim.Trimmer
	Journal   *journal.Journal
	AOF       *aof.AOF
	Telemetry Telemetry

	options     Options
	debug       debugSwitches
	persistence persistenceGates
	messages    messages
	appendOnly  appendOnly
	loader      sync.WaitGroup   // of the snapshot at start
	stopSignal  atomic.Int32     // see RequestShutdown
	background  *engine.Executor // the expirer's
	control     *engine.Executor // for signals and embedding code; guarded by controlMu
	tcp         []*poll.Listener // changed in exclusive mode
	unix        *poll.Listener
	port        atomic.Int32
	exit        atomic.Int32 // exit code, once stopping

	sampledMillis int64 // when the cron last looked at the counters; loop 0
}

// New builds a node. Nothing runs yet.
func New(o Options) (*Node, error) {
	if o.FS == nil {
		o.FS = vfs.OS{}
	}
	n := &Node{Config: o.Config, Log: o.Log, Clock: o.Clock, options: o}
	p := &n.Config.Params
	var err error
	if n.Pool, err = offheap.NewPool(offheap.Options{}); err != nil {
		return nil, err
	}
	n.Reclaimer = expire.NewReclaimer(n.Pool)
	n.Space = keyspace.New(keyspace.Options{
		Pool:      n.Pool,
		Databases: int(p.Databases.Load()),
		Seed:      hashSeed(p.HashSeed.Load()),
		Reclaimer: n.Reclaimer,
	})
	n.Txn = txn.New(n.Space)
	n.newMessages()
	n.Users = acl.New()
	n.Saver = n.newSaver()
	n.newAppendOnly()
	if n.Table, err = command.NewTable(n.commands()...); err != nil {
		return nil, err
	}
	n.Engine = engine.New(n.Space, n.Table, n.Clock)
	n.background = n.Engine.NewExecutor(nil)
	n.control = n.Engine.NewExecutor(nil)
	n.appendOnly.exec = n.Engine.NewExecutor(nil)
	n.Expirer = expire.NewExpirer(n.background.Worker(), n.Clock,
		func() bool { return n.expiryPaused() || n.debug.cronPaused.Load() })
	n.Server, err = server.New(n.Engine, int(p.IOThreads.Load()), n.limits(), n.hooks())
	if err != nil {
		return nil, err
	}
	n.Evictor = n.newEvictor()
	n.Trimmer = trim.New(n.Pool)
	n.connect()
	return n, nil
}

// hashSeed makes the seed of the key hash: from the configured text, so that
// several servers agree, or at random.
func hashSeed(text string) uint64 {
	if text != "" {
		h := fnv.New64a()
		h.Write([]byte(text))
		return h.Sum64()
	}
	var b [8]byte
	rand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:])
}
