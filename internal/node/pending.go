package node

import (
	"context"
	"sync"

	"github.com/kvasirdb/kvasir/internal/config"
)

// warnPending makes the log tell, once for each, when a parameter is set at run
// time that is kept and shown, but belongs to a part of the server that is still to
// come. The client is told nothing: programs that set it expect success.
func (n *Node) warnPending() {
	for _, p := range n.Config.All() {
		def := p.Definition()
		if def.Feature == "" || def.Flags.Has(config.Immutable) {
			continue
		}
		var once sync.Once
		n.Config.OnApply(func(context.Context) error {
			once.Do(func() {
				n.Log.Warningf("WARNING: CONFIG SET %s has no effect: it belongs to a part that this server does not have yet (%s).",
					def.Name, def.Feature)
			})
			return nil
		}, p)
	}
}
