package node

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/kvasirdb/kvasir/internal/platform/poll"
)

// Start opens the listeners and begins to run the background tasks. After an
// error the node cannot be used; the log has explained it, and its text is meant
// to be the log's last line.
func (n *Node) Start() error {
	p := &n.Config.Params
	n.writePIDFile()
	n.announce()
	n.warnMissing()
	n.raiseFileLimit()
	n.warnBacklog()
	if err := n.listen(); err != nil {
		return err
	}
	n.Reclaimer.Start()
	n.Expirer.Start()
	n.Trimmer.Start()
	n.Log.Noticef("Server initialized")
	for _, l := range n.tcp {
		n.Server.Listen(l)
	}
	if n.unix != nil {
		n.Server.Listen(n.unix)
	}
	if err := n.load(n.announceReady); err != nil {
		return err
	}
	if max := p.MaxMemory.Load(); max > 0 && max < 1<<20 {
		n.Log.Warningf("WARNING: You specified a maxmemory value that is less than 1MB (current value is %d bytes). "+
			"Are you sure this is what you really want?", max)
	}
	return nil
}

// announceReady tells that the server has its keys.
func (n *Node) announceReady() {
	p := &n.Config.Params
	if p.Port.Load() != 0 {
		n.Log.Noticef("Ready to accept connections tcp")
	}
	if p.UnixSocket.Load() != "" {
		n.Log.Noticef("Ready to accept connections unix")
	}
}

// Run serves until the node is shut down and returns the exit code.
func (n *Node) Run() int {
	n.Server.Run()
	n.loader.Wait()
	n.AOF.Cancel()
	n.Saver.Stop()
	n.AOF.Close()
	n.Expirer.Stop()
	n.Trimmer.Stop()
	n.background.Close()
	n.control.Close()
	n.appendOnly.exec.Close()
	n.Reclaimer.Stop()
	n.Pool.Close()
	return int(n.exit.Load())
}

// Port returns the TCP port that is listened on; where port 0 was asked for in
// embedding code, the one that the system chose.
func (n *Node) Port() int { return int(n.port.Load()) }

// listen opens all listeners of the configuration.
func (n *Node) listen() error {
	p := &n.Config.Params
	if port := int(p.Port.Load()); port != 0 {
		listeners, err := n.listenTCP(port)
		if err != nil {
			return fmt.Errorf("Failed listening on port %d (tcp), aborting.", port)
		}
		n.tcp = listeners
		n.port.Store(int32(port))
	}
	if path := p.UnixSocket.Load(); path != "" {
		l, err := poll.ListenUnix(path, os.FileMode(p.UnixSocketPerm.Load()), p.UnixSocketGroup.Load(), n.listenOptions())
		if err != nil {
			n.Log.Warningf("Failed opening Unix socket: bind: %v", err)
			return errors.New("Failed listening on port 0 (unix), aborting.")
		}
		n.unix = l
	}
	if len(n.tcp) == 0 && n.unix == nil {
		return errors.New("Configured to not listen anywhere, exiting.")
	}
	return nil
}

func (n *Node) listenOptions() poll.ListenOptions {
	p := &n.Config.Params
	return poll.ListenOptions{Backlog: int(p.TCPBacklog.Load()), Mark: uint32(p.SocketMarkID.Load()), Multipath: p.MPTCP.Load()}
}

// listenTCP listens on every address of bind. Addresses that begin with "-"
// may be missing on this machine, and families that it does not have are
// skipped.
func (n *Node) listenTCP(port int) (listeners []*poll.Listener, err error) {
	for _, addr := range n.Config.Params.Bind.Load() {
		addr, optional := strings.CutPrefix(addr, "-")
		l, err := poll.ListenTCP(addr, port, n.listenOptions())
		if err == nil {
			listeners = append(listeners, l)
			continue
		}
		n.Log.Warningf("Warning: Could not create server TCP listening socket %s:%d: %v", addr, port, err)
		if optional && errors.Is(err, syscall.EADDRNOTAVAIL) || familyMissing(err) {
			continue
		}
		for _, l := range listeners {
			l.Close()
		}
		return nil, err
	}
	return listeners, nil
}

func familyMissing(err error) bool {
	for _, e := range []error{syscall.ENOPROTOOPT, syscall.EPROTONOSUPPORT, syscall.ESOCKTNOSUPPORT, syscall.EPFNOSUPPORT, syscall.EAFNOSUPPORT} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// writePIDFile writes the process number where the configuration says, or to
// the default place of a background server.
func (n *Node) writePIDFile() {
	p := &n.Config.Params
	if p.PIDFile.Load() == "" {
		if !p.Daemonize.Load() {
			return
		}
		p.PIDFile.Store("/var/run/valkey.pid")
	}
	if err := os.WriteFile(p.PIDFile.Load(), fmt.Appendf(nil, "%d\n", os.Getpid()), 0o644); err != nil {
		n.Log.Warningf("Failed to write PID file: %s", systemText(err))
	}
}

// systemText returns an error of the operating system in the C library's words.
func systemText(err error) string {
	text := err.Error()
	if cause, ok := errors.AsType[syscall.Errno](err); ok {
		text = cause.Error()
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

func (n *Node) removePIDFile() {
	if path := n.Config.Params.PIDFile.Load(); path != "" {
		n.Log.Noticef("Removing the pid file.")
		os.Remove(path)
	}
}

// warnMissing names the settings that this server accepts, so that files of
// Valkey can be used, and cannot follow yet.
func (n *Node) warnMissing() {
	p := &n.Config.Params
	for _, missing := range []struct {
		set        bool
		name, what string
	}{
		{p.ReplicaOf.Load().Host != "", "replicaof", "There is no replication yet, so this server starts as a primary."},
		{p.ClusterEnabled.Load(), "cluster-enabled", "There is no cluster mode yet, so this server starts standalone."},
		{p.TLSPort.Load() != 0, "tls-port", "There is no TLS yet, so nothing listens on that port."},
		{p.ACLFile.Load() != "", "aclfile", "There are no ACL users yet, so the file is not read."},
	} {
		if missing.set {
			n.Log.Warningf("WARNING: %s has no effect. %s", missing.name, missing.what)
		}
	}
}

// warnBacklog warns when the system allows a shorter queue of connections than
// tcp-backlog asks for.
func (n *Node) warnBacklog() {
	const path = "/proc/sys/net/core/somaxconn"
	text, err := os.ReadFile(path)
	if err != nil {
		return
	}
	var limit int64
	fmt.Sscan(string(text), &limit)
	if backlog := n.Config.Params.TCPBacklog.Load(); limit > 0 && limit < backlog {
		n.Log.Warningf("WARNING: The TCP backlog setting of %d cannot be enforced because %s is set to the lower value of %d.", backlog, path, limit)
	}
}
