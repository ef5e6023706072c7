package save

import (
	"io"
	"sync"
)

// What a snapshot keeps in memory, whatever the rate of writes and however slow
// the disk: a full queue (16 MiB), chunks for reuse (6 MiB), the chunk being
// filled and the one being written, and the entries that were handed over while
// a large value is written (sideMax). A long string is compressed in memory of its
// own, of at most compressMax, and kept for that long. TestMemoryBound counts all that.
const (
	chunkBytes = 256 << 10
	// queueChunks may wait for the disk. When there are more, the walk and
	// writers of unsaved keys wait.
	queueChunks = 64
	// restChunks is when the walk rests already, so that writers seldom wait.
	restChunks = 16
	// freeChunks are kept for reuse: garbage of this size would make the collector
	// run all the time.
	freeChunks = restChunks + 2*lanes
	sideMax    = 16 << 20
	// compressMax is the longest string that a background save compresses: the
	// longest that the walk takes along instead of handing it over in slices.
	compressMax = 1 << 20
	// lockedCompressMax is the longest text that is compressed under a shard's
	// lock: that takes 0.2 to 0.4 ms.
	lockedCompressMax = 64 << 10
)

// queue passes chunks from a stream to the goroutine that writes them.
type queue struct {
	mu     sync.Mutex
	change sync.Cond // something was pushed or taken, or the queue was closed
	chunks [][]byte
	free   [][]byte
	closed bool
	hasty  bool // rest does not wait
}

func newQueue() *queue {
	q := &queue{}
	q.change.L = &q.mu
	return q
}

// push hands a chunk over, if there is anything in it, and returns an empty one. It
// waits while the queue is full.
func (q *queue) push(chunk []byte) []byte {
	if len(chunk) == 0 {
		return chunk
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.chunks) >= queueChunks {
		q.change.Wait()
	}
	q.chunks = append(q.chunks, chunk)
	q.change.Broadcast()
	if n := len(q.free); n > 0 {
		chunk, q.free = q.free[n-1], q.free[:n-1]
		return chunk[:0]
	}
	return make([]byte, 0, chunkBytes+chunkBytes/8)
}

// rest waits until the disk has caught up.
func (q *queue) rest() {
	q.mu.Lock()
	for len(q.chunks) > restChunks && !q.hasty {
		q.change.Wait()
	}
	q.mu.Unlock()
}

// hurry ends all rest: what is in the queue will not be needed.
func (q *queue) hurry() {
	q.mu.Lock()
	q.hasty = true
	q.mu.Unlock()
	q.change.Broadcast()
}

// close says that nothing will be pushed any more.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.change.Broadcast()
}

// pop returns the next chunk, or nil when the queue is closed and empty. used is
// the chunk before, which may be used again.
func (q *queue) pop(used []byte) []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	if used != nil && len(q.free) < freeChunks && cap(used) <= 2*chunkBytes {
		q.free = append(q.free, used)
	}
	for len(q.chunks) == 0 && !q.closed {
		q.change.Wait()
	}
	if len(q.chunks) == 0 {
		return nil
	}
	chunk := q.chunks[0]
	q.chunks[0] = nil
	q.chunks = q.chunks[1:]
	q.change.Broadcast()
	return chunk
}

// drain writes what comes until the queue is closed, and after an error throws
// it away, once onError was called.
func (q *queue) drain(w io.Writer, onError func()) (err error) {
	for chunk := q.pop(nil); chunk != nil; chunk = q.pop(chunk) {
		if err != nil {
			continue
		}
		if _, err = w.Write(chunk); err != nil {
			onError()
		}
	}
	return err
}
