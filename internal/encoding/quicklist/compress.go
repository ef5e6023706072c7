package quicklist

import (
	"encoding/binary"

	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/platform/lzf"
)

const (
	lengthBytes = 4 // before the LZF data in a compressed node's block

	// A node is compressed if it has this many bytes and saves more than that.
	compressBytesMin = 48
	compressSavesMin = 8
	// A longer node's compressed length might not fit its 4 bytes.
	compressBytesMax = 1 << 31

	// A node is condensed if it has this many bytes and saves an eighth of them,
	// about a size class.
	condenseBytesMin   = 64
	condenseSavesShare = 8
	// So many nodes at each end are not condensed when they get there, and fewer
	// are expanded when they come to be there, so that a list which grows and
	// shrinks around the border of two nodes does not do both each time.
	condenseDistance = 3
	expandDistance   = 2
	// So many elements of a condensed node are expanded together.
	pieceElements = 16
)

// blockSize returns how many bytes of its block the node uses.
func (n node) blockSize() int {
	if !n.packedTight() {
		return n.size()
	}
	return lengthBytes + int(binary.LittleEndian.Uint32(n.ref().Bytes(lengthBytes)))
}

// data returns what a compressed or condensed node's block has after the length.
func (n node) data() []byte { return n.ref().Bytes(n.blockSize())[lengthBytes:] }

// settle restores the rule of the depth after the nodes from index i up to but
// without j, or the number of nodes, changed: nodes at the ends are not
// compressed, inner ones are if it pays.
func (l *List) settle(i, j int) {
	depth, count := l.Depth(), l.Nodes()
	if depth == 0 {
		for k := range min(expandDistance, count) {
			l.inflate(k)
			l.inflate(count - 1 - k)
		}
		return
	}
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

// condenseBehind condenses the node that has become an inner one because a node was
// added at the tail or head, unless the list compresses such nodes.
func (l *List) condenseBehind(tail bool) {
	i, count := condenseDistance, l.Nodes()
	if l.Depth() > 0 || count <= 2*condenseDistance {
		return
	}
	if tail {
		i = count - 1 - condenseDistance
	}
	n := &l.nodes()[i]
	if size := n.size(); !n.plain() && !n.packedTight() && size >= condenseBytesMin && size <= compressBytesMax {
		l.encode(n, size-size/condenseSavesShare, flagCondensed, func(dst, src []byte) int {
			return listpack.Condense(dst, src, 1, cuts(src, n.count()))
		})
	}
}

// cuts returns where pieces begin in a listpack of count elements, but the first.
func cuts(lp listpack.View, count int) (positions []int) {
	positions = make([]int, 0, count/pieceElements)
	p := lp.First()
	for i := 1; i < count; i++ {
		p = lp.Next(p)
		if i%pieceElements == 0 {
			positions = append(positions, p)
		}
	}
	return positions
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
	if l.encode(n, size-compressSavesMin-1, flagCompressed, compressTo) {
		n.block &^= flagTried
	}
}

// encode makes a node's block one of room bytes at most that encoder writes, and
// reports whether it fitted.
func (l *List) encode(n *node, room int, flag uint64, encoder func(dst, src []byte) int) bool {
	target := l.h.Alloc(lengthBytes+room, why)
	length := encoder(target.Bytes(lengthBytes + room)[lengthBytes:], n.ref().Bytes(n.size()))
	if length == 0 {
		l.h.Free(target, why)
		return false
	}
	binary.LittleEndian.PutUint32(target.Bytes(lengthBytes), uint32(length))
	l.h.Free(n.ref(), why)
	*n = n.withRef(l.h.Resize(target, lengthBytes+length, why))
	n.block |= flag
	return true
}

// inflate undoes compress and condense.
func (l *List) inflate(i int) {
	n := &l.nodes()[i]
	if n.packedTight() {
		ref := l.h.Alloc(n.size(), why)
		n.inflateTo(ref.Bytes(n.size()))
		l.h.Free(n.ref(), why)
		*n = n.withRef(ref)
	}
	n.block &^= flagCompressed | flagCondensed | flagTried
}

// inflateTo writes the contents of a compressed or condensed node to dst, which has
// its size. Only this package's own output is ever inflated, so a failure is a bug.
func (n node) inflateTo(dst []byte) {
	if n.condensed() {
		listpack.Condensed(n.data()).Expand(dst, 1)
		return
	}
	if size, err := lzf.Decompress(dst, n.data()); err != nil || size != len(dst) {
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
