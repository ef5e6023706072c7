package listpack

// Buffers is working memory to which condensed listpacks are expanded, of one
// goroutine. It is kept from one reader to the next, for those who give it back. The
// zero Buffers is empty, and nil is one that keeps nothing.
type Buffers struct {
	free [][]byte
}

const (
	// bufferKeptMax is the length up to which a buffer is kept for others.
	bufferKeptMax = 64 << 10
	// buffersKept is how many are: readers are rarely nested.
	buffersKept = 4
)

// Buffer returns an empty buffer that takes its bytes from b.
func (b *Buffers) Buffer() Buffer { return Buffer{from: b} }

// Buffer is the working memory of one reader. The zero Buffer is empty, and its bytes
// are not used again.
type Buffer struct {
	bytes []byte
	from  *Buffers
}

// Reserve returns at least size bytes and the slack that makes expanding faster.
// What was in the buffer before may be lost.
func (b *Buffer) Reserve(size int) []byte {
	if f := b.from; b.bytes == nil && f != nil && len(f.free) > 0 {
		last := len(f.free) - 1
		b.bytes, f.free[last] = f.free[last], nil
		f.free = f.free[:last]
	}
	if size += ExpandSlack; len(b.bytes) < size {
		b.bytes = make([]byte, size+size/4)
	}
	return b.bytes
}

// Release gives the bytes back. Nothing that was expanded to them is valid any more.
func (b *Buffer) Release() {
	if f := b.from; f != nil && b.bytes != nil && len(b.bytes) <= bufferKeptMax && len(f.free) < buffersKept {
		f.free = append(f.free, b.bytes)
	}
	b.bytes = nil
}
