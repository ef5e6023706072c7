package stream

import (
	"encoding/binary"

	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// block is where a node is: the reference of a listpack, or, with the lowest bit
// set, of a condensed one. Nodes are condensed when they are behind the last two,
// where most of a stream is, and entries are only read. Whatever changes an entry
// expands its node for good.
//
//	+-------------------+--------------+----------------+--------+------------+
//	| listpack bytes 32 | live entries | data bytes 32  | stride | data   ... |
//	+-------------------+--------------+----------------+--------+------------+
//
// The stride is the number of elements of an entry with the head's fields, so that
// each value is written by its difference to the same field's before. The first piece
// of the data is the node's head, the others are entries: with the head before it,
// each of them reads as a node.
type block offheap.Ref

const (
	condensedBit    = 1
	condensedHeader = 16
	// A shorter listpack is not worth it, nor one that does not shrink by an
	// eighth, which is about a size class.
	condenseBytesMin   = 256
	condenseSavesShare = 8
	// So many entries of a condensed node are expanded together.
	pieceEntries = 10
)

func (b block) condensed() bool { return b&condensedBit != 0 }

func (b block) ref() offheap.Ref { return offheap.Ref(b &^ condensedBit) }

// head returns a word of a condensed block's header.
func (b block) head(i int) int {
	return int(binary.LittleEndian.Uint32(b.ref().Bytes(condensedHeader)[4*i:]))
}

// live returns the number of live entries.
func (b block) live() int64 {
	if b.condensed() {
		return int64(b.head(1))
	}
	n := node{lp: listpack.At(b.ref())}
	return n.int(n.lp.First())
}

// view returns the listpack, in buf, which it may enlarge, if it is condensed.
func (b block) view(buf *[]byte) listpack.View {
	if !b.condensed() {
		return listpack.At(b.ref())
	}
	size := b.head(0)
	if cap(*buf) < size {
		*buf = make([]byte, size)
	}
	b.expandTo((*buf)[:size])
	return (*buf)[:size]
}

func (b block) expandTo(dst []byte) { b.data().Expand(dst, b.stride()) }

// data returns the data of a condensed block.
func (b block) data() listpack.Condensed {
	return b.ref().Bytes(condensedHeader + b.head(2))[condensedHeader:]
}

func (b block) stride() int { return b.head(3) }

// openHead returns the node of a condensed block without entries, in buf: there is
// room for any of its pieces.
func (b block) openHead(id ID, buf *listpack.Buffer) node {
	data := b.data()
	room := buf.Reserve(listpack.EmptySize + data.PieceSize(0) + data.PieceSizeMax())
	n := openNode(id, data.ExpandPiece(room, listpack.HeaderSize, 0, b.stride()))
	n.entriesAt = n.lp.End()
	return n
}

// openPiece puts a piece into a node that openHead returned, in the same buffer.
func (b block) openPiece(n *node, buf *listpack.Buffer, piece int) {
	n.lp = b.data().ExpandPiece(buf.Reserve(0), n.entriesAt, piece, b.stride())
}

// firstID returns the ID of the first entry in a piece, which it writes to the node.
func (b block) firstID(n *node, buf *listpack.Buffer, piece int) ID {
	n.lp = b.data().ExpandFirst(buf.Reserve(0), n.entriesAt, piece, b.stride(), entryHead)
	id, _ := n.readID(n.lp.Next(n.entriesAt))
	return id
}

// lastPieceAtMost returns the last piece whose first ID is not above id, or the first
// piece of entries.
func (b block) lastPieceAtMost(n *node, buf *listpack.Buffer, id ID) int {
	low, high := 1, b.data().Pieces()
	for low+1 < high {
		if middle := (low + high) / 2; id.Less(b.firstID(n, buf, middle)) {
			high = middle
		} else {
			low = middle
		}
	}
	return low
}

// expanded returns the block of the listpack itself, to be changed.
func (b block) expanded(h *offheap.Heap) block {
	if !b.condensed() {
		return b
	}
	size := b.head(0)
	lp := h.Alloc(size, why)
	b.expandTo(lp.Bytes(size))
	h.Free(b.ref(), why)
	return block(lp)
}

// condense returns the block of the node in condensed form, or b if it does not pay.
func (b block) condense(h *offheap.Heap) block {
	if b.condensed() {
		return b
	}
	n := openNode(ID{}, listpack.At(b.ref()))
	size := len(n.lp)
	if size < condenseBytesMin || n.entriesAt == 0 {
		return b
	}
	room := size - size/condenseSavesShare
	target := h.Alloc(room, why)
	stride := n.fields + entryHead + 1
	length := listpack.Condense(target.Bytes(room)[condensedHeader:], n.lp, stride, cuts(&n))
	if length == 0 {
		h.Free(target, why)
		return b
	}
	head := target.Bytes(condensedHeader)
	for i, word := range [...]int{size, int(n.live), length, stride} {
		binary.LittleEndian.PutUint32(head[4*i:], uint32(word))
	}
	h.Free(b.ref(), why)
	return block(h.Resize(target, condensedHeader+length, why)) | condensedBit
}

// cuts returns where pieces begin in a node, but the head.
func cuts(n *node) (positions []int) {
	positions = make([]int, 0, 1+(n.live+n.dead)/pieceEntries)
	p := n.entriesAt
	for i := 0; p != 0; i++ {
		if i%pieceEntries == 0 {
			positions = append(positions, p)
		}
		e := n.read(p)
		p = n.after(&e)
	}
	return positions
}

// copied returns a block with the same contents.
func (b block) copied(h *offheap.Heap) block {
	if !b.condensed() {
		return block(listpack.Copy(h, why, listpack.At(b.ref())))
	}
	size := condensedHeader + b.head(2)
	r := h.Alloc(size, why)
	copy(r.Bytes(size), b.ref().Bytes(size))
	return block(r) | condensedBit
}
