package crash

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/node"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/platform/glob"
	"github.com/kvasirdb/kvasir/internal/platform/serverlog"
	"github.com/kvasirdb/kvasir/internal/platform/vfs"
)

// machine is a server in this process, whose disk is a file system in memory.
type machine struct {
	node   *node.Node
	socket string
	log    *strings.Builder
	ended  chan struct{}
}

// startError says that a server did not start.
type startError struct {
	cause error
	log   string
}

func (e *startError) Error() string { return fmt.Sprintf("no start: %v\n%s", e.cause, e.log) }

// boot starts a server on a disk. Its socket is in dir, on the real one.
func boot(disk vfs.FS, dir string, number int, options ...string) (*machine, error) {
	m := &machine{socket: filepath.Join(dir, fmt.Sprint(number)), log: new(strings.Builder), ended: make(chan struct{})}
	store := config.New(config.Environment{
		Dir:       "/",
		ChangeDir: func(_, path string) (string, error) { return path, nil },
		Match:     glob.Match,
		Warn:      func(string) {},
	})
	files := config.OSFiles{}
	args := append([]string{"--port", "0", "--unixsocket", m.socket, "--enable-debug-command", "yes"}, options...)
	err := store.Load(config.Sources{CommandLine: config.ParseCommandLine(args), Files: files, OpenLog: files.OpenLog})
	if err != nil {
		return nil, err
	}
	m.node, err = node.New(node.Options{
		Config: store, Log: serverlog.New(m.log, time.Now), Clock: clock.NewSystem(), Files: files, FS: disk,
	})
	if err != nil {
		return nil, err
	}
	if err := m.node.Start(); err != nil {
		go m.node.Run() // which frees what the node has
		m.node.Shutdown(node.ShutdownNoSave | node.ShutdownNow)
		return nil, &startError{err, m.log.String()}
	}
	go func() {
		m.node.Run()
		close(m.ended)
	}()
	return m, nil
}

// stop ends the server, also while its append-only file has just been turned on and
// its first base is being written.
func (m *machine) stop() {
	m.node.Shutdown(node.ShutdownNoSave | node.ShutdownNow | node.ShutdownForce)
	<-m.ended
}
