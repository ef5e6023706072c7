package quicklist

import (
	"encoding/binary"

	"github.com/kvasirdb/kvasir/internal/platform/lzf"
)

const (
	lengthBytes = 4 // before the LZF data in a compressed node's block

	// A node is compressed if it has this many bytes and saves more than that.
	compressBytesMin = 48
	compressSavesMin = 8
	// A longer node's compressed length might not fit its 4 bytes.
	compressBytesMax = 1 << 31
)

// blockSize returns how many bytes of its block the node uses.
func (n node) blockSize() int {
	if !n.compressed() {
		return n.size()
	}
	return lengthBytes + int(binary.LittleEndian.Uint32(n.ref().Bytes(lengthBytes)))
}

// settle restores the rule of the depth after the nodes from index i up to but
// without j, or the number of nodes, changed: nodes at the ends are not
// compressed, inner ones are if it pays.
func (l *List) settle(i, j int) {
	depth := l.Depth()
	if depth == 0 {
		return
	}
	count := l.Nodes()
	for k := range min(depth, count) {
		l.inflate(k)
		l.inflate(count - 1 - k)
	}
	inner, innerEnd := depth, count-depth
	if inner >= innerEnd {
		return
	}
	// An edit adds two nodes at most, so two may have become inner ones.
	for k := range min(2, innerEnd-inner) {
		l.compress(inner + k)
		l.compress(innerEnd - 1 - k)
	}
	for k := max(i, inner); k < min(j, innerEnd); k++ {
		l.compress(k)
	}
}

// compress compresses the node i unless it is, or that does not pay.
func (l *List) compress(i int) {
	n := &l.nodes()[i]
	if n.compressed() || n.tried() {
		return
	}
	n.block |= flagTried
	size := n.size()
	if size < compressBytesMin || size > compressBytesMax {
		return
	}
	room := size - compressSavesMin - 1
	target := l.h.Alloc(lengthBytes+room, why)
	length := compressTo(target.Bytes(lengthBytes + room)[lengthBytes:], n.ref().Bytes(size))
	if length == 0 {
		l.h.Free(target, why)
		return
	}
	binary.LittleEndian.PutUint32(target.Bytes(lengthBytes), uint32(length))
	l.h.Free(n.ref(), why)
	*n = n.withRef(l.h.Resize(target, lengthBytes+length, why))
	n.block = n.block&^flagTried | flagCompressed
}

// inflate undoes compress.
func (l *List) inflate(i int) {
	n := &l.nodes()[i]
	if n.compressed() {
		ref := l.h.Alloc(n.size(), why)
		n.inflateTo(ref.Bytes(n.size()))
		l.h.Free(n.ref(), why)
		*n = n.withRef(ref)
	}
	n.block &^= flagCompressed | flagTried
}

// inflateTo writes the compressed node's contents to dst, which has its size.
// Only this package's own output is ever inflated, so a failure is a bug.
func (n node) inflateTo(dst []byte) {
	if size, err := lzf.Decompress(dst, n.ref().Bytes(n.blockSize())[lengthBytes:]); err != nil || size != len(dst) {
		panic("quicklist: a compressed node is corrupt")
	}
}

// compressTo returns how many bytes it wrote to dst, 0 if they do not fit. The
// compressor's table lies on this function's stack, so that lists need not
// carry one around.
func compressTo(dst, src []byte) int {
	var c lzf.Compressor
	return c.Compress(dst, src)
}
