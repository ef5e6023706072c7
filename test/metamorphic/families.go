package metamorphic

import (
	"fmt"
	"strings"
)

// family is the forms of one type of value.
type family struct {
	// name begins the names of its keys.
	name string
	// core are the forms that the model knows, more are the others. Both list
	// one form a line; a line may begin with a mark of formMarks.
	core, more string
	// apart means that no other family's forms name its keys.
	apart bool
	forms []form
}

// form is one pattern of requests.
type form struct {
	pattern pattern
	core    bool
	marks   mark
}

// mark says what is special about a form.
type mark uint8

const (
	unordered mark = 1 << iota // the reply is an array in any order
	pairs                      // it is pairs in any order, flat
	picks                      // it picks at random: see pick.go
	walks                      // it is one step of a walk, which is made whole
	timed                      // the reply or the effect depends on the present time
	global                     // it reaches beyond the generator's own keys
)

// formMarks are the marks as the tables write them.
var formMarks = map[byte]mark{'~': unordered, '=': pairs, '?': picks, '@': walks, '!': timed, '*': global}

// makers are what <name> stands for.
var makers = map[string]maker{
	"key":    word((*generator).key),
	"keys":   counted(word((*generator).key)),
	"anykey": word((*generator).anyKey),
	"member": word((*generator).member),
	"value":  word((*generator).member),
	"field":  word(func(g *generator) string { return fmt.Sprintf("f%d", g.IntN(14)) }),
	"fields": counted(word(func(g *generator) string { return fmt.Sprintf("f%d", g.IntN(14)) })),
	"pairs": counted(func(g *generator, out []string) []string {
		return append(out, fmt.Sprintf("f%d", g.IntN(14)), g.member())
	}),
	"keyvalues": counted(func(g *generator, out []string) []string { return append(out, g.key(), g.member()) }),
	"number":    word(func(g *generator) string { return fmt.Sprintf("n%d", g.IntN(6)) }), // a field that counts
	"int":       between(-20, 20),
	"float":     among("0.5", "-1.25", "3", "1e2", "-7", "0.1"),
	"index":     between(-9, 9),
	"count":     between(0, 6),
	"some":      between(1, 5),
	"signed":    between(-6, 6),
	"offset":    between(0, 90),
	"bit":       among("0", "1"),
	"side":      among("LEFT", "RIGHT"),
	"score":     among("0", "1", "2", "3", "4", "5", "-1", "1.5", "2.25", "-inf", "+inf", "1e20", "7", "8", "9", "10"),
	// No weight makes -0, which Valkey too keeps only where it is not packed.
	"weight":   among("1", "2", "0.5", "3"),
	"min":      among("-inf", "0", "(1", "1", "2", "(2", "1.5", "3", "+inf"),
	"max":      among("+inf", "5", "(5", "3", "(3", "10", "2.25", "-inf"),
	"lexmin":   among("-", "[m1", "(m1", "[5", "(3", "[", "+"),
	"lexmax":   among("+", "[m9", "(m5", "[8", "(9", "[zz", "-"),
	"seconds":  among("0", "-1", "1", "5", "100", "10000"),
	"millis":   among("1", "10", "300", "5000", "100000"),
	"when":     among("1", "1700000000", "4000000000", "4000000001"),
	"database": among("0", "1"),
	// <next> is an id greater than any made before; <id> is around those.
	"next":     word(func(g *generator) string { g.lastID++; return fmt.Sprintf("%d-%d", g.lastID/3, g.lastID%3) }),
	"id":       word((*generator).streamID),
	"from":     word(func(g *generator) string { return g.either("-", "", "(") }),
	"to":       word(func(g *generator) string { return g.either("+", "", "(") }),
	"group":    among("g1", "g2"),
	"consumer": among("ann", "bob", "cid"),
	"unit":     among("m", "km", "mi", "ft"),
	"lon":      among("13.36", "15.08", "2.35", "-0.12", "179.9", "-179.9", "0"),
	"lat":      among("38.11", "37.5", "48.85", "51.5", "0.1", "-40", "85"),
	"bits":     among("u8", "i8", "u5", "i16", "u63", "i64", "u1"),
	"place":    among("0", "#1", "#3", "7", "100", "13"),
}

