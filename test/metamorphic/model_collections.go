package metamorphic

import (
	"maps"
	"slices"
	"strconv"

	"github.com/kvasirdb/kvasir/internal/client"
)

// cloned returns a copy of a value of the model.
func cloned(v any) any {
	switch v := v.(type) {
	case []string:
		return slices.Clone(v)
	case map[string]bool:
		return maps.Clone(v)
	case map[string]float64:
		return maps.Clone(v)
	case map[string]string:
		return maps.Clone(v)
	}
	return v
}

// owned returns a copy of the map at a key, to change and put.
func owned[V any](m *model, key string) map[string]V {
	if held := get[map[string]V](m, key); held != nil {
		return maps.Clone(held)
	}
	return map[string]V{}
}

var modelLists = map[string]modelCommand{
	"LPUSH":  func(m *model, a []string) client.Value { return m.push(a[0], a[1:], "LEFT", false) },
	"RPUSH":  func(m *model, a []string) client.Value { return m.push(a[0], a[1:], "RIGHT", false) },
	"LPUSHX": func(m *model, a []string) client.Value { return m.push(a[0], a[1:], "LEFT", true) },
	"RPUSHX": func(m *model, a []string) client.Value { return m.push(a[0], a[1:], "RIGHT", true) },
	"LPOP":   func(m *model, a []string) client.Value { return m.pop(a[0], a[1:], "LEFT") },
	"RPOP":   func(m *model, a []string) client.Value { return m.pop(a[0], a[1:], "RIGHT") },
	"LLEN":   func(m *model, a []string) client.Value { return number(len(get[[]string](m, a[0]))) },
	"LINDEX": func(m *model, a []string) client.Value {
		l := get[[]string](m, a[0])
		if i, in := place(index(a[1]), len(l)); in {
			return bulk(l[i])
		}
		return absent
	},
	"LRANGE": func(m *model, a []string) client.Value {
		l := get[[]string](m, a[0])
		from, to := span(a[1], a[2], len(l))
		return bulks(l[from:to])
	},
	"LSET": func(m *model, a []string) client.Value {
		l := slices.Clone(get[[]string](m, a[0]))
		if l == nil {
			panic(noSuchKey)
		}
		i, in := place(index(a[1]), len(l))
		if !in {
			panic(outOfRange)
		}
		l[i] = a[2]
		m.put(a[0], l)
		return ok
	},
	"LINSERT": func(m *model, a []string) client.Value {
		l := get[[]string](m, a[0])
		if l == nil {
			return number(0)
		}
		i := slices.Index(l, a[2])
		if i < 0 {
			return number(-1)
		}
		if a[1] == "AFTER" {
			i++
		}
		l = slices.Insert(slices.Clone(l), i, a[3])
		m.put(a[0], l)
		return number(len(l))
	},
	"LREM": func(m *model, a []string) client.Value {
		l, count := slices.Clone(get[[]string](m, a[0])), index(a[1])
		fromEnd := count < 0
		if fromEnd {
			slices.Reverse(l)
			count = -count
		}
		removed := 0
		l = slices.DeleteFunc(l, func(s string) bool {
			gone := s == a[2] && (count == 0 || removed < count)
			if gone {
				removed++
			}
			return gone
		})
		if fromEnd {
			slices.Reverse(l)
		}
		m.put(a[0], l)
		return number(removed)
	},
	"LTRIM": func(m *model, a []string) client.Value {
		l := get[[]string](m, a[0])
		from, to := span(a[1], a[2], len(l))
		m.put(a[0], slices.Clone(l[from:to]))
		return ok
	},
	"RPOPLPUSH": func(m *model, a []string) client.Value { return m.move(a[0], a[1], "RIGHT", "LEFT") },
	"LMOVE":     func(m *model, a []string) client.Value { return m.move(a[0], a[1], a[2], a[3]) },
}

