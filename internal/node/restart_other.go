//go:build !unix

package node

import "time"

// restartProcess returns nil: this system cannot replace a running program.
func (n *Node) restartProcess() func(graceful bool, delay time.Duration) { return nil }
