//go:build unix

package node

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// restartProcess returns what DEBUG RESTART does: it replaces the process by
// the same program with the same arguments.
func (n *Node) restartProcess() func(graceful bool, delay time.Duration) {
	return func(graceful bool, delay time.Duration) {
		if graceful {
			n.removePIDFile()
		}
		time.Sleep(delay)
		if err := unix.Exec(n.options.Executable, os.Args, os.Environ()); err != nil {
			n.Log.Warningf("Can't restart: %v", err)
		}
	}
}
