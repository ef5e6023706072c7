package crash

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// wild makes commands whose effect depends on chance, time and what other
// connections do: what an append-only file must not hold verbatim.
type wild struct {
	operations
	rnd    *rand.Rand
	dumped []string // payloads for RESTORE
}

func newWild(seed uint64, lane int) *wild {
	return &wild{
		operations: operations{rnd: rand.New(rand.NewPCG(seed, uint64(lane))), bulky: lane == 0},
		rnd:        rand.New(rand.NewPCG(seed, uint64(100+lane))),
	}
}

var wildCommands = []string{
	"SET s value PX soon", "SET s value EX 1", "SETEX s 1 value", "PSETEX s soon value", "GETEX s PX soon", "GETEX s EX 100",
	"PEXPIRE s soon", "PEXPIRE l soon", "PEXPIRE h soon NX", "PEXPIRE z soon", "PEXPIRE q soon", "EXPIRE e 1", "EXPIRE s -1",
	"INCRBYFLOAT d 0.1", "INCRBYFLOAT d 3.3e-7", "HINCRBYFLOAT h float 0.7", "HINCRBYFLOAT h float -1e10",
	"SPOP e", "SPOP e 3", "SRANDMEMBER e 2", "SPOP e 50", "ZPOPMIN z 2", "ZINCRBY z 0.1 member", "ZADD z INCR 0.3 member",
	"HPEXPIRE h soon FIELDS 2 field field", "HEXPIRE h 1 FIELDS 1 field", "HSETEX h PX soon FIELDS 1 field value",
	"HGETEX h PX soon FIELDS 1 field", "HPERSIST h FIELDS 1 field", "HGET h field", "HGETALL h", "HGETDEL h FIELDS 1 field",
	"XADD q * field value", "XADD q MAXLEN ~ 10 * field value", "XADD q MAXLEN = 5 * field value", "XADD q MINID ~ 5 * field value",
	"XTRIM q MAXLEN ~ 3", "XTRIM q MAXLEN ~ 5 LIMIT 2", "XADD q NOMKSTREAM * field value", "XGROUP CREATE q readers $ MKSTREAM",
	"XREADGROUP GROUP readers me COUNT 3 STREAMS q >", "XREADGROUP GROUP readers you NOACK STREAMS q >",
	"XAUTOCLAIM q readers you 0 0 COUNT 2", "XAUTOCLAIM q readers me 0 0 JUSTID", "XGROUP SETID q readers 0", "XGROUP DELCONSUMER q readers me",
	"XGROUP CREATECONSUMER q readers third", "XGROUP DESTROY q readers", "XREADGROUP GROUP readers me STREAMS q 0",
	"SORT l ALPHA STORE l", "SORT e ALPHA LIMIT 0 4 STORE l", "SORT z BY nosort STORE l", "GEOSEARCHSTORE g g FROMLONLAT 14 38 BYRADIUS 400 km STOREDIST",
	"GEOSEARCHSTORE z g FROMLONLAT 14 38 BYBOX 900 900 km", "ZRANDMEMBER z 2",
	"BLPOP l l 0.01", "BRPOP l 0.01", "BLMOVE l l LEFT RIGHT 0.01", "BRPOPLPUSH l l 0.01", "BZPOPMIN z z 0.01", "BZMPOP 0.01 2 z z MAX COUNT 2",
	"BLMPOP 0.01 2 l l RIGHT COUNT 2", "MSETNX s value s value", "RENAMENX s s", "MOVE s 1", "COPY z z REPLACE", "COPY q q REPLACE", "RENAME q q",
	"COPY s s DB 1", "SWAPDB 1 2", "FLUSHDB", "SETBIT b 9 1", "BITFIELD b INCRBY u8 3 7 OVERFLOW FAIL SET u4 0 9", "PFADD p member member", "PFCOUNT p p",
	"GETSET s value", "SET s value GET", "SET s value XX PX soon", "DELIFEQ s value", "SET s value IFEQ value", "ZDIFFSTORE z 2 z z", "ZINTERSTORE z 2 z z WEIGHTS 0.5 2",
	"SINTERSTORE e e e", "LMPOP 1 l LEFT", "ZRANGESTORE z z 0 -1 REV", "HSETNX h field value", "TOUCH s", "OBJECT FREQ s", "GET s", "XACK q readers 1-1", "XSETID q 9999999999999-0",
}

// rareCommands of wildCommands are sent once in a while only.
var rareCommands = map[string]bool{"FLUSHDB": true, "SWAPDB 1 2": true, "XSETID q 9999999999999-0": true}

const rarity = 20

// next returns a command or a transaction.
func (w *wild) next() operation {
	w.serial++
	if w.rnd.IntN(8) > 0 {
		return operation{w.one()}
	}
	var op operation
	for range 2 + w.rnd.IntN(5) {
		op = append(op, w.one())
	}
	return op
}

func (w *wild) one() []string {
	if len(w.dumped) > 0 && w.rnd.IntN(30) == 0 {
		ttl := []string{"0", w.soon(), "1000000"}[w.rnd.IntN(3)]
		return []string{"RESTORE", "r" + strconv.Itoa(w.rnd.IntN(3)), ttl, w.dumped[w.rnd.IntN(len(w.dumped))], "REPLACE"}
	}
	if w.rnd.IntN(3) == 0 {
		return w.command(w.serial)
	}
	form := wildCommands[w.rnd.IntN(len(wildCommands))]
	if rareCommands[form] && w.rnd.IntN(rarity) > 0 {
		return w.command(w.serial)
	}
	words := strings.Fields(form)
	for i, word := range words {
		if word == "soon" {
			words[i] = w.soon()
		}
	}
	return w.fill(words, w.serial)
}

// soon is a time to live in milliseconds that ends while the test runs.
func (w *wild) soon() string { return strconv.Itoa(1 + w.rnd.IntN(150)) }

// fleetingMax is after which time all that is to expire soon has.
const fleetingMax = 1200 * time.Millisecond
