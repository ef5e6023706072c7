package keyspace

import "math/rand/v2"

// Uint64 makes a Worker a rand.Source; see Random.
func (w *Worker) Uint64() uint64 { return w.Random() }

// Rand returns the worker's generator as the datatype packages take it, for
// commands that pick elements by chance.
func (tx *Tx) Rand() *rand.Rand { return rand.New(tx.w) }
