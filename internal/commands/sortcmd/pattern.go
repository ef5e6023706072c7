package sortcmd

import (
	"bytes"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
)

// pattern leads from an element to a value: that of the string key, or of the
// field of the hash key ("weight_*->age"), whose name has the element in place
// of the first *. The pattern # leads to the element itself, one without *
// nowhere.
type pattern struct {
	self           bool
	star           bool
	prefix, suffix []byte
	field          []byte // nil: a string key
}

// parsePattern reads a pattern, whose special characters count up to the first
// zero byte only.
func parsePattern(word []byte) (p pattern) {
	text := command.UpToZero(word)
	p.self = string(text) == "#"
	at := bytes.IndexByte(text, '*')
	if at < 0 {
		return p
	}
	p.star = true
	p.prefix, p.suffix = word[:at], word[at+1:]
	if arrow := bytes.Index(text[at+1:], []byte("->")); arrow >= 0 && at+1+arrow+2 < len(text) {
		p.suffix, p.field = p.suffix[:arrow], p.suffix[arrow+2:]
	}
	return p
}

// follower follows patterns. It keeps the memory for that.
type follower struct {
	c      *command.Ctx
	key    []byte
	number keyspace.NumberText
	field  hash.Scratch
}

// follow returns the value that p leads to from elem, or false if there is
// none. It is valid until the next call.
func (f *follower) follow(p *pattern, elem []byte) (val []byte, ok bool) {
	switch {
	case p.self:
		return elem, true
	case !p.star:
		return nil, false
	}
	f.key = append(append(append(f.key[:0], p.prefix...), elem...), p.suffix...)
	e := f.c.Tx.Find(f.key)
	switch {
	case !e.Found():
	case p.field == nil:
		if e.Type() == value.String {
			return e.String(&f.number), true
		}
	case e.Type() == value.Hash:
		v := e.Value()
		entry, ok := hash.Get(&v, p.field, f.c.Now, &f.field)
		return entry.Value, ok
	}
	return nil, false
}

// each hands to visit what the result has, in order: the elements, or what each
// GET leads to.
func (q *query) each(c *command.Ctx, r *result, visit func(val []byte, found bool)) {
	f := follower{c: c}
	for i := range r.len() {
		elem := r.at(i)
		if len(q.gets) == 0 {
			visit(elem, true)
		}
		for k := range q.gets {
			visit(f.follow(&q.gets[k], elem))
		}
	}
}
