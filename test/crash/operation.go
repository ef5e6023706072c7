package crash

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

const (
	// counterKey holds the serial number of a recent operation, so that the
	// search for the prefix has a place to begin.
	counterKey = "n"
	// counterEvery is how many operations apart the counter is set.
	counterEvery = 8
	// sharedDB is where transactions write, too, so that they span databases.
	sharedDB = 15
	// fleetingPrefix begins the names of keys that expire while the test runs.
	// Each is written once.
	fleetingPrefix = "x"
	fields         = 8
)

// operation is a command, or a transaction if there are several.
type operation [][]string

// operations makes the operations of one writer. The keys after each depend on
// nothing but those before, whenever they are executed: times are absolute,
// stream numbers are given, and members are only popped where all are.
type operations struct {
	rnd    *rand.Rand
	db     int
	serial int
	// now, if set, lets some keys expire soon after.
	now func() time.Time
	// bulky makes some values large.
	bulky bool
}

// next returns the next operation, whose serial number is o.serial before.
func (o *operations) next() operation {
	serial := o.serial
	o.serial++
	number := strconv.Itoa(serial)
	switch {
	case serial%counterEvery == 0:
		return operation{{"SET", counterKey, number}}
	case o.rnd.IntN(5) == 0:
		return o.transaction(number)
	case o.rnd.IntN(100) == 0:
		return operation{{"FLUSHDB"}, {"SET", counterKey, number}}
	case o.now != nil && o.rnd.IntN(20) == 0:
		return operation{{"SET", fleetingPrefix + number, number, "PXAT", o.soon()}}
	case o.now != nil && o.rnd.IntN(40) == 0:
		key := fleetingPrefix + "h" + number
		return operation{{"HSET", key, "f0", number}, {"HPEXPIREAT", key, o.soon(), "FIELDS", "1", "f0"}}
	}
	return operation{o.command(serial)}
}

func (o *operations) soon() string {
	return strconv.FormatInt(o.now().UnixMilli()+5+o.rnd.Int64N(80), 10)
}

// transaction writes the same number in three places, and some more.
func (o *operations) transaction(number string) operation {
	op := operation{{"SET", "t1", number}}
	for range o.rnd.IntN(4) {
		op = append(op, o.command(o.serial))
	}
	return append(op,
		[]string{"SELECT", strconv.Itoa(sharedDB)}, []string{"SET", o.sharedKey(), number},
		[]string{"SELECT", strconv.Itoa(o.db)}, []string{"HSET", "t2", "number", number})
}

func (o *operations) sharedKey() string { return sharedKey(o.db) }

func sharedKey(db int) string { return "t" + strconv.Itoa(db) }

// command returns a command of any kind. Some of them fail or do nothing, always
// in the same state.
func (o *operations) command(serial int) []string {
	kinds := []string{
		"SET s value", "SET s value KEEPTTL", "SET s value PXAT later", "APPEND s value", "SETRANGE s n30 value",
		"GETDEL s", "GETEX s PXAT later", "GETEX s PERSIST", "MSET s value s value", "SETNX s value", "GETSET s value",
		"SETBIT b n300 1", "BITOP XOR b b b", "BITFIELD b SET u8 n90 n200",
		"INCR i", "INCRBY i n100", "DECR i", "INCRBYFLOAT d 0.25",
		"PFADD p member", "PFMERGE p p p",
		"RPUSH l value value", "LPUSH l value", "LPOP l", "RPOP l 2", "LSET l 0 value", "LREM l 1 value",
		"LINSERT l AFTER value value", "LTRIM l 0 12", "LMOVE l l LEFT RIGHT", "RPOPLPUSH l l", "LMPOP 2 l l LEFT COUNT 2",
		"HSET h field value field value", "HDEL h field", "HINCRBY h number n9", "HINCRBYFLOAT h float 1.5", "HSETNX h field value",
		"HPEXPIREAT h later FIELDS 1 field", "HPERSIST h FIELDS 1 field", "HSETEX h PXAT later FIELDS 1 field value",
		"HGETEX h PXAT later FIELDS 1 field",
		"SADD e member member", "SADD e n90", "SREM e member", "SMOVE e e member", "SPOP e 200", "SINTERSTORE e e e",
		"SUNIONSTORE e e e", "SDIFFSTORE e e e",
		"ZADD z n50 member n50 member", "ZADD z GT n90 member", "ZINCRBY z 1.5 member", "ZREM z member", "ZPOPMIN z", "ZPOPMAX z 2",
		"ZREMRANGEBYRANK z 0 1", "ZUNIONSTORE z 2 z z", "ZRANGESTORE z z 0 3", "ZMPOP 1 z MIN", "GEOADD g 13.3 38.1 member",
		"GEOADD g 15.0 37.5 member", "GEOSEARCHSTORE g g FROMLONLAT 14 38 BYRADIUS 400 km",
		"XADD q MAXLEN 12 serial field value", "XADD q serial field value", "XTRIM q MAXLEN 9", "XDEL q serial",
		"XGROUP CREATE q readers 0 MKSTREAM", "XREADGROUP GROUP readers me COUNT 2 STREAMS q >", "XAUTOCLAIM q readers you 0 0",
		"DEL s l", "UNLINK h", "DEL z e", "RENAME s s", "COPY h h REPLACE", "COPY l l REPLACE", "PEXPIREAT l later", "EXPIREAT z later",
		"PERSIST l", "SORT l ALPHA STORE l", "PEXPIREAT s 1", "BLPOP l 0.001",
	}
	return o.fill(strings.Fields(kinds[o.rnd.IntN(len(kinds))]), serial)
}

// fill replaces the words of a command that stand for keys, members, numbers and
// the like.
func (o *operations) fill(words []string, serial int) []string {
	key := func(kind string) string { return kind + strconv.Itoa(o.rnd.IntN(3)) }
	member := func() string { return "m" + strconv.Itoa(o.rnd.IntN(12)) }
	field := func() string { return "f" + strconv.Itoa(o.rnd.IntN(fields)) }
	number := func(n int) string { return strconv.Itoa(o.rnd.IntN(n)) }
	// The time is far away, and never twice the same.
	later := strconv.FormatInt(4e12+int64(serial), 10)
	value := "v" + strconv.Itoa(serial)
	if o.bulky && o.rnd.IntN(12) == 0 {
		value += strings.Repeat("-", o.rnd.IntN(9000))
	}
	for i, word := range words[1:] {
		switch {
		case word == "value":
			word = value
		case word == "later":
			word = later
		case word == "member":
			word = member()
		case word == "field":
			word = field()
		case word == "serial":
			word = fmt.Sprintf("%d-1", serial+1)
		case len(word) == 1 && word[0] >= 'a' && word[0] <= 'z':
			word = key(word)
		case len(word) > 1 && word[0] == 'n' && word[1] <= '9':
			n, err := strconv.Atoi(word[1:])
			if err == nil {
				word = number(n)
			}
		}
		words[i+1] = word
	}
	return words
}