func (g *generator) streamID() string {
	return fmt.Sprintf("%d-%d", max(0, g.lastID-g.IntN(30))/3, g.IntN(4))
}

// either returns the end of a range, or an id, which may be marked as excluded.
func (g *generator) either(end string, marks ...string) string {
	if g.IntN(2) == 0 {
		return end
	}
	return marks[g.IntN(len(marks))] + g.streamID()
}

// allFamilies returns the tables, parsed.
func allFamilies() []*family {
	all := []*family{
		stringFamily(), listFamily(), setFamily(), zsetFamily(), lexFamily(), hashFamily(), streamFamily(),
		bitFamily(), hllFamily(), geoFamily(), keyFamily(),
	}
	for _, f := range all {
		f.parse()
	}
	return all
}

// parse makes forms of the tables' lines.
func (f *family) parse() {
	for i, table := range []string{f.core, f.more} {
		for line := range strings.Lines(table) {
			line = strings.TrimSpace(line)
			if line == "" {
				continue
			}
			fm := form{core: i == 0}
			for ; formMarks[line[0]] != 0; line = line[1:] {
				fm.marks |= formMarks[line[0]]
			}
			fm.pattern = parse(line)
			f.forms = append(f.forms, fm)
		}
	}
}

func stringFamily() *family {
	return &family{name: "string",
		core: `
			SET <key> <value>
			SETNX <key> <value>
			GET <key>
			GETSET <key> <value>
			GETDEL <key>
			APPEND <key> <value>
			STRLEN <key>
			INCR <key>
			DECR <key>
			INCRBY <key> <int>
			DECRBY <key> <int>
			GETRANGE <key> <index> <index>
			SETRANGE <key> <offset> <value>
			MGET {<key>}
			MSET {<key> <value>}
			MSETNX {<key> <value>}
		`,
		more: `
			SET <key> <value> [NX|XX|IFEQ <value>|] [GET|] [KEEPTTL|EXAT <when>|PXAT 4000000000123|]
			! SET <key> <value> [EX <seconds>|PX <millis>]
			! SETEX <key> <seconds> <value>
			! PSETEX <key> <millis> <value>
			GETEX <key> [PERSIST|EXAT <when>|]
			! GETEX <key> [EX <seconds>|PX <millis>]
			INCRBYFLOAT <key> <float>
			SUBSTR <key> <index> <index>
			LCS <key> <key> [LEN|IDX|IDX MINMATCHLEN 2 WITHMATCHLEN|]
			DELIFEQ <key> <value>
			MSETEX <keyvalues> [NX|XX|] [KEEPTTL|EXAT 4000000000|]
		`,
	}
}

func listFamily() *family {
	return &family{name: "list",
		core: `
			LPUSH <key> {<value>}
			RPUSH <key> {<value>}
			LPUSHX <key> <value>
			RPUSHX <key> {<value>}
			LPOP <key>
			RPOP <key>
			LPOP <key> <count>
			RPOP <key> <count>
			LLEN <key>
			LINDEX <key> <index>
			LRANGE <key> <index> <index>
			LSET <key> <index> <value>
			LINSERT <key> [BEFORE|AFTER] <value> <value>
			LREM <key> <signed> <value>
			LTRIM <key> <index> <index>
			RPOPLPUSH <key> <key>
			LMOVE <key> <key> <side> <side>
		`,
		more: `
			LPOS <key> <value> [RANK <index>|] [COUNT <count>|] [MAXLEN <count>|]
			LMPOP <keys> <side> [COUNT <some>|]
			RPUSH <key> {<value>}
		`,
	}
}

