package node

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/resp"
	"github.com/kvasirdb/kvasir/internal/session"
)

// CommandDocs returns what the node answers to COMMAND DOCS, in RESP3. The node
// need not run.
func (n *Node) CommandDocs() []byte {
	docs := n.Table.Lookup([]byte("command")).Sub([]byte("docs"))
	out := resp.NewWriter(resp.RESP3, nil)
	docs.Run(&command.Ctx{
		Args: [][]byte{[]byte("command"), []byte("docs")}, Cmd: docs,
		Out: out, Client: &session.Client{},
	})
	return out.Bytes()
}
