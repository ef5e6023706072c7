package node

import (
	"context"
	"errors"
)

// connectListeners makes CONFIG SET of port and bind move the TCP listeners.
// When the new place cannot be had, the store puts the old values back and
// calls again, which returns to the old place.
func (n *Node) connectListeners() {
	p := &n.Config.Params
	n.Config.OnApply(func(context.Context) error {
		return n.moveListeners("Unable to listen on this port. Check server logs.")
	}, p.Port)
	n.Config.OnApply(func(context.Context) error {
		return n.moveListeners("Failed to bind to specified addresses.")
	}, p.Bind)
}

// moveListeners closes the TCP listeners and opens those of the configuration.
// Closed first: a wildcard address excludes single ones of the same port.
// Exclusive mode.
func (n *Node) moveListeners(failure string) error {
	for _, l := range n.tcp {
		l.Close()
		n.Server.Unlisten(l)
	}
	n.tcp = nil
	port := int(n.Config.Params.Port.Load())
	if port == 0 {
		return nil
	}
	listeners, err := n.listenTCP(port)
	if err != nil {
		return errors.New(failure)
	}
	n.tcp = listeners
	n.port.Store(int32(port))
	for _, l := range listeners {
		n.Server.Listen(l)
	}
	return nil
}
