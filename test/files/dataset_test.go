package files

import (
	"fmt"
	"strings"
)

// A dataset is commands, in the order in which they are sent.
type dataset [][]string

func (d *dataset) do(line string, more ...string) {
	*d = append(*d, append(strings.Fields(line), more...))
}

// each makes n elements of some words.
func each(n int, words ...string) (all []string) {
	for i := range n {
		for _, w := range words {
			all = append(all, strings.ReplaceAll(w, "%d", fmt.Sprint(i)))
		}
	}
	return all
}

// everything is a data set for servers of a product: with fields of hashes that
// expire where it knows them.
func everything(valkey bool) (d dataset) {
	for _, db := range []string{"0", "5"} {
		d.do("SELECT " + db)
		d.strings()
		d.lists()
		d.sets()
		d.hashes(valkey)
		d.zsets(valkey)
		d.streams()
	}
	return d
}

func (d *dataset) strings() {
	for i, n := range []string{"0", "-1", "127", "-128", "128", "32767", "-32769", "2147483647", "-2147483649", "9223372036854775807", "007", "+1", " 1"} {
		d.do(fmt.Sprint("SET number:", i), n)
	}
	d.do("SET empty", "")
	d.do("SET binary", "\x00\xff\r\n\x80")
	d.do("SET short hello")
	d.do("SET compressible", strings.Repeat("abcd", 5000))
	d.do("SET long", strings.Join(each(20000, "%d,"), ""))
	d.do("APPEND grown abc")
	d.do("SETBIT bits 1000 1")
	d.do("PFADD hll", each(50, "%d")...)
	d.do("PFADD hll:dense", each(3000, "element %d")...)
	d.do("SET expiring x PXAT 4000000000123")
	d.do("SET " + strings.Repeat("k", 300) + " long-key")
}

func (d *dataset) lists() {
	d.do("RPUSH list:small a 1 -5 70000 5000000000", strings.Repeat("x", 70))
	d.do("RPUSH list:large", each(5000, "element %d", "%d")...)
	d.do("RPUSH list:huge-elements", strings.Repeat("y", 20000), "z", strings.Repeat("0123456789", 3000))
	d.do("PEXPIREAT list:small 4000000000456")
}

func (d *dataset) sets() {
	d.do("SADD set:int16 1 2 -300")
	d.do("SADD set:int32 1 70000 -70000")
	d.do("SADD set:int64 1 5000000000 -5000000000")
	d.do("SADD set:small a b 1")
	d.do("SADD set:large", each(2000, "member %d", "%d")...)
	d.do("SADD set:ints", each(600, "%d")...)
}

func (d *dataset) hashes(valkey bool) {
	d.do("HSET hash:small f v number 12345", "", "")
	d.do("HSET hash:large", each(1500, "field %d", "value %d")...)
	d.do("HSET hash:wide f", strings.Repeat("wide ", 100))
	d.do("PEXPIREAT hash:large 4000000000789")
	if valkey {
		d.do("HSET hash:fields a 1 b 2 c 3")
		d.do("HPEXPIREAT hash:fields 4000000000111 FIELDS 2 a b")
	}
}

func (d *dataset) zsets(valkey bool) {
	d.do("ZADD zset:small 1 a 2.5 b -inf c +inf d 1000 e 3 7")
	if valkey { // Redis 7 writes these scores in another way into the digest
		d.do("ZADD zset:small 0.1 x 1e15 y 1e300 z")
	}
	d.do("ZADD zset:large", each(1500, "%d.25", "member %d")...)
	d.do("GEOADD geo 13.361389 38.115556 Palermo 15.087269 37.502669 Catania")
}

func (d *dataset) streams() {
	d.do("XADD stream 1-1 f v")
	for i := range 300 {
		d.do("XADD stream", fmt.Sprint(i+2, "-0"), "field", fmt.Sprint("value ", i), "n", fmt.Sprint(i))
	}
	d.do("XDEL stream 5-0 301-0")
	d.do("XGROUP CREATE stream group 0")
	d.do("XGROUP CREATE stream later $")
	d.do("XGROUP CREATECONSUMER stream later idle")
	d.do("XREADGROUP GROUP group alice COUNT 20 STREAMS stream >")
	d.do("XREADGROUP GROUP group bob COUNT 20 STREAMS stream >")
	d.do("XACK stream group 1-1 3-0")
	d.do("XADD stream:empty 9-9 f v")
	d.do("XDEL stream:empty 9-9")
}
