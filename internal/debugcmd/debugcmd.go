// Package debugcmd is the DEBUG command: switches and views for those who test
// the server, and nobody else.
//
// Each subcommand is one line of a table: its name, how many words it takes,
// and its function. All of them run in exclusive mode. Subcommands about a part
// that the server was built without are not in the table, and answered as
// unknown.
//
// The digest (digest.go) is a promise: for the same data it is the same as
// Valkey's, so that two servers can be compared by it.
package debugcmd

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// Deps are what the subcommands reach besides keys. Those of a part that the
// server does not have are nil.
type Deps struct {
	Log Logger
	// Now is the present time, Unix seconds.
	Now func() int64
	// LFU reports whether the access clock counts frequency of use.
	LFU func() bool
	// SetActiveExpire turns the background removal of expired keys on or off.
	SetActiveExpire func(on bool)
	// PauseCron stops the server's periodic work, or lets it go on.
	PauseCron func(on bool)
	// RewriteConfig writes all parameters to the configuration file.
	RewriteConfig func() error
	// SetPackedThreshold changes from which size on an element of a list is
	// kept by itself; 0 restores the default.
	SetPackedThreshold func(bytes int64)
	// OutputInBlocks makes limits of output count any output as a whole block.
	OutputInBlocks func(on bool)
	// SkipChecksum makes payloads be taken whose checksum is wrong.
	SkipChecksum func(on bool)
	// Reload saves all keys, unless ReloadOptions.NoSave is set, and loads them
	// again.
	Reload func(tx *keyspace.Tx, o ReloadOptions) error
	// LoadAOF loads the append-only file in the place of all keys.
	LoadAOF func(c *command.Ctx) error
	// SetAOFWriteDelay makes every write of the append-only file wait before.
	SetAOFWriteDelay func(micros int64)
	// ClientEviction describes which clients maxmemory-clients may evict; ok is
	// false when it is off.
	ClientEviction func() (text string, ok bool)
	// Restart begins the process anew after a delay, gracefully or as after a
	// crash. It returns only if it fails.
	Restart func(graceful bool, delay time.Duration)
}

// ReloadOptions are the words of DEBUG RELOAD.
type ReloadOptions struct{ NoSave, NoFlush, Merge bool }

// ErrSave is what Deps.Reload returns if saving failed.
var ErrSave = errors.New("the keys cannot be saved")

// Logger writes to the server's log.
type Logger interface {
	Noticef(format string, args ...any)
	Warningf(format string, args ...any)
}

// Commands returns the DEBUG command.
func Commands(d Deps) []command.Spec {
	h := &handler{Deps: d, subcommands: map[string]subcommand{}}
	h.addAll()
	debugSpec := command.Spec{
		Name: "debug", Group: command.GroupServer, Since: "1.0.0", Arity: -2,
		Flags:      command.Admin | command.NoScript | command.Loading | command.Stale | command.Protected,
		Summary:    "Commands for testing the server itself",
		Complexity: "Depends on the subcommand",
		SysCmd:     true,
		Lock:       command.LockExclusive,
		Run:        h.run,
	}
	return []command.Spec{debugSpec}
}

type handler struct {
	Deps
	subcommands map[string]subcommand
}

type subcommand struct {
	wordsMin, wordsMax int // DEBUG and the name included
	run                func(c *command.Ctx)
}

const anyNumber = 1 << 30

// addAll fills the table.
func (h *handler) addAll() {
	add := func(name string, wordsMin, wordsMax int, run func(*command.Ctx)) {
		h.subcommands[name] = subcommand{wordsMin, wordsMax, run}
	}
	// flag adds a switch that this server keeps for Valkey's sake only: what
	// it turns on or off there is no choice here.
	flag := func(name string) { add(name, 3, 3, func(c *command.Ctx) { c.Out.OK() }) }

	add("help", 2, 2, h.help)
	add("sleep", 3, 3, sleep)
	add("error", 3, 3, reportError)
	add("log", 3, 3, h.log)
	add("protocol", 3, 3, protocol)
	add("structsize", 2, 2, structSize)
	add("stringmatch-test", 2, 2, stringMatchTest)
	add("object", 3, 4, h.object)
	add("sdslen", 3, 3, stringSizes)
	add("listpack", 3, 3, h.listpack)
	add("quicklist", 3, 4, h.quicklist)
	add("htstats", 3, anyNumber, tableStats)
	add("htstats-key", 3, anyNumber, valueTableStats)
	add("digest", 2, 2, digest)
	add("digest-value", 2, anyNumber, digestValue)
	add("populate", 3, 5, populate)
	add("segfault", 2, anyNumber, h.segfault)
	add("panic", 2, anyNumber, h.panic)
	add("assert", 2, anyNumber, h.assert)
	flag("dict-resizing")
	flag("hashtable-can-abort-shrink")
	add("replybuffer", 4, 4, replyBuffer)
	if h.SetActiveExpire != nil {
		add("set-active-expire", 3, 3, func(c *command.Ctx) {
			h.SetActiveExpire(leadingInt(c.Args[2]) != 0)
			c.Out.OK()
		})
	}
	if h.PauseCron != nil {
		add("pause-cron", 3, 3, func(c *command.Ctx) {
			h.PauseCron(leadingInt(c.Args[2]) != 0)
			c.Out.OK()
		})
	}
	if h.OutputInBlocks != nil {
		add("client-enforce-reply-list", 3, 3, func(c *command.Ctx) {
			h.OutputInBlocks(leadingInt(c.Args[2]) != 0)
			c.Out.OK()
		})
	}
	if h.SkipChecksum != nil {
		add("set-skip-checksum-validation", 3, 3, func(c *command.Ctx) {
			h.SkipChecksum(leadingInt(c.Args[2]) != 0)
			c.Out.OK()
		})
	}
	if h.Reload != nil {
		add("reload", 2, anyNumber, h.reload)
	}
	if h.LoadAOF != nil {
		add("loadaof", 2, anyNumber, h.loadAOF)
	}
	if h.SetAOFWriteDelay != nil {
		add("aof-flush-sleep", 3, 3, func(c *command.Ctx) {
			h.SetAOFWriteDelay(leadingInt(c.Args[2]))
			c.Out.OK()
		})
	}
	if h.RewriteConfig != nil {
		add("config-rewrite-force-all", 2, 2, h.rewriteConfig)
	}
	if h.SetPackedThreshold != nil {
		add("quicklist-packed-threshold", 3, 3, h.packedThreshold)
	}
	if h.ClientEviction != nil {
		add("client-eviction", 2, 2, h.clientEviction)
	}
	if h.Restart != nil {
		add("restart", 2, anyNumber, func(c *command.Ctx) { h.restart(c, true) })
		add("crash-and-recover", 2, anyNumber, func(c *command.Ctx) { h.restart(c, false) })
	}
}

