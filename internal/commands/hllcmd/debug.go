package hllcmd

import (
	"encoding/binary"
	"math"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/encoding/hyperloglog"
	"github.com/kvasirdb/kvasir/internal/keyspace"
)

var pfdebugSpec = command.Spec{
	Name: "pfdebug", Group: command.GroupHyperLogLog, Since: "2.8.9", Arity: 3,
	Flags: command.Write | command.DenyOOM | command.Admin, ACL: command.CatHyperLogLog,
	Summary:    "Look into a HyperLogLog; for tests",
	Complexity: "N/A",
	SysCmd:     true,
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyAccess, Index: 2, Step: 1}},
	Args: []command.Arg{
		{Name: "subcommand"}, {Name: "key", Type: command.ArgKey},
	},
	Run: runPFDebug,
}

func runPFDebug(c *command.Ctx) {
	word, key := c.Args[1], c.Args[2]
	if command.Is(word, "simd") {
		// There is one way of merging; the switch is accepted for tests.
		if !command.Is(key, "on") && !command.Is(key, "off") {
			c.Out.Error("ERR Argument must be ON or OFF")
			return
		}
		c.Out.SimpleString("disabled")
		return
	}
	e := c.Tx.Write(key)
	if !e.Found() {
		c.Out.Error("ERR The specified key does not exist")
		return
	}
	var text keyspace.NumberText
	b, ok := isSketch(c, &e, &text)
	if !ok {
		return
	}
	switch {
	case command.Is(word, "getreg"):
		set, ok := hyperloglog.All(b)
		if !ok {
			c.Out.Error(corrupt)
			return
		}
		makeDense(c, &e, key, b)
		c.Out.ArrayHeader(len(set))
		for _, run := range set {
			c.Out.Int(int64(run))
		}
	case command.Is(word, "decode"):
		if hyperloglog.IsDense(b) {
			c.Out.Error("ERR HLL encoding is not sparse")
			return
		}
		c.Out.BulkString(hyperloglog.Runs(b))
	case command.Is(word, "encoding"):
		if hyperloglog.IsDense(b) {
			c.Out.SimpleString("dense")
		} else {
			c.Out.SimpleString("sparse")
		}
	case command.Is(word, "todense"):
		made, ok := makeDense(c, &e, key, b)
		switch {
		case !ok:
			c.Out.Error(corrupt)
		case made:
			c.Out.Int(1)
		default:
			c.Out.Int(0)
		}
	default:
		c.Out.Errorf("ERR Unknown PFDEBUG subcommand '%s'", command.UpToZero(word))
	}
}

// makeDense makes the sketch of a key dense; ok is false if it is corrupt.
func makeDense(c *command.Ctx, e *keyspace.Entry, key, b []byte) (made, ok bool) {
	if hyperloglog.IsDense(b) {
		return false, true
	}
	d, ok := hyperloglog.ToDense(b)
	if ok {
		store(c, e, key, d)
	}
	return ok, ok
}

var pfselftestSpec = command.Spec{
	Name: "pfselftest", Group: command.GroupHyperLogLog, Since: "2.8.9", Arity: 1,
	Flags: command.Admin, ACL: command.CatHyperLogLog,
	Summary:    "Check the HyperLogLog implementation; for tests",
	Complexity: "N/A",
	SysCmd:     true,
	Lock:       command.LockNone,
	Run:        runPFSelfTest,
}

// selfTestElements is how many elements PFSELFTEST counts.
const selfTestElements = 1_000_000

// runPFSelfTest counts elements in a sketch that becomes dense by itself and in
// one that is dense from the start: they must agree and come close.
func runPFSelfTest(c *command.Ctx) {
	grown := hyperloglog.New()
	dense, _ := hyperloglog.ToDense(grown)
	seed := c.Tx.Rand().Uint64()
	var element [8]byte
	checkpoint := 1
	for i := 1; i <= selfTestElements; i++ {
		binary.LittleEndian.PutUint64(element[:], uint64(i)^seed)
		index, run := hyperloglog.Place(element[:])
		hyperloglog.RaiseDense(dense, index, run)
		grown, _, _ = hyperloglog.Raise(grown, index, run, c.Limits.HLLSparseMaxBytes)
		if i != checkpoint {
			continue
		}
		if i < c.Limits.HLLSparseMaxBytes/2 && hyperloglog.IsDense(grown) {
			c.Out.Error("ERR TESTFAILED sparse encoding not used")
			return
		}
		n, _ := hyperloglog.Count(dense)
		if m, _ := hyperloglog.Count(grown); m != n {
			c.Out.Error("ERR TESTFAILED dense/sparse disagree")
			return
		}
		off := int64(i) - n
		if off < 0 {
			off = -off
		}
		allowed := int64(math.Ceil(1.04 / math.Sqrt(hyperloglog.Registers) * 6 * float64(i)))
		if off > allowed {
			c.Out.Errorf("ERR TESTFAILED Too big error. card:%d abserr:%d", i, off)
			return
		}
		checkpoint *= 10
	}
	c.Out.OK()
}