// place returns the index that may count from the end, and whether it is in.
func place(i, length int) (int, bool) {
	if i < 0 {
		i += length
	}
	return i, i >= 0 && i < length
}

func (m *model) push(key string, elements []string, side string, onlyExisting bool) client.Value {
	l := slices.Clone(get[[]string](m, key))
	if l == nil && onlyExisting {
		return number(0)
	}
	for _, e := range elements {
		if side == "LEFT" {
			l = slices.Insert(l, 0, e)
		} else {
			l = append(l, e)
		}
	}
	m.put(key, l)
	return number(len(l))
}

// pop takes one element, or as many as the option says.
func (m *model) pop(key string, count []string, side string) client.Value {
	l := slices.Clone(get[[]string](m, key))
	if l == nil {
		return absent
	}
	n := 1
	if len(count) > 0 {
		n = min(index(count[0]), len(l))
	}
	if side == "RIGHT" {
		slices.Reverse(l)
	}
	taken, rest := slices.Clone(l[:n]), l[n:]
	if side == "RIGHT" {
		slices.Reverse(rest)
	}
	m.put(key, rest)
	if len(count) == 0 {
		return bulk(taken[0])
	}
	return bulks(taken)
}

func (m *model) move(source, target, from, to string) client.Value {
	if get[[]string](m, source) == nil {
		return absent
	}
	get[[]string](m, target)
	e := m.pop(source, nil, from)
	m.push(target, []string{e.Str}, to, false)
	return e
}

var modelSets = map[string]modelCommand{
	"SADD": func(m *model, a []string) client.Value {
		s := owned[bool](m, a[0])
		before := len(s)
		for _, e := range a[1:] {
			s[e] = true
		}
		m.put(a[0], s)
		return number(len(s) - before)
	},
	"SREM": func(m *model, a []string) client.Value {
		s := owned[bool](m, a[0])
		before := len(s)
		for _, e := range a[1:] {
			delete(s, e)
		}
		m.put(a[0], s)
		return number(before - len(s))
	},
	"SCARD":     func(m *model, a []string) client.Value { return number(len(get[map[string]bool](m, a[0]))) },
	"SISMEMBER": func(m *model, a []string) client.Value { return truth(get[map[string]bool](m, a[0])[a[1]]) },
	"SMISMEMBER": func(m *model, a []string) client.Value {
		s, v := get[map[string]bool](m, a[0]), array()
		for _, e := range a[1:] {
			v.Elems = append(v.Elems, truth(s[e]))
		}
		return v
	},
	"SMEMBERS": func(m *model, a []string) client.Value {
		return bulks(slices.Collect(maps.Keys(get[map[string]bool](m, a[0]))))
	},
	"SMOVE": func(m *model, a []string) client.Value {
		from := owned[bool](m, a[0])
		if len(from) == 0 {
			return number(0)
		}
		to := owned[bool](m, a[1])
		if !from[a[2]] {
			return number(0)
		}
		if a[0] != a[1] {
			delete(from, a[2])
			to[a[2]] = true
			m.put(a[0], from)
			m.put(a[1], to)
		}
		return number(1)
	},
	"SINTER":      func(m *model, a []string) client.Value { return bulks(slices.Collect(maps.Keys(m.combined(a, inter)))) },
	"SUNION":      func(m *model, a []string) client.Value { return bulks(slices.Collect(maps.Keys(m.combined(a, union)))) },
	"SDIFF":       func(m *model, a []string) client.Value { return bulks(slices.Collect(maps.Keys(m.combined(a, diff)))) },
	"SINTERSTORE": func(m *model, a []string) client.Value { return m.store(a[0], m.combined(a[1:], inter)) },
	"SUNIONSTORE": func(m *model, a []string) client.Value { return m.store(a[0], m.combined(a[1:], union)) },
	"SDIFFSTORE":  func(m *model, a []string) client.Value { return m.store(a[0], m.combined(a[1:], diff)) },
}

// keep says whether an element belongs to the result of an operation, given
// in which of the sets it is.
type keep func(in []bool) bool

