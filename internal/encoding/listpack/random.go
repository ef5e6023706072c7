package listpack

import "slices"

// Random fills picks with the positions of entries chosen independently and
// uniformly among those whose index is a multiple of stride: 1 for the
// elements of a set, 2 for the keys of pairs. The same entry may be picked
// more than once; picks are in the order of choosing. intn(n) returns a random
// number in [0, n). The listpack must not be empty.
func (v View) Random(picks []int, stride int, intn func(n int) int) {
	groups := v.Len() / stride
	if len(picks) == 1 {
		picks[0] = v.Seek(intn(groups) * stride)
		return
	}
	// Sorted by index, the picks are found in one walk.
	order := make([]pick, len(picks))
	for i := range order {
		order[i] = pick{index: intn(groups) * stride, slot: i}
	}
	slices.SortFunc(order, func(a, b pick) int { return a.index - b.index })
	p, index := HeaderSize, 0
	for _, o := range order {
		for ; index < o.index; index++ {
			p = v.after(p)
		}
		picks[o.slot] = p
	}
}

type pick struct{ index, slot int }

// RandomUnique picks up to len(picks) different entries whose index is a
// multiple of stride, each subset with equal chance, and returns those that
// there are in listpack order.
func (v View) RandomUnique(picks []int, stride int, intn func(n int) int) []int {
	available := v.Len() / stride
	picked := 0
	wanted := min(len(picks), available)
	for p := HeaderSize; picked < wanted; available-- {
		if intn(available) < wanted-picked {
			picks[picked] = p
			picked++
		}
		for range stride {
			p = v.after(p)
		}
	}
	return picks[:picked]
}
