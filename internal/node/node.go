// Package node builds a server out of its parts.
package node

import (
	"crypto/rand"
	"encoding/binary"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/commands/stringcmd"
	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/keyspace/expire"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
	"github.com/kvasirdb/kvasir/internal/platform/poll"
	"github.com/kvasirdb/kvasir/internal/resp"
	"github.com/kvasirdb/kvasir/internal/server"
	"github.com/kvasirdb/kvasir/internal/session"
)

// Node is one server with all its parts.
type Node struct {
	Config    *config.Store
	Clock     clock.Clock
	Pool      *offheap.Pool
	Space     *keyspace.Space
	Table     *command.Table
	Engine    *engine.Engine
	Server    *server.Server
	Reclaimer *expire.Reclaimer
	Expirer   *expire.Expirer

	background *engine.Executor // the expirer's
}

// New builds a node from a loaded configuration. Nothing runs yet.
func New(cfg *config.Store) (*Node, error) {
	n := &Node{Config: cfg, Clock: clock.NewSystem()}
	var err error
	if n.Pool, err = offheap.NewPool(offheap.Options{}); err != nil {
		return nil, err
	}
	var seed [8]byte
	rand.Read(seed[:])
	n.Reclaimer = expire.NewReclaimer(n.Pool)
	n.Space = keyspace.New(keyspace.Options{
		Pool:      n.Pool,
		Databases: int(cfg.Params.Databases.Load()),
		Seed:      binary.LittleEndian.Uint64(seed[:]),
		Reclaimer: n.Reclaimer,
	})
	if n.Table, err = command.NewTable(
		command.Commands(func() *command.Table { return n.Table }),
		stringcmd.Commands,
	); err != nil {
		return nil, err
	}
	n.Engine = engine.New(n.Space, n.Table, n.Clock)
	n.background = n.Engine.NewExecutor(nil)
	n.Expirer = expire.NewExpirer(n.background.Worker(), n.Clock, nil)
	n.Server, err = server.New(n.Engine, int(cfg.Params.IOThreads.Load()), n.limits(), server.Hooks{
		Connected: func(c *session.Client) { c.Authenticated = true },
		Cron:      func(int64) {},
		Log:       quiet{},
	})
	return n, err
}

type quiet struct{}

func (quiet) Verbosef(string, ...any) {}
func (quiet) Noticef(string, ...any)  {}
func (quiet) Warningf(string, ...any) {}

// limits derives the limits of connections from the configuration.
func (n *Node) limits() *server.Limits {
	p := &n.Config.Params
	requests := resp.DefaultLimits()
	requests.MaxBulkBytes = p.ProtoMaxBulkLen.Load()
	l := &server.Limits{
		Requests:          requests,
		QueryBufferBytes:  p.ClientQueryBufferLimit.Load(),
		MaxClients:        int(p.MaxClients.Load()),
		IdleTimeoutMillis: p.Timeout.Load() * 1000,
		KeepAliveSeconds:  int(p.TCPKeepAlive.Load()),
		AcceptsPerTurn:    int(p.MaxNewConnectionsPerCycle.Load()),
	}
	for class, limit := range p.ClientOutputBufferLimit.Load() {
		l.Output[class] = server.OutputLimit{HardBytes: int64(limit.HardBytes), SoftBytes: int64(limit.SoftBytes), SoftSeconds: limit.SoftSeconds}
	}
	return l
}

// Run serves until Stop.
func (n *Node) Run() error {
	l, err := poll.ListenTCP("127.0.0.1", int(n.Config.Params.Port.Load()), poll.ListenOptions{})
	if err != nil {
		return err
	}
	n.Reclaimer.Start()
	n.Expirer.Start()
	n.Server.Listen(l)
	n.Server.Run()
	n.Expirer.Stop()
	n.Reclaimer.Stop()
	return nil
}

// Stop ends Run.
func (n *Node) Stop() { n.Server.Stop() }
