package interop

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/valkey-io/valkey-go"

	"github.com/kvasirdb/kvasir/test/harness"
)

// feed is a small application on valkey-go: readings of sensors over time, limits
// of rate, inboxes, jobs. Each part is about one or two types.
type feed struct {
	valkey.Client
	ctx context.Context
	t   *testing.T
}

func TestValkeyGoFeed(t *testing.T) {
	for _, resp2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("resp2=%t", resp2), func(t *testing.T) {
			server := harness.Start(t, startNode)
			c, err := valkey.NewClient(valkey.ClientOption{
				InitAddress: []string{server.Addr}, AlwaysRESP2: resp2, DisableCache: true, ForceSingleClient: true, SelectDB: 1,
			})
			must(t, err)
			defer c.Close()
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			f := feed{c, ctx, t}
			f.limits()
			f.readings()
			f.inboxes()
			f.profiles()
			f.jobs()
			f.friends()
			f.devices()
			f.places()
			f.keys()
			f.reconnects(server.Addr)
		})
	}
}

func (f feed) do(cmd valkey.Completed) valkey.ValkeyResult { return f.Do(f.ctx, cmd) }

// limits lets a caller have three requests in a window.
func (f feed) limits() {
	t := f.t
	for i := range int64(5) {
		replies := f.DoMulti(f.ctx,
			f.B().Incr().Key("limit:ann").Build(),
			f.B().Expire().Key("limit:ann").Seconds(60).Nx().Build(),
			f.B().Ttl().Key("limit:ann").Build())
		n, err := replies[0].AsInt64()
		same(t, "INCR", n, err, i+1)
		set, err := replies[1].AsInt64()
		same(t, "EXPIRE NX", set == 1, err, i == 0)
		if left, err := replies[2].AsInt64(); err != nil || left < 55 || left > 60 {
			t.Fatalf("TTL gives %d, %v", left, err)
		}
	}
	got, err := f.do(f.B().Set().Key("lock").Value("a").Nx().PxMilliseconds(60000).Build()).ToString()
	same(t, "SET NX PX", got, err, "OK")
	if err := f.do(f.B().Set().Key("lock").Value("b").Nx().Build()).Error(); !valkey.IsValkeyNil(err) {
		t.Fatalf("SET NX of a key that is there: %v", err)
	}
	got, err = f.do(f.B().Getex().Key("lock").Persist().Build()).ToString()
	same(t, "GETEX", got, err, "a")
}

// readings are a time series in a sorted set.
func (f feed) readings() {
	t := f.t
	add := f.B().Zadd().Key("temperature").ScoreMember()
	for i := range 300 {
		add = add.ScoreMember(float64(1000+i), strconv.Itoa(i*i))
	}
	n, err := f.do(add.Build()).AsInt64()
	same(t, "ZADD", n, err, 300)
	got, err := f.do(f.B().Zrange().Key("temperature").Min("1010").Max("(1013").Byscore().Withscores().Build()).AsZScores()
	same(t, "ZRANGE BYSCORE", got, err, []valkey.ZScore{{Member: "100", Score: 1010}, {Member: "121", Score: 1011}, {Member: "144", Score: 1012}})
	n, err = f.do(f.B().Zremrangebyscore().Key("temperature").Min("-inf").Max("1199").Build()).AsInt64()
	same(t, "ZREMRANGEBYSCORE", n, err, 200)
	first, err := f.do(f.B().Zpopmin().Key("temperature").Build()).AsZScore()
	same(t, "ZPOPMIN", first, err, valkey.ZScore{Member: "40000", Score: 1200})
	popped, err := f.do(f.B().Zmpop().Numkeys(2).Key("none", "temperature").Max().Count(2).Build()).AsZMPop()
	same(t, "ZMPOP", popped, err, valkey.KeyZScores{Key: "temperature", Values: []valkey.ZScore{{Member: "89401", Score: 1299}, {Member: "88804", Score: 1298}}})
	score, err := f.do(f.B().Zincrby().Key("temperature").Increment(0.25).Member("88209").Build()).AsFloat64()
	same(t, "ZINCRBY", score, err, 1297.25)
}

