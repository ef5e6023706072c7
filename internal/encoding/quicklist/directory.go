package quicklist

import (
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// header begins the directory.
type header struct {
	elements uint64 // in all nodes
	start    uint32 // free descriptors before the first node
	nodes    uint32
	capacity uint32 // descriptors in the block
	fill     int16
	depth    uint16
}

// node is a descriptor. Its address is 8-byte aligned and below 1<<47.
type node struct {
	block uint64 // ref : 48, flags : 16
	shape uint64 // size : 36, count : 28
}

const (
	headerBytes = int(unsafe.Sizeof(header{}))
	nodeBytes   = int(unsafe.Sizeof(node{}))

	refBits  = 48
	sizeBits = 36

	flagPlain      = 1 << refBits
	flagCompressed = 2 << refBits
	flagTried      = 4 << refBits // compression was tried, and did not pay
	flagCondensed  = 8 << refBits
)

func makeNode(ref offheap.Ref, flags uint64, size, count int) node {
	return node{block: uint64(ref) | flags, shape: uint64(size) | uint64(count)<<sizeBits}
}

func (n node) ref() offheap.Ref { return offheap.Ref(n.block & (1<<refBits - 1)) }
func (n node) plain() bool      { return n.block&flagPlain != 0 }
func (n node) compressed() bool { return n.block&flagCompressed != 0 }
func (n node) tried() bool      { return n.block&flagTried != 0 }
func (n node) condensed() bool  { return n.block&flagCondensed != 0 }

// packedTight reports whether the block has to be inflated to be used.
func (n node) packedTight() bool { return n.block&(flagCompressed|flagCondensed) != 0 }

// size returns the length of the listpack or element, not compressed.
func (n node) size() int { return int(n.shape & (1<<sizeBits - 1)) }

// count returns the number of elements.
func (n node) count() int { return int(n.shape >> sizeBits) }

func (n node) withRef(ref offheap.Ref) node {
	n.block = n.block&^(1<<refBits-1) | uint64(ref)
	return n
}

// setPacked describes the node's edited listpack, which is not compressed.
func (n *node) setPacked(lp offheap.Ref, count int) {
	*n = makeNode(lp, 0, listpack.At(lp).Size(), count)
}

func (l *List) header() *header { return (*header)(l.root.Ptr()) }

// nodes returns the descriptors, valid until a node is inserted or removed.
func (l *List) nodes() []node {
	head := l.header()
	all := unsafe.Slice((*node)(l.root.Add(headerBytes)), head.capacity)
	return all[head.start : head.start+head.nodes]
}

func (l *List) capacityOf(root offheap.Ref) uint32 {
	return uint32((l.h.Pool().SizeOf(root) - headerBytes) / nodeBytes)
}

// locate returns the node that holds the element with this index, which
// exists, and the index of the element in it. It scans from the nearer end.
func (l *List) locate(index int) (i, inNode int) {
	nodes := l.nodes()
	if length := l.Len(); index > length/2 {
		rest := length - index
		i = len(nodes) - 1
		for ; nodes[i].count() < rest; i-- {
			rest -= nodes[i].count()
		}
		return i, nodes[i].count() - rest
	}
	for ; nodes[i].count() <= index; i++ {
		index -= nodes[i].count()
	}
	return i, index
}

// insertNode makes n the node with index i. It moves the shorter side.
func (l *List) insertNode(i int, n node) {
	head := l.header()
	count := int(head.nodes)
	toFront := i < count-i
	if toFront && head.start == 0 || !toFront && head.start+head.nodes == head.capacity {
		l.makeRoom(toFront)
		head = l.header()
	}
	head.nodes++
	if toFront {
		head.start--
		nodes := l.nodes()
		copy(nodes[:i], nodes[1:])
		nodes[i] = n
		return
	}
	nodes := l.nodes()
	copy(nodes[i+1:], nodes[i:count])
	nodes[i] = n
}

// makeRoom makes at least one descriptor free on the side named. The free ones
// are shared out between both sides, and are an eighth of the nodes or more on
// each: that many insertions pay for the move.
func (l *List) makeRoom(front bool) {
	head := l.header()
	count := int(head.nodes)
	spare := int(head.capacity) - count
	if spare < count/4+1 {
		spare = count/4 + 1
	}
	l.moveDirectory(count+spare, front)
}

// moveDirectory gives the directory capacity descriptors or somewhat more, and
// puts the nodes in their middle; an odd free one goes to the front if wanted.
func (l *List) moveDirectory(capacity int, front bool) {
	old := *l
	l.root = l.h.Alloc(headerBytes+capacity*nodeBytes, why)
	head := l.header()
	*head = *old.header()
	head.capacity = l.capacityOf(l.root)
	spare := head.capacity - head.nodes
	head.start = spare / 2
	if front {
		head.start = spare - spare/2
	}
	copy(l.nodes(), old.nodes())
	l.h.Free(old.root, why)
}

// takeNode removes the descriptor with index i; the block is the caller's.
func (l *List) takeNode(i int) { l.closeGap(i, i+1) }

// removeNodes removes the nodes from index i up to but without index j, and
// frees their blocks.
func (l *List) removeNodes(i, j int) {
	for _, n := range l.nodes()[i:j] {
		l.h.Free(n.ref(), why)
	}
	l.closeGap(i, j)
}

// closeGap removes descriptors, moving the shorter side.
func (l *List) closeGap(i, j int) {
	head := l.header()
	nodes := l.nodes()
	if i < len(nodes)-j {
		copy(nodes[j-i:], nodes[:i])
		head.start += uint32(j - i)
	} else {
		copy(nodes[i:], nodes[j:])
	}
	head.nodes -= uint32(j - i)
	if count := int(head.nodes); int(head.capacity) > 2*count+8 {
		l.moveDirectory(count+count/4+1, false)
	}
}

// Nodes returns the number of nodes.
func (l *List) Nodes() int { return int(l.header().nodes) }

// NodeInfo describes a node, for RDB files and DEBUG.
type NodeInfo struct {
	Plain      bool
	Compressed bool
	Tried      bool   // compression was tried and did not pay
	Size       int    // bytes of the listpack or element, not compressed
	Count      int    // elements
	Data       []byte // the listpack, the element, or their LZF data; valid until the next edit
}

// Node returns the node with this index.
func (l *List) Node(i int) NodeInfo {
	n := l.nodes()[i]
	data := n.ref().Bytes(n.blockSize())
	switch {
	case n.compressed():
		data = data[lengthBytes:]
	case n.condensed():
		data = make([]byte, n.size())
		n.inflateTo(data)
	}
	return NodeInfo{Plain: n.plain(), Compressed: n.compressed(), Tried: n.tried(), Size: n.size(), Count: n.count(), Data: data}
}

// NodeListpack returns the elements of a packed node, in a buffer of its own
// if the node is compressed.
func (l *List) NodeListpack(i int) listpack.View {
	r := reader{list: *l}
	return listpack.View(r.bytes(l.nodes()[i]))
}

// AppendListpack makes a listpack the last node. Its block, allocated for
// lists, then belongs to the list. It must not be empty.
func (l *List) AppendListpack(lp offheap.Ref) {
	v := listpack.At(lp)
	l.appendNode(makeNode(lp, 0, v.Size(), v.Len()))
}

// AppendPlain makes a copy of s the last node, whatever the size of s.
func (l *List) AppendPlain(s []byte) { l.appendNode(l.newPlain(s)) }

func (l *List) appendNode(n node) {
	at := l.Nodes()
	l.insertNode(at, n)
	l.header().elements += uint64(n.count())
	l.settle(at, at+1)
	l.condenseBehind(true)
}

// Detach frees the list but for the listpack of its only node, and returns
// that.
func (l *List) Detach() offheap.Ref {
	l.inflate(0)
	lp := l.nodes()[0].ref()
	l.h.Free(l.root, why)
	l.root = 0
	return lp
}

// Memory returns how many bytes the list takes, extrapolated from the first
// samples nodes if samples is not 0.
func (l *List) Memory(samples int) int {
	nodes := l.nodes()
	sampled := nodes
	if samples > 0 && samples < len(nodes) {
		sampled = nodes[:samples]
	}
	bytes := 0
	for _, n := range sampled {
		bytes += l.h.Pool().SizeOf(n.ref())
	}
	if len(sampled) < len(nodes) {
		bytes = int(float64(bytes) / float64(len(sampled)) * float64(len(nodes)))
	}
	return bytes + l.h.Pool().SizeOf(l.root)
}

// merge makes one node of the packed nodes i and i+1.
func (l *List) merge(i int) {
	l.inflate(i)
	l.inflate(i + 1)
	nodes := l.nodes()
	count := nodes[i].count() + nodes[i+1].count()
	nodes[i].setPacked(listpack.Merge(l.h, why, nodes[i].ref(), nodes[i+1].ref()), count)
	l.takeNode(i + 1)
}

// split makes two nodes of the packed node i, the second beginning with the
// element that has the index inNode, which is not 0.
func (l *List) split(i, inNode int) {
	l.inflate(i)
	n := &l.nodes()[i]
	count := n.count()
	head, tail := listpack.Split(l.h, why, n.ref(), inNode)
	n.setPacked(head, inNode)
	var second node
	second.setPacked(tail, count-inNode)
	l.insertNode(i+1, second)
}

// mergeAround merges the neighbours of the node i where the fill allows, in
// this order: the two before it, the two behind it, the one before with it,
// and it with the one behind.
func (l *List) mergeAround(i int) {
	if i >= 2 && l.allowsMerge(i-2) {
		l.merge(i - 2)
		i--
	}
	if l.allowsMerge(i + 1) {
		l.merge(i + 1)
	}
	if i >= 1 && l.allowsMerge(i-1) {
		l.merge(i - 1)
		i--
	}
	if l.allowsMerge(i) {
		l.merge(i)
	}
}

// newPlain returns a plain node with a copy of s.
func (l *List) newPlain(s []byte) node {
	ref := l.h.Alloc(len(s), why)
	copy(ref.Bytes(len(s)), s)
	return makeNode(ref, flagPlain, len(s), 1)
}

// newPacked returns a packed node with s as its only element.
func (l *List) newPacked(s []byte) node {
	lp := listpack.New(l.h, why, listpack.EmptySize+listpack.EntrySizeOf(s))
	var n node
	n.setPacked(listpack.Append(l.h, why, lp, s), 1)
	return n
}
