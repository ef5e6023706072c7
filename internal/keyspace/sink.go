package keyspace

// Sink returns what is told of the changes that the worker makes, nil if nothing.
func (w *Worker) Sink() Sink { return w.sink }