// inboxes are streams: one reader blocks until there is a message.
func (f feed) inboxes() {
	t := f.t
	must(t, f.do(f.B().XgroupCreate().Key("inbox").Group("mail").Id("$").Mkstream().Build()).Error())
	got := make(chan map[string][]valkey.XRangeEntry, 1)
	go func() {
		entries, err := f.do(f.B().Xreadgroup().Group("mail", "ann").Count(10).Block(30000).Streams().Key("inbox").Id(">").Build()).AsXRead()
		if err != nil {
			t.Error(err)
		}
		got <- entries
	}()
	id, err := f.do(f.B().Xadd().Key("inbox").Id("7-1").FieldValue().FieldValue("from", "bob").FieldValue("text", "hello\r\n").Build()).ToString()
	same(t, "XADD", id, err, "7-1")
	same(t, "XREADGROUP", <-got, nil, map[string][]valkey.XRangeEntry{"inbox": {{ID: "7-1", FieldValues: map[string]string{"from": "bob", "text": "hello\r\n"}}}})
	n, err := f.do(f.B().Xack().Key("inbox").Group("mail").Id("7-1").Build()).AsInt64()
	same(t, "XACK", n, err, 1)
	entries, err := f.do(f.B().Xrange().Key("inbox").Start("-").End("+").Build()).AsXRange()
	same(t, "XRANGE", len(entries), err, 1)
	if err := f.do(f.B().Xadd().Key("inbox").Id("7-1").FieldValue().FieldValue("a", "b").Build()).Error(); err == nil || !strings.HasPrefix(err.Error(), "The ID specified in XADD is equal or smaller") {
		t.Fatalf("XADD of an old ID: %v", err)
	}
	info, err := f.do(f.B().XinfoStream().Key("inbox").Build()).AsMap()
	must(t, err)
	last := info["last-generated-id"]
	text, err := last.ToString()
	same(t, "XINFO STREAM", text, err, "7-1")
}

// profiles are hashes with fields that expire.
func (f feed) profiles() {
	t := f.t
	n, err := f.do(f.B().Hset().Key("profile").FieldValue().FieldValue("name", "Ann").FieldValue("code", "1234").Build()).AsInt64()
	same(t, "HSET", n, err, 2)
	flags, err := f.do(f.B().Arbitrary("HPEXPIRE").Keys("profile").Args("1", "FIELDS", "1", "code").Build()).AsIntSlice()
	same(t, "HPEXPIRE", flags, err, []int64{1})
	for deadline := time.Now().Add(20 * time.Second); ; {
		all, err := f.do(f.B().Hgetall().Key("profile").Build()).AsStrMap()
		must(t, err)
		if len(all) == 1 {
			same(t, "HGETALL", all, nil, map[string]string{"name": "Ann"})
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the field does not expire")
		}
	}
	entry, err := f.do(f.B().Hscan().Key("profile").Cursor(0).Build()).AsScanEntry()
	same(t, "HSCAN", entry, err, valkey.ScanEntry{Elements: []string{"name", "Ann"}})
}

// jobs go from list to list.
func (f feed) jobs() {
	t := f.t
	got := make(chan string, 1)
	go func() {
		job, err := f.do(f.B().Blmove().Source("jobs").Destination("doing").Right().Left().Timeout(30).Build()).ToString()
		if err != nil {
			t.Error(err)
		}
		got <- job
	}()
	must(t, f.do(f.B().Lpush().Key("jobs").Element("a", "b").Build()).Error())
	same(t, "BLMOVE", <-got, nil, "a")
	left, err := f.do(f.B().Lmpop().Numkeys(2).Key("none", "jobs").Left().Count(5).Build()).AsLMPop()
	same(t, "LMPOP", left, err, valkey.KeyValues{Key: "jobs", Values: []string{"b"}})
	err = f.do(f.B().Hget().Key("doing").Field("x").Build()).Error()
	if e, ok := valkey.IsValkeyErr(err); !ok || !strings.HasPrefix(e.Error(), "WRONGTYPE ") {
		t.Fatalf("HGET of a list: %v", err)
	}
}