func setFamily() *family {
	return &family{name: "set",
		core: `
			SADD <key> {<member>}
			SREM <key> {<member>}
			SCARD <key>
			SISMEMBER <key> <member>
			SMISMEMBER <key> {<member>}
			~ SMEMBERS <key>
			SMOVE <key> <key> <member>
			~ SINTER {<key>}
			~ SUNION {<key>}
			~ SDIFF {<key>}
			SINTERSTORE <key> {<key>}
			SUNIONSTORE <key> {<key>}
			SDIFFSTORE <key> {<key>}
			? SPOP <key>
			? SPOP <key> <count>
		`,
		more: `
			SINTERCARD <keys> [LIMIT <count>|]
			? SRANDMEMBER <key>
			? SRANDMEMBER <key> <signed>
			@ SSCAN <key> 0 [COUNT <some>|]
		`,
	}
}

func zsetFamily() *family {
	return &family{name: "zset",
		core: `
			ZADD <key> {<score> <member>}
			ZADD <key> [NX|XX|GT|LT|XX GT|XX LT] [CH|] {<score> <member>}
			ZADD <key> INCR <float> <member>
			ZINCRBY <key> <float> <member>
			ZREM <key> {<member>}
			ZCARD <key>
			ZSCORE <key> <member>
			ZMSCORE <key> {<member>}
			ZRANK <key> <member>
			ZREVRANK <key> <member>
			ZCOUNT <key> <min> <max>
			ZRANGE <key> <index> <index> [WITHSCORES|]
			ZREVRANGE <key> <index> <index> [WITHSCORES|]
			ZRANGEBYSCORE <key> <min> <max> [WITHSCORES|]
			ZREVRANGEBYSCORE <key> <max> <min> [WITHSCORES|]
			ZPOPMIN <key>
			ZPOPMAX <key> <count>
			ZREMRANGEBYRANK <key> <index> <index>
			ZREMRANGEBYSCORE <key> <min> <max>
		`,
		more: `
			ZRANGEBYSCORE <key> <min> <max> LIMIT <count> <signed>
			ZRANGE <key> <min> <max> BYSCORE [LIMIT <count> <signed>|] [WITHSCORES|]
			ZRANGE <key> <max> <min> BYSCORE REV [LIMIT <count> <signed>|]
			ZRANGESTORE <key> <key> [<index> <index> [REV|]|<min> <max> BYSCORE [LIMIT <count> <signed>|]]
			ZRANK <key> <member> WITHSCORE
			ZUNION <keys> [AGGREGATE [SUM|MIN|MAX]|] [WITHSCORES|]
			ZINTER <keys> [AGGREGATE [SUM|MIN|MAX]|] [WITHSCORES|]
			ZDIFF <keys> [WITHSCORES|]
			ZUNIONSTORE <key> 2 <key> <key> [WEIGHTS <weight> <weight>|] [AGGREGATE [SUM|MIN|MAX]|]
			ZINTERSTORE <key> 2 <key> <key> [WEIGHTS <weight> <weight>|] [AGGREGATE [SUM|MIN|MAX]|]
			ZDIFFSTORE <key> <keys>
			ZINTERCARD <keys> [LIMIT <count>|]
			ZMPOP <keys> [MIN|MAX] [COUNT <some>|]
			? ZRANDMEMBER <key>
			? ZRANDMEMBER <key> <signed> [WITHSCORES|]
			@ ZSCAN <key> 0 [COUNT <some>|]
		`,
	}
}

// lexFamily is sorted sets whose scores are all equal, without which what ranges
// by member answer is nobody's promise.
func lexFamily() *family {
	return &family{name: "lex", apart: true,
		more: `
			ZADD <key> {0 <member>}
			ZADD <key> 0 <member>
			ZREM <key> {<member>}
			ZPOPMIN <key>
			ZRANGE <key> <lexmin> <lexmax> BYLEX [LIMIT <count> <signed>|]
			ZRANGE <key> <lexmax> <lexmin> BYLEX REV [LIMIT <count> <signed>|]
			ZRANGESTORE <key> <key> <lexmin> <lexmax> BYLEX [LIMIT <count> <signed>|]
			ZRANGEBYLEX <key> <lexmin> <lexmax> [LIMIT <count> <signed>|]
			ZREVRANGEBYLEX <key> <lexmax> <lexmin> [LIMIT <count> <signed>|]
			ZLEXCOUNT <key> <lexmin> <lexmax>
			ZREMRANGEBYLEX <key> <lexmin> <lexmax>
		`,
	}
}

