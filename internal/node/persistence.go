package node

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/commands/dumpcmd"
	"github.com/kvasirdb/kvasir/internal/config"
)

// dumpCommands are the commands that carry single values between servers.
func (n *Node) dumpCommands() []command.Spec {
	p := &n.Config.Params
	return dumpcmd.Commands(dumpcmd.Deps{
		Compress:        p.RDBCompression.Load,
		AnyVersion:      n.acceptsAnyVersion,
		SkipChecksum:    n.debug.checksumSkipped.Load,
		CountsFrequency: n.countsFrequency,
	})
}

// acceptsAnyVersion reports whether RDB data of unknown versions is read.
func (n *Node) acceptsAnyVersion() bool {
	return n.Config.Params.RDBVersionCheck.Load() != config.RDBVersionStrict
}
