package debugcmd

import (
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/datatype/list"
	"github.com/kvasirdb/kvasir/internal/datatype/set"
	"github.com/kvasirdb/kvasir/internal/datatype/stream"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
	"github.com/kvasirdb/kvasir/internal/encoding/streamindex"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// sum is a digest under way. Two ways of adding data to it make all others:
//
//   - toggle: the digest xor SHA1(data). The order does not matter, and what
//     is added twice is gone.
//   - mix: SHA1 of the digest toggled with data. The order matters.
//
// The digest of a key is its name and its value mixed: the elements of lists
// and streams one after the other, those of other collections each by itself
// and then toggled. A dataset is the toggled digests of its keys.
type sum [sha1.Size]byte

func (s *sum) toggle(data []byte) {
	h := sha1.Sum(data)
	for i := range s {
		s[i] ^= h[i]
	}
}

func (s *sum) mix(data []byte) {
	s.toggle(data)
	*s = sha1.Sum(s[:])
}

// mixNumber mixes a number in as four bytes, the highest first.
func (s *sum) mixNumber(n int) { s.mix(binary.BigEndian.AppendUint32(nil, uint32(n))) }

func (s *sum) String() string { return hex.EncodeToString(s[:]) }

// element adds one element of a collection whose order does not matter, made
// of several parts.
func (s *sum) element(parts ...[]byte) {
	var e sum
	for _, p := range parts {
		e.mix(p)
	}
	s.toggle(e[:])
}

// add adds the value and the presence of an expiry of a found key.
func (s *sum) add(e *keyspace.Entry) {
	s.mixNumber(int(e.Type()))
	if e.Type() == value.String {
		var text keyspace.NumberText
		s.mix(e.String(&text))
	} else {
		v := e.Value()
		s.addValue(&v, e.Now())
	}
	if e.Expiry() >= 0 {
		s.toggle([]byte("!!expire!!"))
	}
}

// addValue adds the elements of a collection.
func (s *sum) addValue(v *value.Value, now int64) {
	switch v.Type {
	case value.List:
		list.Range(v, 0, list.Len(v), s.mix)
	case value.Set:
		for member := range set.All(v) {
			s.toggle(member)
		}
	case value.ZSet:
		zset.Range(v, 0, zset.Len(v), false, func(member []byte, score float64) bool {
			s.element(member, number.AppendShortest(nil, score))
			return true
		})
	case value.Hash:
		for e := range hash.All(v, now) {
			s.element(e.Field, e.Value)
		}
	case value.Stream:
		s.addEntries(stream.Open(nil, v))
	}
}

// addEntries adds the entries of a stream; groups do not count.
func (s *sum) addEntries(entries stream.Stream) {
	for it := entries.Range(stream.ID{}, streamindex.Max(), false); it.Next(); {
		id := number.AppendUint(nil, it.ID().Millis)
		s.mix(number.AppendUint(append(id, '.'), it.ID().Seq))
		for range it.Fields() {
			field, val := it.Pair()
			s.mix(field)
			s.mix(val)
		}
	}
}

// dataset returns the digest of everything.
func dataset(tx *keyspace.Tx) (all sum) {
	for db := range tx.Worker().Space().Databases() {
		d := tx.Other(db)
		if d.Len() == 0 {
			continue
		}
		all.mixNumber(db)
		d.Each(func(e keyspace.Entry) {
			var s sum
			s.mix(e.Key())
			s.add(&e)
			all.toggle(s[:])
		})
	}
	return all
}

func digest(c *command.Ctx) {
	s := dataset(c.Tx)
	c.Out.SimpleString(s.String())
}

func digestValue(c *command.Ctx) {
	c.Out.ArrayHeader(len(c.Args) - 2)
	for _, key := range c.Args[2:] {
		var s sum
		if e := c.Tx.Inspect(key); e.Found() {
			s.add(&e)
		}
		c.Out.SimpleString(s.String())
	}
}
