package node

import (
	"sync/atomic"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/debugcmd"
	"github.com/kvasirdb/kvasir/internal/server"
)

// debugSwitches are what DEBUG turns off in the parts of the server.
type debugSwitches struct {
	cronPaused          atomic.Bool
	checksumSkipped     atomic.Bool
	outputInBlocks      atomic.Bool
	listPackedThreshold atomic.Int64 // see value.Limits
}

func (n *Node) debugCommands() []command.Spec {
	return debugcmd.Commands(debugcmd.Deps{
		Log:                n.Log,
		Now:                func() int64 { return n.Clock.Now().Unix() },
		LFU:                n.countsFrequency,
		SetActiveExpire:    func(on bool) { n.Expirer.SetActive(on) },
		PauseCron:          n.pauseCron,
		RewriteConfig:      func() error { return n.Config.RewriteAll(n.options.Files, n.ownedOptions()) },
		ClientEviction:     func() (string, bool) { return n.Server.DescribeEviction() },
		Restart:            n.restartProcess(),
		SetPackedThreshold: n.setListPackedThreshold,
		OutputInBlocks:     n.countOutputInBlocks,
		SkipChecksum:       n.debug.checksumSkipped.Store,
		Reload:             n.reload,
		LoadAOF:            n.reloadAppendOnly,
		SetAOFWriteDelay:   n.appendOnly.writeDelayMicros.Store,
	})
}

// pauseCron stops the periodic work: that of the loops, and removing what has
// expired.
func (n *Node) pauseCron(on bool) {
	n.debug.cronPaused.Store(on)
	n.Server.PauseCron(on)
}

func (n *Node) countOutputInBlocks(on bool) {
	n.debug.outputInBlocks.Store(on)
	n.Server.SetLimits(n.limits())
}

func (n *Node) setListPackedThreshold(bytes int64) {
	n.debug.listPackedThreshold.Store(bytes)
	n.Engine.SetLimits(n.encodingLimits())
}

// protectedGate keeps everybody from DEBUG whom enable-debug-command does not
// allow it. Only who has authenticated gets as far as that.
func (n *Node) protectedGate() command.Gate {
	p := &n.Config.Params
	return command.Gate{Name: "protected", Check: func(c *command.Ctx) command.Verdict {
		allowed, name, parameter := p.EnableDebugCommand.Load(), "DEBUG", "enable-debug-command"
		if c.Cmd.Name != "debug" {
			allowed, name, parameter = p.EnableModuleCommand.Load(), "MODULE", "enable-module-command"
		}
		if allowed == config.PermissionYes || allowed == config.PermissionLocal && server.IsLocal(c.Client) {
			return command.Pass()
		}
		return command.Refuse("ERR " + name + " command not allowed. If the " + parameter + " option is set to \"local\", " +
			"you can run it from a local connection, otherwise you need to set this option " +
			"in the configuration file, and then restart the server.")
	}}
}