func inter(in []bool) bool { return !slices.Contains(in, false) }
func union(in []bool) bool { return slices.Contains(in, true) }
func diff(in []bool) bool  { return in[0] && !slices.Contains(in[1:], true) }

func (m *model) combined(keys []string, keeps keep) map[string]bool {
	all, sets := map[string]bool{}, []map[string]bool{}
	for _, k := range keys {
		s := get[map[string]bool](m, k)
		sets = append(sets, s)
		maps.Copy(all, s)
	}
	maps.DeleteFunc(all, func(e string, _ bool) bool {
		var in []bool
		for _, s := range sets {
			in = append(in, s[e])
		}
		return !keeps(in)
	})
	return all
}

func (m *model) store(key string, s map[string]bool) client.Value {
	m.put(key, s)
	return number(len(s))
}

var modelHashes = map[string]modelCommand{
	"HSET":  func(m *model, a []string) client.Value { return number(m.setFields(a[0], a[1:])) },
	"HMSET": func(m *model, a []string) client.Value { m.setFields(a[0], a[1:]); return ok },
	"HSETNX": func(m *model, a []string) client.Value {
		if _, in := get[map[string]string](m, a[0])[a[1]]; in {
			return number(0)
		}
		return number(m.setFields(a[0], a[1:]))
	},
	"HGET": func(m *model, a []string) client.Value { return fieldOf(get[map[string]string](m, a[0]), a[1]) },
	"HMGET": func(m *model, a []string) client.Value {
		h, v := get[map[string]string](m, a[0]), array()
		for _, f := range a[1:] {
			v.Elems = append(v.Elems, fieldOf(h, f))
		}
		return v
	},
	"HDEL": func(m *model, a []string) client.Value {
		h := owned[string](m, a[0])
		before := len(h)
		for _, f := range a[1:] {
			delete(h, f)
		}
		m.put(a[0], h)
		return number(before - len(h))
	},
	"HEXISTS": func(m *model, a []string) client.Value {
		_, in := get[map[string]string](m, a[0])[a[1]]
		return truth(in)
	},
	"HLEN":    func(m *model, a []string) client.Value { return number(len(get[map[string]string](m, a[0]))) },
	"HSTRLEN": func(m *model, a []string) client.Value { return number(len(get[map[string]string](m, a[0])[a[1]])) },
	"HGETALL": func(m *model, a []string) client.Value {
		v := array()
		for f, s := range get[map[string]string](m, a[0]) {
			v.Elems = append(v.Elems, bulk(f), bulk(s))
		}
		return v
	},
	"HKEYS": func(m *model, a []string) client.Value {
		return bulks(slices.Collect(maps.Keys(get[map[string]string](m, a[0]))))
	},
	"HVALS": func(m *model, a []string) client.Value {
		return bulks(slices.Collect(maps.Values(get[map[string]string](m, a[0]))))
	},
	"HINCRBY": func(m *model, a []string) client.Value {
		h, n := owned[string](m, a[0]), int64(0)
		if s, in := h[a[1]]; in {
			var valid bool
			if n, valid = integer(s); !valid {
				panic(failure("ERR hash value is not an integer"))
			}
		}
		sum, fits := added(n, int64(index(a[2])))
		if !fits {
			panic(overflow)
		}
		h[a[1]] = strconv.FormatInt(sum, 10)
		m.put(a[0], h)
		return client.Value{Kind: client.Integer, Int: sum}
	},
}

// setFields sets fields to values and returns how many are new.
func (m *model) setFields(key string, words []string) int {
	h := owned[string](m, key)
	before := len(h)
	for fv := range slices.Chunk(words, 2) {
		h[fv[0]] = fv[1]
	}
	m.put(key, h)
	return len(h) - before
}

func fieldOf(h map[string]string, field string) client.Value {
	if s, in := h[field]; in {
		return bulk(s)
	}
	return absent
}
