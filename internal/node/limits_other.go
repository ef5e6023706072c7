//go:build !unix

package node

// raiseFileLimit has nothing to raise where descriptors are not limited.
func (n *Node) raiseFileLimit() {}
