package engine

import (
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/session"
)

// CurrentClient returns the client whose command the worker of an executor runs,
// nil between commands and where no command is run: keys expire and are evicted
// in the background. Only for observers, under the command's locks.
func CurrentClient(w *keyspace.Worker) *session.Client {
	if x, ok := w.Sink().(*Executor); ok && x.current != nil {
		return x.current.Client
	}
	return nil
}
