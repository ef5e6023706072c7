package quicklist

import "github.com/kvasirdb/kvasir/internal/encoding/listpack"

const (
	// bytesMaxByCount bounds a node whose fill is a number of elements.
	bytesMaxByCount = 8 << 10
	// entryOverhead is what an element is assumed to take besides its bytes.
	entryOverhead = 8
)

// fillBytes are the sizes behind the fills -1 to -5.
var fillBytes = [...]int{4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10}

// Limit returns what a fill allows a packed node: a number of bytes or of
// elements; the other is 0 and does not limit.
func Limit(fill int) (bytes, count int) {
	if fill < 0 {
		return fillBytes[min(-fill, len(fillBytes))-1], 0
	}
	return 0, max(fill, 1)
}

// Exceeds reports whether a node of this size is more than the fill allows.
func Exceeds(fill, bytes, count int) bool {
	bytesMax, countMax := Limit(fill)
	if countMax == 0 {
		return bytes > bytesMax
	}
	return bytes > bytesMaxByCount || count > countMax
}

// bytesMax returns how long a packed node of several elements may be.
func (l *List) bytesMax() int {
	bytes, count := Limit(l.Fill())
	if count != 0 {
		return bytesMaxByCount
	}
	return bytes
}

// isLarge reports whether an element of this size gets a plain node.
func (l *List) isLarge(size int) bool {
	if l.PackedThreshold != 0 {
		return size >= l.PackedThreshold
	}
	return size > l.bytesMax()
}

// allowsInsert reports whether an element of this size may go into n.
func (l *List) allowsInsert(n node, size int) bool {
	return !n.plain() && !l.isLarge(size) && !Exceeds(l.Fill(), n.size()+size+entryOverhead, n.count()+1)
}

// allowsMerge reports whether the nodes i and i+1 exist and may become one.
func (l *List) allowsMerge(i int) bool {
	nodes := l.nodes()
	if i+1 >= len(nodes) {
		return false
	}
	a, b := nodes[i], nodes[i+1]
	// One header and end mark will go.
	return !a.plain() && !b.plain() && !Exceeds(l.Fill(), a.size()+b.size()-listpack.EmptySize, a.count()+b.count())
}
