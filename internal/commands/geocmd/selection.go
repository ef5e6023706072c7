package geocmd

import (
	"cmp"
	"slices"
)

// hit is a member found.
type hit struct {
	distance float64 // meters; 0 where nobody asks
	score    float64
	from, to int // of the name in names
}

// selection is the hits that are to be answered: all of them, or the best so far.
type selection struct {
	hits  []hit
	order order
	room  int // for the best of so many hits; 0: for all
}

// add takes a hit in unless there is no room and all others are better. It
// reports whether it did.
func (s *selection) add(h hit) bool {
	if s.room == 0 || len(s.hits) < s.room {
		if s.hits = append(s.hits, h); len(s.hits) == s.room {
			for i := s.room/2 - 1; i >= 0; i-- {
				s.sink(i)
			}
		}
		return true
	}
	// Full: a heap with the worst hit on top.
	if s.compare(h, s.hits[0]) >= 0 {
		return false
	}
	s.hits[0] = h
	s.sink(0)
	return true
}

// worst returns the distance of the worst hit of a full selection.
func (s *selection) worst() (distance float64, full bool) {
	if s.room == 0 || len(s.hits) < s.room {
		return 0, false
	}
	return s.hits[0].distance, true
}

func (s *selection) sink(i int) {
	for {
		child := 2*i + 1
		if child >= len(s.hits) {
			return
		}
		if child+1 < len(s.hits) && s.compare(s.hits[child+1], s.hits[child]) > 0 {
			child++
		}
		if s.compare(s.hits[child], s.hits[i]) <= 0 {
			return
		}
		s.hits[i], s.hits[child] = s.hits[child], s.hits[i]
		i = child
	}
}

// sorted returns the hits in the order wanted.
func (s *selection) sorted() []hit {
	if s.order != unordered {
		slices.SortFunc(s.hits, s.compare)
	}
	return s.hits
}

// compare compares by distance, then by which was found first.
func (s *selection) compare(a, b hit) int {
	if c := cmp.Compare(a.distance, b.distance); c != 0 {
		return c * int(s.order)
	}
	return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
}
