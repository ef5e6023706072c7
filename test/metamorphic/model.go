package metamorphic

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
)

// model is a target that keeps its data in plain Go values, as simply as can
// be: whole collections are copied, sorted and searched one element at a time.
// It knows the core forms of the families and what audits ask.
type model struct {
	// keys maps to a string, []string (a list), map[string]bool (a set),
	// map[string]float64 (a sorted set) or map[string]string (a hash). No
	// collection in it is empty.
	keys map[string]any
}

func newModel() *model { return &model{keys: map[string]any{}} }

func (m *model) name() string           { return "model" }
func (m *model) advance(time.Duration)  {}
func (m *model) check() (string, error) { return "", nil }

// modelCommand answers the words after a command's name.
type modelCommand func(m *model, args []string) client.Value

// do answers a request. An error is thrown by panic(failure) from wherever it
// is found, before anything has changed.
func (m *model) do(words []string) (v client.Value) {
	defer func() {
		if p := recover(); p != nil {
			text, expected := p.(failure)
			if !expected {
				panic(p)
			}
			v = client.Value{Kind: client.Error, Str: string(text)}
		}
	}()
	for _, table := range []map[string]modelCommand{modelStrings, modelLists, modelSets, modelZSets, modelHashes, modelKeys} {
		if run := table[words[0]]; run != nil {
			return run(m, words[1:])
		}
	}
	panic("the model does not know " + words[0])
}

// failure is an error reply.
type failure string

const (
	wrongType  failure = "WRONGTYPE Operation against a key holding the wrong kind of value"
	notInteger failure = "ERR value is not an integer or out of range"
	noSuchKey  failure = "ERR no such key"
	outOfRange failure = "ERR index out of range"
	overflow   failure = "ERR increment or decrement would overflow"
)

// Replies.
var (
	ok     = client.Value{Kind: client.SimpleString, Str: "OK"}
	absent = client.Value{Kind: client.Null}
)

func number(n int) client.Value            { return client.Value{Kind: client.Integer, Int: int64(n)} }
func bulk(s string) client.Value           { return client.Value{Kind: client.Bulk, Str: s} }
func array(v ...client.Value) client.Value { return client.Value{Kind: client.Array, Elems: v} }

func truth(b bool) client.Value {
	if b {
		return number(1)
	}
	return number(0)
}

func bulks(all []string) client.Value {
	v := array()
	for _, s := range all {
		v.Elems = append(v.Elems, bulk(s))
	}
	return v
}

// get returns the value of type T at a key, or its zero value.
func get[T any](m *model, key string) T {
	v, held := m.keys[key]
	t, is := v.(T)
	if held && !is {
		panic(wrongType)
	}
	return t
}

// put sets the value of a key, or removes the key if the collection is empty.
func (m *model) put(key string, v any) {
	empty := false
	switch v := v.(type) {
	case []string:
		empty = len(v) == 0
	case map[string]bool:
		empty = len(v) == 0
	case map[string]float64:
		empty = len(v) == 0
	case map[string]string:
		empty = len(v) == 0
	}
	if empty {
		delete(m.keys, key)
	} else {
		m.keys[key] = v
	}
}

// integer reads an integer as commands take it: no sign +, no leading zeros.
func integer(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && strconv.FormatInt(n, 10) == s
}

// index reads an argument made by a maker of integers.
func index(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(notInteger)
	}
	return n
}

// span returns the part [from, to) of a length that inclusive indexes mean,
// which count from the end if they are negative.
func span(from, to string, length int) (int, int) {
	a, b := index(from), index(to)
	if a < 0 {
		a = max(0, a+length)
	}
	if b < 0 {
		b += length
	}
	b = min(b, length-1)
	if a > b {
		return 0, 0
	}
	return a, b + 1
}

// has reports whether an option is among words.
func has(words []string, option string) bool { return slices.Contains(words, option) }

var modelKeys = map[string]modelCommand{
	"DEL": func(m *model, a []string) client.Value {
		n := 0
		for _, k := range a {
			if _, held := m.keys[k]; held {
				delete(m.keys, k)
				n++
			}
		}
		return number(n)
	},
	"EXISTS": func(m *model, a []string) client.Value {
		n := 0
		for _, k := range a {
			if _, held := m.keys[k]; held {
				n++
			}
		}
		return number(n)
	},
	"TYPE": func(m *model, a []string) client.Value {
		name := "none"
		switch m.keys[a[0]].(type) {
		case string:
			name = "string"
		case []string:
			name = "list"
		case map[string]bool:
			name = "set"
		case map[string]float64:
			name = "zset"
		case map[string]string:
			name = "hash"
		}
		return client.Value{Kind: client.SimpleString, Str: name}
	},
	"RENAME": func(m *model, a []string) client.Value {
		v, held := m.keys[a[0]]
		if !held {
			panic(noSuchKey)
		}
		delete(m.keys, a[0])
		m.keys[a[1]] = v
		return ok
	},
	"RENAMENX": func(m *model, a []string) client.Value {
		v, held := m.keys[a[0]]
		if !held {
			panic(noSuchKey)
		}
		if m.keys[a[1]] != nil {
			return number(0)
		}
		delete(m.keys, a[0])
		m.keys[a[1]] = v
		return number(1)
	},
	"COPY": func(m *model, a []string) client.Value {
		if a[0] == a[1] {
			panic(failure("ERR source and destination objects are the same"))
		}
		v, held := m.keys[a[0]]
		if !held || m.keys[a[1]] != nil && !has(a, "REPLACE") {
			return number(0)
		}
		m.keys[a[1]] = cloned(v)
		return number(1)
	},
}

