package tracking

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/session"
)

// broadcasts are the prefixes that trackers in BCAST mode have named, and the
// changed keys they are to be told of.
//
// Prefixes and who wants them change in exclusive mode. A changed key is looked
// for among them by each length that any prefix has, so what it costs does not
// grow with their number.
type broadcasts struct {
	prefixes map[string]*prefix
	lengths  []int // of all prefixes, ascending

	mu        sync.Mutex // a small one, see docs/locking.md
	changed   []*prefix  // guarded by mu: have changed keys
	scheduled bool       // guarded by mu: tell will run
}

// prefix is the beginning of keys that some trackers want to know of.
type prefix struct {
	text     string
	trackers map[*tracker]struct{}
	// keys have changed since trackers were told; each has the client that
	// changed it last, nil if it was none. Guarded by broadcasts.mu.
	keys map[string]*session.Client
}

func (b *broadcasts) any() bool { return len(b.prefixes) > 0 }

// add makes a tracker want prefixes that do not overlap with those it has.
func (b *broadcasts) add(tr *tracker, prefixes []string) {
	if tr.prefixes == nil {
		tr.prefixes = map[string]*prefix{}
	}
	for _, text := range prefixes {
		p := b.prefixes[text]
		if p == nil {
			p = &prefix{text: text, trackers: map[*tracker]struct{}{}}
			b.prefixes[text] = p
		}
		p.trackers[tr] = struct{}{}
		tr.prefixes[text] = p
	}
	b.measure()
}

// remove makes a tracker want nothing. Prefixes that nobody wants any more go,
// with what their trackers have not been told.
func (b *broadcasts) remove(tr *tracker) {
	if len(tr.prefixes) == 0 {
		return
	}
	for text, p := range tr.prefixes {
		if delete(p.trackers, tr); len(p.trackers) == 0 {
			delete(b.prefixes, text)
			p.keys = nil
		}
	}
	tr.prefixes = nil
	b.changed = slices.DeleteFunc(b.changed, func(p *prefix) bool { return p.keys == nil })
	b.measure()
}

func (b *broadcasts) measure() {
	lengths := map[int]bool{}
	for text := range b.prefixes {
		lengths[len(text)] = true
	}
	b.lengths = slices.Sorted(maps.Keys(lengths))
}

// note notes that a key has changed. Its prefixes' trackers will be told at the
// end of the turn of the loop that changed the first key.
func (b *broadcasts) note(t *Tracking, current *session.Client, key []byte) {
	b.mu.Lock()
	for _, n := range b.lengths {
		if n > len(key) {
			break
		}
		p := b.prefixes[string(key[:n])]
		if p == nil {
			continue
		}
		if p.keys == nil {
			p.keys = map[string]*session.Client{}
			b.changed = append(b.changed, p)
		}
		p.keys[string(key)] = current
	}
	first := len(b.changed) > 0 && !b.scheduled
	b.scheduled = b.scheduled || first
	b.mu.Unlock()
	if first && !t.deps.Later(current, t.broadcast) {
		t.broadcast()
	}
}

// broadcast tells trackers which keys have changed. It runs under a reader lock.
func (t *Tracking) broadcast() {
	b := &t.broadcasts
	b.mu.Lock()
	changed := b.changed
	b.changed, b.scheduled = nil, false
	keys := make([]map[string]*session.Client, len(changed))
	slices.SortFunc(changed, func(x, y *prefix) int { return strings.Compare(x.text, y.text) })
	for i, p := range changed {
		keys[i], p.keys = p.keys, nil
	}
	b.mu.Unlock()
	for i, p := range changed {
		names := slices.Sorted(maps.Keys(keys[i]))
		all := encodeKeys(names...)
		for tr := range p.trackers {
			own := all
			if tr.noLoop {
				others := slices.DeleteFunc(slices.Clone(names), func(key string) bool { return keys[i][key] == tr.client })
				if len(others) == 0 {
					continue
				}
				own = encodeKeys(others...)
			}
			t.send(tr, own)
		}
	}
}

// overlap says, in the text of an error reply, which of the prefixes overlap with
// each other or with those that a tracker has; "" if none do. Two prefixes
// overlap when one begins with the other.
func overlap(tr *tracker, prefixes []string) string {
	var have []string
	if tr != nil {
		have = slices.Sorted(maps.Keys(tr.prefixes))
	}
	// Sorted, one that overlaps with any overlaps with its neighbour.
	sorted := append(slices.Clone(have), prefixes...)
	slices.Sort(sorted)
	clean := true
	for i := 1; i < len(sorted) && clean; i++ {
		clean = !overlaps(sorted[i-1], sorted[i])
	}
	if clean {
		return ""
	}
	const text = "ERR Prefix '%s' overlaps with %s prefix '%s'. Prefixes for a single client must not overlap."
	for i, p := range prefixes {
		for _, other := range have {
			if overlaps(p, other) {
				return fmt.Sprintf(text, command.UpToZero(p), "an existing", command.UpToZero(other))
			}
		}
		for _, other := range prefixes[i+1:] {
			if overlaps(p, other) {
				return fmt.Sprintf(text, command.UpToZero(p), "another provided", command.UpToZero(other))
			}
		}
	}
	return ""
}

func overlaps(a, b string) bool { return strings.HasPrefix(a, b) || strings.HasPrefix(b, a) }