func hashFamily() *family {
	return &family{name: "hash",
		core: `
			HSET <key> {<field> <value>}
			HMSET <key> {<field> <value>}
			HSETNX <key> <field> <value>
			HGET <key> <field>
			HMGET <key> {<field>}
			HDEL <key> {<field>}
			HEXISTS <key> <field>
			HLEN <key>
			HSTRLEN <key> <field>
			= HGETALL <key>
			~ HKEYS <key>
			~ HVALS <key>
			HINCRBY <key> <number> <int>
		`,
		more: `
			HINCRBYFLOAT <key> <number> <float>
			HSETEX <key> [FNX|FXX|] [KEEPTTL|EXAT 4000000000|EXAT <when>|] FIELDS <pairs>
			! HSETEX <key> [EX <seconds>|PX <millis>] FIELDS <pairs>
			HGETEX <key> [PERSIST|EXAT <when>|] FIELDS <fields>
			! HGETEX <key> [EX <seconds>|PX <millis>] FIELDS <fields>
			HGETDEL <key> FIELDS <fields>
			! HEXPIRE <key> <seconds> [NX|XX|GT|LT|] FIELDS <fields>
			! HPEXPIRE <key> <millis> [NX|XX|GT|LT|] FIELDS <fields>
			HEXPIREAT <key> <when> [NX|XX|GT|LT|] FIELDS <fields>
			HPEXPIREAT <key> [1|4000000000123] [NX|XX|GT|LT|] FIELDS <fields>
			HPERSIST <key> FIELDS <fields>
			! HTTL <key> FIELDS <fields>
			! HPTTL <key> FIELDS <fields>
			HEXPIRETIME <key> FIELDS <fields>
			HPEXPIRETIME <key> FIELDS <fields>
			? HRANDFIELD <key>
			? HRANDFIELD <key> <signed> [WITHVALUES|]
			@ HSCAN <key> 0 [COUNT <some>|]
		`,
	}
}

func streamFamily() *family {
	return &family{name: "stream",
		more: `
			XADD <key> [NOMKSTREAM|] [MAXLEN = <offset>|MINID <id>|] <next> {<field> <value>}
			XADD <key> <next> {<field> <value>}
			XADD <key> <next> f1 <value> f2 <value>
			XADD <key> <id> {<field> <value>}
			! XADD <key> * {<field> <value>}
			XLEN <key>
			XRANGE <key> <from> <to> [COUNT <count>|]
			XREVRANGE <key> <to> <from> [COUNT <count>|]
			XDEL <key> {<id>}
			XTRIM <key> [MAXLEN <offset>|MINID = <id>]
			XREAD [COUNT <some>|] STREAMS <key> <key> <id> [<id>|$|+]
			XSETID <key> <id> [ENTRIESADDED <offset> MAXDELETEDID <id>|]
			XGROUP CREATE <key> <group> [<id>|0|$] [MKSTREAM|] [ENTRIESREAD <count>|]
			XGROUP SETID <key> <group> [<id>|0|$]
			XGROUP CREATECONSUMER <key> <group> <consumer>
			XGROUP DELCONSUMER <key> <group> <consumer>
			XGROUP DESTROY <key> <group>
			XREADGROUP GROUP <group> <consumer> [COUNT <some>|] [NOACK|] STREAMS <key> >
			XREADGROUP GROUP <group> <consumer> [COUNT <some>|] STREAMS <key> <id>
			XACK <key> <group> {<id>}
			XPENDING <key> <group>
			! XPENDING <key> <group> [IDLE <millis>|] <from> <to> <offset> [<consumer>|]
			! XCLAIM <key> <group> <consumer> 0 {<id>} [IDLE <millis>|] [FORCE|] [JUSTID|]
			! XAUTOCLAIM <key> <group> <consumer> [0|<millis>] <id> [COUNT <some>|] [JUSTID|]
			XINFO GROUPS <key>
			! XINFO CONSUMERS <key> <group>
		`,
	}
}

