package sortcmd

import (
	"bytes"

	"github.com/kvasirdb/kvasir/internal/command"
)

// query is what the words of a request ask for.
type query struct {
	by         *pattern // nil: by the elements themselves
	unsorted   bool     // BY a name without *: in the order there is
	descending bool
	alpha      bool
	offset     int64
	count      int64 // negative: all
	gets       []pattern
	target     []byte // of STORE, or nil
}

// parse reads the options. If they make no sense or are not allowed, it answers
// so.
func (h handlers) parse(c *command.Ctx, mayStore bool) (q query, ok bool) {
	q.count = -1
	for i := 2; i < len(c.Args); i++ {
		word, left := c.Args[i], len(c.Args)-i-1
		ok := true
		switch {
		case command.Is(word, "asc"):
			q.descending = false
		case command.Is(word, "desc"):
			q.descending = true
		case command.Is(word, "alpha"):
			q.alpha = true
		case command.Is(word, "limit") && left >= 2:
			if q.offset, ok = c.IntArg(i + 1); ok {
				q.count, ok = c.IntArg(i + 2)
			}
			i += 2
		case command.Is(word, "store") && mayStore && left >= 1:
			i++
			q.target = c.Args[i]
		case command.Is(word, "by") && left >= 1:
			i++
			ok = h.parseBy(c, &q, c.Args[i])
		case command.Is(word, "get") && left >= 1:
			i++
			ok = h.parseGet(c, &q, c.Args[i])
		default:
			c.Out.Error(command.SyntaxError)
			ok = false
		}
		if !ok {
			return q, false
		}
	}
	return q, true
}

func (h handlers) parseBy(c *command.Ctx, q *query, word []byte) (ok bool) {
	p := parsePattern(word)
	q.by = &p
	switch {
	case !p.star:
		// Once one BY has no *, a later one that has does not sort either.
		q.unsorted = true
	case h.leavesSlot(word, c.Args[1]):
		c.Out.Error("ERR BY option of SORT denied in Cluster mode when keys formed by the pattern may be in different slots.")
		return false
	case !h.readsAllKeys(c):
		c.Out.Error("ERR BY option of SORT denied due to insufficient ACL permissions.")
		return false
	}
	return true
}

func (h handlers) parseGet(c *command.Ctx, q *query, word []byte) (ok bool) {
	p := parsePattern(word)
	q.gets = append(q.gets, p)
	switch {
	case !p.self && h.leavesSlot(word, c.Args[1]):
		c.Out.Error("ERR GET option of SORT denied in Cluster mode when keys formed by the pattern may be in different slots.")
		return false
	case !h.readsAllKeys(c):
		c.Out.Error("ERR GET option of SORT denied due to insufficient ACL permissions.")
		return false
	}
	return true
}

func (h handlers) readsAllKeys(c *command.Ctx) bool {
	return h.ReadsAllKeys == nil || h.ReadsAllKeys(c)
}

// leavesSlot reports whether a pattern may lead to keys in other slots than
// that of key.
func (h handlers) leavesSlot(word, key []byte) bool {
	if h.Slot == nil {
		return false
	}
	hashed := word
	if i := bytes.IndexByte(word, '{'); i >= 0 {
		if n := bytes.IndexByte(word[i+1:], '}'); n > 0 {
			hashed = word[:i+1+n]
		}
	}
	return bytes.ContainsAny(hashed, `*?[\`) || h.Slot(word) != h.Slot(key)
}

// bounds returns which part of length sorted elements is asked for.
func (q *query) bounds(length int) (start, count int) {
	start = int(min(max(q.offset, 0), int64(length)))
	count = length - start
	if q.count >= 0 {
		count = int(min(q.count, int64(count)))
	}
	return start, count
}