// friends are sets.
func (f feed) friends() {
	t := f.t
	must(t, f.do(f.B().Sadd().Key("friends:ann").Member("bob", "eve", "joe").Build()).Error())
	must(t, f.do(f.B().Sadd().Key("friends:joe").Member("eve", "ann").Build()).Error())
	common, err := f.do(f.B().Sinter().Key("friends:ann", "friends:joe").Build()).AsStrSlice()
	same(t, "SINTER", common, err, []string{"eve"})
	n, err := f.do(f.B().Sunionstore().Destination("friends").Key("friends:ann", "friends:joe").Build()).AsInt64()
	same(t, "SUNIONSTORE", n, err, 4)
	all, err := f.do(f.B().Sort().Key("friends").Desc().Alpha().Build()).AsStrSlice()
	same(t, "SORT", all, err, []string{"joe", "eve", "bob", "ann"})
	in, err := f.do(f.B().Smismember().Key("friends").Member("bob", "tom").Build()).AsIntSlice()
	same(t, "SMISMEMBER", in, err, []int64{1, 0})
}

// devices are counted in bitmaps and in HyperLogLogs.
func (f feed) devices() {
	t := f.t
	var cmds valkey.Commands
	for i := range 1000 {
		cmds = append(cmds, f.B().Setbit().Key("seen").Offset(int64(i*3)).Value(1).Build(), f.B().Pfadd().Key("devices").Element(strconv.Itoa(i%700)).Build())
	}
	for _, r := range f.DoMulti(f.ctx, cmds...) {
		must(t, r.Error())
	}
	n, err := f.do(f.B().Bitcount().Key("seen").Start(0).End(299).Bit().Build()).AsInt64()
	same(t, "BITCOUNT BIT", n, err, 100)
	fields, err := f.do(f.B().Bitfield().Key("counters").OverflowFail().Incrby("u4", 0, 9).Incrby("u4", 0, 9).Build()).ToArray()
	must(t, err)
	if first, err := fields[0].AsInt64(); err != nil || first != 9 || !fields[1].IsNil() {
		t.Fatalf("BITFIELD gives %v", fields)
	}
	if n, err := f.do(f.B().Pfcount().Key("devices").Build()).AsInt64(); err != nil || n < 686 || n > 714 {
		t.Fatalf("PFCOUNT gives %d of 700, %v", n, err)
	}
}

// places are found in a box.
func (f feed) places() {
	t := f.t
	must(t, f.do(f.B().Geoadd().Key("places").LongitudeLatitudeMember().LongitudeLatitudeMember(13.361389, 38.115556, "Palermo").LongitudeLatitudeMember(15.087269, 37.502669, "Catania").Build()).Error())
	found, err := f.do(f.B().Geosearch().Key("places").Fromlonlat(15, 37).Bybox(400).Height(400).Km().Asc().Withdist().Build()).AsGeosearch()
	must(t, err)
	var names []string
	for _, at := range found {
		names = append(names, fmt.Sprint(at.Name, " ", at.Dist))
	}
	same(t, "GEOSEARCH", names, nil, []string{"Catania 56.4413", "Palermo 190.4424"})
	km, err := f.do(f.B().Geodist().Key("places").Member1("Palermo").Member2("Catania").Km().Build()).AsFloat64()
	same(t, "GEODIST", km, err, 166.2742)
}

// keys are met by a scan, all of them, whatever their type.
func (f feed) keys() {
	t := f.t
	var keys []string
	for cursor, first := uint64(0), true; first || cursor != 0; first = false {
		entry, err := f.do(f.B().Scan().Cursor(cursor).Count(3).Build()).AsScanEntry()
		must(t, err)
		keys = append(keys, entry.Elements...)
		cursor = entry.Cursor
	}
	slices.Sort(keys)
	same(t, "SCAN", slices.Compact(keys), nil, []string{"counters", "devices", "doing", "friends", "friends:ann", "friends:joe", "inbox",
		"limit:ann", "lock", "places", "profile", "seen", "temperature"})
}

// reconnects is about connections that the server closes: what only reads is
// repeated by the client, without an error.
func (f feed) reconnects(address string) {
	t := f.t
	other, err := valkey.NewClient(valkey.ClientOption{InitAddress: []string{address}, DisableCache: true, ForceSingleClient: true})
	must(t, err)
	defer other.Close()
	for range 3 {
		closed, err := other.Do(f.ctx, other.B().ClientKill().TypeNormal().SkipmeYes().Build()).AsInt64()
		if err != nil || closed == 0 {
			t.Fatalf("CLIENT KILL closes %d connections, %v", closed, err)
		}
		got, err := f.do(f.B().Get().Key("lock").Build()).ToString()
		same(t, "GET", got, err, "a")
	}
}
