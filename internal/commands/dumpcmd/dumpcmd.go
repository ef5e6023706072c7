// Package dumpcmd has the commands that carry a single value from one server to
// another: DUMP writes it as an RDB payload, RESTORE makes a key of one. What a
// payload is, and that nothing in it is trusted, is told in package rdb.
package dumpcmd

import (
	"strings"
	"sync"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/persistence/rdb"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// Deps are what the commands need to know of the server.
type Deps struct {
	Compress        func() bool     // rdbcompression
	Version         func() int      // of the payloads that DUMP makes
	AnyVersion      func() bool     // rdb-version-check is relaxed
	SkipChecksum    func() bool     // DEBUG only
	CountsFrequency func() bool     // maxmemory-policy is one of the LFU policies
	Refused         func(err error) // logs why RESTORE does not take a payload
}

// Commands returns DUMP and RESTORE.
func Commands(d Deps) []command.Spec {
	h := &handlers{Deps: d, encoders: sync.Pool{New: func() any { return new(rdb.Encoder) }}}
	dumpSpec := command.Spec{
		Name: "dump", Group: command.GroupGeneric, Since: "2.6.0", Arity: 2,
		Flags: command.ReadOnly, ACL: command.CatKeyspace,
		Summary:    "Serialize a value into the payload that RESTORE takes",
		Complexity: "O(1) to find the key, O(N*M) to serialize N items of M bytes",
		Tips:       []string{"nondeterministic_output"},
		Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
		Args: []command.Arg{
			{Name: "key", Type: command.ArgKey},
		},
		Run: h.runDump,
	}
	restoreSpec := command.Spec{
		Name: "restore", Group: command.GroupGeneric, Since: "2.6.0", Arity: -4,
		Flags: command.Write | command.DenyOOM, ACL: command.CatKeyspace | command.CatDangerous,
		Summary:    "Create a key from a payload made by DUMP",
		Complexity: "O(1) for the key, O(N*M) to rebuild N items of M bytes, times log(N) for sorted sets",
		History: []command.Change{
			{Version: "3.0.0", What: "option REPLACE"}, {Version: "5.0.0", What: "option ABSTTL"},
			{Version: "5.0.0", What: "options IDLETIME, FREQ"},
		},
		Keys: []command.KeySpec{{Flags: command.KeyOW | command.KeyUpdate, Index: 1, Step: 1}},
		Args: []command.Arg{
			{Name: "key", Type: command.ArgKey}, {Name: "ttl", Type: command.ArgInteger}, {Name: "serialized-value"},
			{Name: "replace", Type: command.ArgPureToken, Token: "REPLACE", Since: "3.0.0", Flags: command.ArgOptional},
			{Name: "absttl", Type: command.ArgPureToken, Token: "ABSTTL", Since: "5.0.0", Flags: command.ArgOptional},
			{Name: "seconds", Type: command.ArgInteger, Token: "IDLETIME", Since: "5.0.0", Flags: command.ArgOptional},
			{Name: "frequency", Type: command.ArgInteger, Token: "FREQ", Since: "5.0.0", Flags: command.ArgOptional},
		},
		Run: h.runRestore,
	}
	restoreAskingSpec := command.Spec{
		Name: "restore-asking", Group: command.GroupServer, Since: "3.0.0", Arity: -4,
		Flags: command.Write | command.DenyOOM | command.Asking, ACL: command.CatKeyspace | command.CatDangerous,
		Summary:    "RESTORE into a slot that is being imported",
		Complexity: "O(1) for the key, O(N*M) to rebuild N items of M bytes, times log(N) for sorted sets",
		SysCmd:     true,
		History: []command.Change{
			{Version: "3.0.0", What: "option REPLACE"}, {Version: "5.0.0", What: "option ABSTTL"},
			{Version: "5.0.0", What: "options IDLETIME, FREQ"},
		},
		Keys: []command.KeySpec{{Flags: command.KeyOW | command.KeyUpdate, Index: 1, Step: 1}},
		Args: []command.Arg{
			{Name: "key", Type: command.ArgKey}, {Name: "ttl", Type: command.ArgInteger}, {Name: "serialized-value"},
			{Name: "replace", Type: command.ArgPureToken, Token: "REPLACE", Since: "3.0.0", Flags: command.ArgOptional},
			{Name: "absttl", Type: command.ArgPureToken, Token: "ABSTTL", Since: "5.0.0", Flags: command.ArgOptional},
			{Name: "seconds", Type: command.ArgInteger, Token: "IDLETIME", Since: "5.0.0", Flags: command.ArgOptional},
			{Name: "frequency", Type: command.ArgInteger, Token: "FREQ", Since: "5.0.0", Flags: command.ArgOptional},
		},
		Run: h.runRestore,
	}
	return []command.Spec{dumpSpec, restoreSpec, restoreAskingSpec}
}

type handlers struct {
	Deps
	encoders sync.Pool // of *rdb.Encoder, whose tables are worth keeping
}

const keptEncoderBytes = 1 << 20 // an encoder with more room is not kept

func (h *handlers) runDump(c *command.Ctx) {
	found := c.Tx.Find(c.Args[1])
	if !found.Found() {
		c.Out.Null()
		return
	}
	e := h.encoders.Get().(*rdb.Encoder)
	e.Format = rdb.Format{Version: h.Version(), Compress: h.Compress()}
	e.Out = e.Out[:0]
	if encodeEntry(e, &found) != nil {
		// A hash whose fields expire, for a server that knows no such thing.
		c.Out.Error("ERR The value cannot be stored in the version of rdb-save-version")
	} else {
		c.Out.Bulk(e.Out)
	}
	if cap(e.Out) <= keptEncoderBytes {
		h.encoders.Put(e)
	}
}

// restoreOptions are what follows the payload.
type restoreOptions struct {
	replace, absolute bool
	idleSeconds       int64 // -1: not given
	frequency         int64 // -1: not given
}

// parseRestore reads the options. If it fails it has replied.
func parseRestore(c *command.Ctx) (o restoreOptions, ok bool) {
	o.idleSeconds, o.frequency = -1, -1
	for i := 4; i < len(c.Args); i++ {
		more := i+1 < len(c.Args)
		switch word := strings.ToLower(c.Arg(i)); {
		case word == "replace":
			o.replace = true
		case word == "absttl":
			o.absolute = true
		case word == "idletime" && more && o.frequency < 0:
			i++
			if o.idleSeconds, ok = c.IntArg(i); !ok {
				return o, false
			}
			if o.idleSeconds < 0 {
				c.Out.Error("ERR Invalid IDLETIME value, must be >= 0")
				return o, false
			}
		case word == "freq" && more && o.idleSeconds < 0:
			i++
			if o.frequency, ok = c.IntArg(i); !ok {
				return o, false
			}
			if o.frequency < 0 || o.frequency > 255 {
				c.Out.Error("ERR Invalid FREQ value, must be >= 0 and <= 255")
				return o, false
			}
		default:
			c.Out.Error(command.SyntaxError)
			return o, false
		}
	}
	return o, true
}

func (h *handlers) runRestore(c *command.Ctx) {
	o, ok := parseRestore(c)
	if !ok {
		return
	}
	key := c.Args[1]
	e := c.Tx.Write(key)
	if e.Found() && !o.replace {
		c.Out.Error("BUSYKEY Target key name already exists.")
		return
	}
	ttl, ok := c.IntArg(2)
	if !ok {
		return
	}
	if ttl < 0 {
		c.Out.Error("ERR Invalid TTL value, must be >= 0")
		return
	}
	object, ok := h.openPayload(c)
	if !ok {
		return
	}
	if ttl != 0 && !o.absolute {
		ttl += c.Now
	}
	if ttl != 0 && ttl <= c.Now && !c.Replaying() {
		keyspace.FreeValue(c.Tx.Heap(), object.Value)
		expireAtOnce(c, &e, key)
		c.Out.OK()
		return
	}
	expiry := int64(-1)
	if ttl != 0 {
		expiry = ttl
	}
	if object.IsString() {
		c.Tx.SetString(&e, key, object.Text, expiry)
	} else {
		c.Tx.Put(key, object.Value, expiry, 1)
	}
	h.setAccess(c, key, o)
	if ttl != 0 && !o.absolute {
		c.PropagateInstead(absoluteRestore(c.Args, ttl)...)
	}
	c.Notify(command.EventGeneric, "restore", key)
	c.Out.OK()
}

// openPayload reads the value. If it fails it has replied.
func (h *handlers) openPayload(c *command.Ctx) (o rdb.Object, ok bool) {
	p, err := rdb.OpenPayload(c.Args[3], rdb.PayloadOptions{Relaxed: h.AnyVersion(), SkipChecksum: h.SkipChecksum()})
	switch {
	case err == nil:
	case err == rdb.ErrKind:
		c.Out.Error("ERR Bad data format")
		return o, false
	default:
		c.Out.Error("ERR DUMP payload version or checksum are wrong")
		return o, false
	}
	if p.ForeignKind() {
		c.Out.Errorf("ERR Unsupported foreign data type: %d", p.Kind)
		return o, false
	}
	if o, err = p.Read(c.Tx.Heap(), c.Limits); err != nil {
		h.Refused(err)
		c.Out.Error("ERR Bad data format")
		return o, false
	}
	return o, true
}

// expireAtOnce removes the key that a value was to replace whose time has come.
func expireAtOnce(c *command.Ctx, e *keyspace.Entry, key []byte) {
	if !e.Found() {
		return
	}
	name := "DEL"
	lazy := c.Tx.Worker().Space().DeletesLazily()
	if lazy {
		name = "UNLINK"
	}
	e.Remove(key, lazy)
	c.Notify(command.EventGeneric, "del", key)
	c.PropagateInstead([]byte(name), key)
}

// setAccess gives the key the access clock that was asked for, if it is the
// clock that the server keeps.
func (h *handlers) setAccess(c *command.Ctx, key []byte, o restoreOptions) {
	e := c.Tx.Peek(key)
	if !e.Found() {
		return // it has expired on a server that only hides such keys
	}
	switch lfu := h.CountsFrequency(); {
	case lfu && o.frequency >= 0:
		e.SetFrequency(uint8(o.frequency))
	case !lfu && o.idleSeconds >= 0:
		e.SetIdle(o.idleSeconds)
	}
}

// absoluteRestore is the command with the time at which the key expires.
func absoluteRestore(args [][]byte, expiry int64) [][]byte {
	out := append([][]byte(nil), args...)
	out[2] = number.AppendInt(nil, expiry)
	return append(out, []byte("ABSTTL"))
}

// encodeEntry writes the payload of a found key.
func encodeEntry(e *rdb.Encoder, found *keyspace.Entry) error {
	if found.Type() != value.String {
		v := found.Value()
		return e.DumpValue(&v)
	}
	var text keyspace.NumberText
	e.DumpString(found.String(&text))
	return nil
}
