package listpack

import "sync"

// Buffer is working memory to which condensed listpacks are expanded. The zero
// Buffer is empty. Its bytes come from a pool that all readers share, and which is
// the better for those who give them back.
type Buffer struct {
	bytes *[]byte
}

// buffers holds *[]byte. That it outlives servers does not matter: what a buffer
// holds has no meaning.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// bufferKeptMax is the length up to which a buffer is kept for others.
const bufferKeptMax = 64 << 10

// Reserve returns at least size bytes and the slack that makes expanding faster.
// What was in the buffer before may be lost.
func (b *Buffer) Reserve(size int) []byte {
	if b.bytes == nil {
		b.bytes = buffers.Get().(*[]byte)
	}
	if size += ExpandSlack; len(*b.bytes) < size {
		*b.bytes = make([]byte, size+size/4)
	}
	return *b.bytes
}

// Release gives the bytes back. Nothing that was expanded to them is valid any more.
func (b *Buffer) Release() {
	if b.bytes != nil && len(*b.bytes) <= bufferKeptMax {
		buffers.Put(b.bytes)
	}
	b.bytes = nil
}
