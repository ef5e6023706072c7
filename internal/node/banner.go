package node

import (
	"fmt"
	"os"

	"golang.org/x/term"
)

// banner is shown once at start on a terminal, or where always-show-logo asks
// for it. Scripts look for "PID: n" in it.
const banner = `
      .--------.
     /  .----.  \      Kvasir %s (valkey %s), 64 bit
    |  /      \  |     Running in %s mode
    |  \  ~~  /  |     Port: %d
     \  '----'  /      PID: %d
      '.______.'
        /____\         CONFIG GET *, COMMAND DOCS: what it can do
                       kvasir cli: talk to it

`

// announce writes the banner, or one line instead of it, to the log.
func (n *Node) announce() {
	p := &n.Config.Params
	terminal := p.LogFile.Load() == "" && !p.SyslogEnabled.Load() && term.IsTerminal(int(os.Stdout.Fd()))
	if terminal || p.AlwaysShowLogo.Load() {
		n.Log.Raw(fmt.Sprintf(banner, Version, ValkeyVersion, "standalone", p.Port.Load(), os.Getpid()))
		return
	}
	n.Log.Noticef("Running mode=standalone, port=%d.", p.Port.Load())
}
