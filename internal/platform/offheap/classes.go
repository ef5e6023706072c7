package offheap

import "math/bits"

const (
	pageShift = 13
	pageSize  = 1 << pageShift

	// maxSmall is the largest size served from spans; above it a block is a run.
	maxSmall   = 64 << 10
	numClasses = 121 // class 0 stands for "no block", so that a zeroed page table is right

	// A span may waste at most 1/spanWaste of its bytes behind its last block.
	spanWaste = 64
	// Spans of classes below a page hold at least this many blocks, so that the
	// cost of cutting one is shared.
	spanBlocksMin = 8
)

// classOf returns the class that serves size bytes; size is at most maxSmall.
//
//	class    1 …  64   8, 16, … 512
//	class   65 …  72   576, 640, … 1024
//	…                  eight equal steps for each doubling
//	class  113 … 120   36 KiB, 40 KiB, … 64 KiB
func classOf(size int) int {
	if size <= 512 {
		return max((size+7)>>3, 1)
	}
	shift := uint(bits.Len(uint(size-1))) - 4
	return 64 + int(shift-6)*8 + (size-1)>>shift - 7
}

// classBytes is the inverse of classOf: the usable size of a class's blocks.
func classBytes(class int) int {
	if class <= 64 {
		return class * 8
	}
	shift := uint(class-65)/8 + 6
	return ((class-65)%8 + 9) << shift
}

// geometry describes how a span of a class is cut.
type geometry struct {
	size   uint32 // bytes of a block
	pages  uint32 // pages of a span
	blocks uint32 // blocks of a span
	words  uint32 // 64-bit words of its bitmap
	// inverse is ceil(2^32 / size): offset*inverse>>32 divides a block's offset
	// in the span by size without a division.
	inverse uint64
}

// spanGeometry finds the smallest span that wastes little. granule is the
// number of pages that the system maps as one: runs are multiples of it.
func spanGeometry(class int, granule uint32) geometry {
	size := uint32(classBytes(class))
	blocksMin := uint32(1)
	if size < pageSize {
		blocksMin = spanBlocksMin
	}
	best := geometry{}
	var bestWaste uint64
	for pages := granule; pages <= granule+64; pages += granule {
		bytes := pages * pageSize
		blocks := bytes / size
		if blocks < blocksMin {
			continue
		}
		waste := uint64(bytes-blocks*size) << 32 / uint64(bytes)
		if best.size == 0 || waste < bestWaste {
			bestWaste = waste
			best = geometry{size: size, pages: pages, blocks: blocks, words: (blocks + 63) / 64,
				inverse: (1<<32 + uint64(size) - 1) / uint64(size)}
		}
		if waste <= 1<<32/spanWaste {
			break
		}
	}
	return best
}