func bitFamily() *family {
	return &family{name: "bitmap",
		more: `
			SETBIT <key> <offset> <bit>
			SETBIT <key> 1200 <bit>
			GETBIT <key> <offset>
			BITCOUNT <key> [<index> <index> [BYTE|BIT|]|]
			BITPOS <key> <bit> [<index> [<index> [BYTE|BIT|]|]|]
			BITOP [AND|OR|XOR] <key> {<key>}
			BITOP [DIFF|DIFF1|ANDOR] <key> <key> {<key>}
			BITOP NOT <key> <key>
			BITOP ONE <key> {<key>}
			BITFIELD <key> [OVERFLOW [WRAP|SAT|FAIL]|] {[GET <bits> <place>|SET <bits> <place> <int>|INCRBY <bits> <place> <int>]}
			BITFIELD_RO <key> {GET <bits> <place>}
			SET <key> <value>
		`,
	}
}

func hllFamily() *family {
	return &family{name: "hll",
		more: `
			PFADD <key> {<member>}
			PFADD <key>
			PFCOUNT {<key>}
			PFMERGE <key> {<key>}
		`,
	}
}

func geoFamily() *family {
	return &family{name: "geo",
		more: `
			GEOADD <key> [NX|XX|] [CH|] {<lon> <lat> <member>}
			GEOPOS <key> {<member>}
			GEODIST <key> <member> <member> [<unit>|]
			GEOHASH <key> {<member>}
			GEOSEARCH <key> FROMLONLAT <lon> <lat> BYRADIUS 1000 km ASC [COUNT <some>|] [WITHCOORD|] [WITHDIST|]
			GEOSEARCH <key> FROMMEMBER <member> BYBOX 5000 3000 km [ASC|DESC]
			GEOSEARCHSTORE <key> <key> FROMLONLAT <lon> <lat> BYRADIUS 2000 km ASC [STOREDIST|]
		`,
	}
}

// keyFamily is about keys of all types: the others' keys, mostly.
func keyFamily() *family {
	return &family{name: "key",
		core: `
			DEL {<anykey>}
			EXISTS {<anykey>}
			TYPE <anykey>
			RENAME <anykey> <anykey>
			RENAMENX <anykey> <anykey>
			COPY <anykey> <anykey> [REPLACE|]
		`,
		more: `
			UNLINK <anykey>
			TOUCH {<anykey>}
			! EXPIRE <anykey> <seconds> [NX|XX|GT|LT|]
			! PEXPIRE <anykey> <millis> [NX|XX|GT|LT|]
			EXPIREAT <anykey> <when> [NX|XX|GT|LT|]
			PEXPIREAT <anykey> [1|4000000000123] [NX|XX|GT|LT|]
			PERSIST <anykey>
			! TTL <anykey>
			! PTTL <anykey>
			EXPIRETIME <anykey>
			PEXPIRETIME <anykey>
			COPY <anykey> <anykey> DB 1 [REPLACE|]
			MOVE <anykey> 1
			* SWAPDB 0 1
			* DBSIZE
			~* KEYS [*|*1|l*|?e*]
			*? RANDOMKEY
			*@ SCAN 0 [COUNT <some>|] [TYPE [set|zset|hash|list]|]
			SORT <anykey> [ALPHA|] [DESC|] [LIMIT <count> <signed>|]
			SORT <anykey> [ALPHA|BY hash0->f*] [GET #|GET hash1->f*|] [DESC|] STORE <anykey>
			SORT_RO <anykey> ALPHA [ASC|DESC]
		`,
	}
}