var modelStrings = map[string]modelCommand{
	"SET": func(m *model, a []string) client.Value { m.keys[a[0]] = a[1]; return ok },
	"SETNX": func(m *model, a []string) client.Value {
		if m.keys[a[0]] != nil {
			return number(0)
		}
		m.keys[a[0]] = a[1]
		return number(1)
	},
	"GET": func(m *model, a []string) client.Value { return m.text(a[0]) },
	"GETSET": func(m *model, a []string) client.Value {
		old := m.text(a[0])
		m.keys[a[0]] = a[1]
		return old
	},
	"GETDEL": func(m *model, a []string) client.Value {
		old := m.text(a[0])
		delete(m.keys, a[0])
		return old
	},
	"APPEND": func(m *model, a []string) client.Value {
		s := get[string](m, a[0]) + a[1]
		m.keys[a[0]] = s
		return number(len(s))
	},
	"STRLEN": func(m *model, a []string) client.Value { return number(len(get[string](m, a[0]))) },
	"INCR":   func(m *model, a []string) client.Value { return m.increase(a[0], 1) },
	"DECR":   func(m *model, a []string) client.Value { return m.increase(a[0], -1) },
	"INCRBY": func(m *model, a []string) client.Value { return m.increase(a[0], index(a[1])) },
	"DECRBY": func(m *model, a []string) client.Value { return m.increase(a[0], -index(a[1])) },
	"GETRANGE": func(m *model, a []string) client.Value {
		s := get[string](m, a[0])
		from, to := index(a[1]), index(a[2])
		if from < 0 && to < 0 && from > to {
			return bulk("")
		}
		// Unlike in span, an end before the start of the string is its start.
		if from < 0 {
			from = max(0, from+len(s))
		}
		if to < 0 {
			to = max(0, to+len(s))
		}
		if to = min(to, len(s)-1); from > to {
			return bulk("")
		}
		return bulk(s[from : to+1])
	},
	"SETRANGE": func(m *model, a []string) client.Value {
		s, at := get[string](m, a[0]), index(a[1])
		if a[2] == "" {
			return number(len(s))
		}
		if pad := at - len(s); pad > 0 {
			s += strings.Repeat("\x00", pad)
		}
		s = s[:at] + a[2] + s[min(at+len(a[2]), len(s)):]
		m.keys[a[0]] = s
		return number(len(s))
	},
	"MGET": func(m *model, a []string) client.Value {
		v := array()
		for _, k := range a {
			if _, is := m.keys[k].(string); is {
				v.Elems = append(v.Elems, m.text(k))
			} else {
				v.Elems = append(v.Elems, absent)
			}
		}
		return v
	},
	"MSET": func(m *model, a []string) client.Value {
		for kv := range slices.Chunk(a, 2) {
			m.keys[kv[0]] = kv[1]
		}
		return ok
	},
	"MSETNX": func(m *model, a []string) client.Value {
		for kv := range slices.Chunk(a, 2) {
			if m.keys[kv[0]] != nil {
				return number(0)
			}
		}
		for kv := range slices.Chunk(a, 2) {
			m.keys[kv[0]] = kv[1]
		}
		return number(1)
	},
}

// text answers with the string at a key.
func (m *model) text(key string) client.Value {
	s := get[string](m, key)
	if m.keys[key] == nil {
		return absent
	}
	return bulk(s)
}

func (m *model) increase(key string, by int) client.Value {
	n := int64(0)
	if s := get[string](m, key); m.keys[key] != nil {
		var valid bool
		if n, valid = integer(s); !valid {
			panic(notInteger)
		}
	}
	sum, fits := added(n, int64(by))
	if !fits {
		panic(overflow)
	}
	m.keys[key] = strconv.FormatInt(sum, 10)
	return client.Value{Kind: client.Integer, Int: sum}
}

// added returns a sum, if it fits.
func added(a, b int64) (int64, bool) {
	sum := a + b
	return sum, (sum > a) == (b > 0)
}