func (h *handler) run(c *command.Ctx) {
	s, ok := h.subcommands[strings.ToLower(c.Arg(1))]
	if !ok || len(c.Args) < s.wordsMin || len(c.Args) > s.wordsMax {
		syntaxError(c)
		return
	}
	s.run(c)
}

func syntaxError(c *command.Ctx) {
	c.Out.Error(command.SubcommandSyntax(c.Args))
}

func (h *handler) reload(c *command.Ctx) {
	var o ReloadOptions
	for _, arg := range c.Args[2:] {
		switch {
		case command.Is(arg, "merge"):
			o.Merge = true
		case command.Is(arg, "noflush"):
			o.NoFlush = true
		case command.Is(arg, "nosave"):
			o.NoSave = true
		default:
			c.Out.Error("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.")
			return
		}
	}
	switch err := h.Reload(c.Tx, o); {
	case errors.Is(err, ErrSave):
		c.Out.Error("ERR")
	case err != nil:
		c.Out.Error("ERR Error trying to load the RDB dump, check server logs.")
	default:
		h.Log.Noticef("DB reloaded by DEBUG RELOAD")
		c.PropagateNothing()
		c.Out.OK()
	}
}

func (h *handler) loadAOF(c *command.Ctx) {
	if h.LoadAOF(c) != nil {
		c.Out.Error("ERR Error trying to load the AOF files, check server logs.")
		return
	}
	h.Log.Noticef("Append Only File loaded by DEBUG LOADAOF")
	c.PropagateNothing()
	c.Out.OK()
}

// leadingInt reads the number a word begins with, 0 if it begins with none.
func leadingInt(word []byte) int64 {
	n := 0
	for n < len(word) && (word[n] >= '0' && word[n] <= '9' || n == 0 && word[n] == '-') {
		n++
	}
	v, _ := strconv.ParseInt(string(word[:n]), 10, 64)
	return v
}

func sleep(c *command.Ctx) {
	seconds, _ := number.ParseDouble(c.Args[2])
	time.Sleep(time.Duration(seconds * float64(time.Second)))
	c.Out.OK()
}

func reportError(c *command.Ctx) { c.Out.Error(c.Arg(2)) }

func (h *handler) log(c *command.Ctx) {
	h.Log.Warningf("DEBUG LOG: %s", c.Args[2])
	c.Out.OK()
}

func (h *handler) rewriteConfig(c *command.Ctx) {
	if err := h.RewriteConfig(); err != nil {
		c.Out.Errorf("ERR CONFIG-REWRITE-FORCE-ALL failed: %s", strings.TrimPrefix(err.Error(), "ERR "))
		return
	}
	c.Out.OK()
}

func (h *handler) clientEviction(c *command.Ctx) {
	text, ok := h.ClientEviction()
	if !ok {
		c.Out.Error("ERR maxmemory-clients is disabled.")
		return
	}
	c.Out.Verbatim("txt", []byte(text))
}

// replyBuffer accepts the settings of Valkey's reply buffers. Buffers here are
// lent to connections while they have output.
func replyBuffer(c *command.Ctx) {
	switch strings.ToLower(c.Arg(2)) {
	case "peak-reset-time":
		if command.Is(c.Args[3], "never") || command.Is(c.Args[3], "reset") {
			break
		}
		if _, ok := c.IntArg(3); !ok {
			return
		}
	case "resizing":
	default:
		syntaxError(c)
		return
	}
	c.Out.OK()
}

// packedThresholdMax is a megabyte short of 4 GiB, as in Valkey.
const packedThresholdMax = 1<<32 - 1<<20

func (h *handler) packedThreshold(c *command.Ctx) {
	size, ok := memorySize(c.Arg(2))
	if !ok || size > packedThresholdMax {
		c.Out.Error("ERR argument must be a memory value bigger than 1 and smaller than 4gb")
		return
	}
	h.SetPackedThreshold(int64(size))
	c.Out.OK()
}

// memorySize reads a number of bytes with an optional unit.
func memorySize(text string) (bytes uint64, ok bool) {
	digits := strings.TrimRight(strings.ToLower(text), "bgkm")
	unit, ok := map[string]uint64{
		"": 1, "b": 1, "k": 1e3, "kb": 1 << 10, "m": 1e6, "mb": 1 << 20, "g": 1e9, "gb": 1 << 30,
	}[strings.ToLower(text[len(digits):])]
	n, err := strconv.ParseUint(digits, 10, 64)
	return n * unit, ok && err == nil
}
