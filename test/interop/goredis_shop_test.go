package interop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/kvasirdb/kvasir/test/harness"
)

// shop is a small application on go-redis: carts, orders that are worked on,
// best sellers, stock, visitors, branches nearby. Each part is about one type.
type shop struct {
	*redis.Client
	ctx context.Context
	t   *testing.T
}

func TestGoRedisShop(t *testing.T) {
	for _, protocol := range []int{2, 3} {
		t.Run(fmt.Sprintf("resp%d", protocol), func(t *testing.T) {
			server := harness.Start(t, startNode)
			rdb := redis.NewClient(&redis.Options{Addr: server.Addr, Protocol: protocol, DB: 2})
			defer rdb.Close()
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			s := shop{rdb, ctx, t}
			s.carts()
			s.orders()
			s.bestSellers()
			s.tags()
			s.workers()
			s.visitors()
			s.branches()
			s.catalogue()
			s.stock()
			s.reconnects()
		})
	}
}

// same fails the test where an answer is not what it has to be.
func same[T any](t *testing.T, what string, got T, err error, want T) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// carts are hashes whose fields expire: a reservation ends after a while.
func (s shop) carts() {
	ctx, t := s.ctx, s.t
	n, err := s.HSet(ctx, "cart:7", "apple", 2, "pear", 1, "plum", 5).Result()
	same(t, "HSET", n, err, 3)
	flags, err := s.HExpire(ctx, "cart:7", time.Hour, "apple", "none").Result()
	same(t, "HEXPIRE", flags, err, []int64{1, -2})
	ttl, err := s.HTTL(ctx, "cart:7", "apple", "pear").Result()
	if err != nil || len(ttl) != 2 || ttl[0] < 3500 || ttl[0] > 3600 || ttl[1] != -1 {
		t.Fatalf("HTTL gives %v, %v", ttl, err)
	}
	flags, err = s.HPersist(ctx, "cart:7", "apple", "pear").Result()
	same(t, "HPERSIST", flags, err, []int64{1, -1})
	n, err = s.HSetEXWithArgs(ctx, "cart:7", &redis.HSetEXOptions{Condition: redis.HSetEXFNX, ExpirationType: redis.HSetEXExpirationPX, ExpirationVal: 20}, "melon", "1").Result()
	same(t, "HSETEX", n, err, 1)
	for deadline := time.Now().Add(20 * time.Second); s.HLen(ctx, "cart:7").Val() != 3; {
		if time.Now().After(deadline) {
			t.Fatal("the field does not expire")
		}
	}
	values, err := s.HGetEXWithArgs(ctx, "cart:7", &redis.HGetEXOptions{ExpirationType: redis.HGetEXExpirationEX, ExpirationVal: 60}, "apple", "melon").Result()
	same(t, "HGETEX", values, err, []string{"2", ""})
	total, err := s.HIncrByFloat(ctx, "cart:7", "plum", 0.5).Result()
	same(t, "HINCRBYFLOAT", total, err, 5.5)
	all, err := s.HGetAll(ctx, "cart:7").Result()
	same(t, "HGETALL", all, err, map[string]string{"apple": "2", "pear": "1", "plum": "5.5"})
	var cart struct {
		Apple int     `redis:"apple"`
		Plum  float64 `redis:"plum"`
	}
	if err := s.HMGet(ctx, "cart:7", "apple", "plum").Scan(&cart); err != nil || cart.Apple != 2 || cart.Plum != 5.5 {
		t.Fatalf("HMGET gives %+v, %v", cart, err)
	}
	pairs, _, err := s.HScan(ctx, "cart:7", 0, "*p*", 100).Result()
	same(t, "HSCAN", len(pairs), err, 6)
	names, _, err := s.HScanNoValues(ctx, "cart:7", 0, "", 100).Result()
	same(t, "HSCAN NOVALUES", len(names), err, 3)
}

// orders are a stream that two clerks work on; one of them stops in the middle.
func (s shop) orders() {
	ctx, t := s.ctx, s.t
	must(t, s.XGroupCreateMkStream(ctx, "orders", "clerks", "$").Err())
	for i := range 10 {
		id, err := s.XAdd(ctx, &redis.XAddArgs{Stream: "orders", ID: fmt.Sprint("1-", i+1), MaxLen: 1000, Approx: true, Values: []any{"sum", i}}).Result()
		same(t, "XADD", id, err, fmt.Sprint("1-", i+1))
	}
	read := func(clerk string, count int64) []redis.XMessage {
		streams, err := s.XReadGroup(ctx, &redis.XReadGroupArgs{Group: "clerks", Consumer: clerk, Streams: []string{"orders", ">"}, Count: count, Block: 30 * time.Second}).Result()
		if err != nil || len(streams) != 1 {
			t.Fatalf("XREADGROUP gives %v, %v", streams, err)
		}
		return streams[0].Messages
	}
	lost, kept := read("ann", 4), read("bob", 6)
	same(t, "XREADGROUP", lost[3].Values, nil, map[string]any{"sum": "3"})
	for _, m := range kept {
		n, err := s.XAck(ctx, "orders", "clerks", m.ID).Result()
		same(t, "XACK", n, err, 1)
	}
	pending, err := s.XPending(ctx, "orders", "clerks").Result()
	same(t, "XPENDING", pending, err, &redis.XPending{Count: 4, Lower: "1-1", Higher: "1-4", Consumers: map[string]int64{"ann": 4}})
	claimed, next, err := s.XAutoClaim(ctx, &redis.XAutoClaimArgs{Stream: "orders", Group: "clerks", Consumer: "bob", Start: "0", Count: 3}).Result()
	same(t, "XAUTOCLAIM", len(claimed), err, 3)
	same(t, "XAUTOCLAIM", next, nil, "1-4")
	more, err := s.XPendingExt(ctx, &redis.XPendingExtArgs{Stream: "orders", Group: "clerks", Start: "-", End: "+", Count: 10, Consumer: "bob"}).Result()
	if err != nil || len(more) != 3 || more[0].ID != "1-1" || more[0].RetryCount != 2 {
		t.Fatalf("XPENDING of bob gives %+v, %v", more, err)
	}
	groups, err := s.XInfoGroups(ctx, "orders").Result()
	same(t, "XINFO GROUPS", groups, err, []redis.XInfoGroup{{Name: "clerks", Consumers: 2, Pending: 4, LastDeliveredID: "1-10", EntriesRead: 10}})
	info, err := s.XInfoStream(ctx, "orders").Result()
	same(t, "XINFO STREAM", []any{info.Length, info.LastGeneratedID, info.FirstEntry.ID}, err, []any{int64(10), "1-10", "1-1"})
	got, err := s.XRevRangeN(ctx, "orders", "+", "-", 2).Result()
	same(t, "XREVRANGE", got, err, []redis.XMessage{{ID: "1-10", Values: map[string]any{"sum": "9"}}, {ID: "1-9", Values: map[string]any{"sum": "8"}}})
	n, err := s.XTrimMinID(ctx, "orders", "1-6").Result()
	same(t, "XTRIM", n, err, 5)
	if err := s.XReadGroup(ctx, &redis.XReadGroupArgs{Group: "clerks", Consumer: "bob", Streams: []string{"orders", ">"}, Block: time.Millisecond}).Err(); !errors.Is(err, redis.Nil) {
		t.Fatalf("XREADGROUP of what is read: %v", err)
	}
}

// bestSellers are sorted sets, and the prices of auctions end in a blocking pop.
func (s shop) bestSellers() {
	ctx, t := s.ctx, s.t
	must(t, s.ZAdd(ctx, "sold:mon", redis.Z{Score: 3, Member: "apple"}, redis.Z{Score: 9.5, Member: "pear"}).Err())
	must(t, s.ZAdd(ctx, "sold:tue", redis.Z{Score: 4, Member: "apple"}, redis.Z{Score: 1, Member: "plum"}).Err())
	n, err := s.ZAddArgs(ctx, "sold:mon", redis.ZAddArgs{GT: true, Ch: true, Members: []redis.Z{{Score: 2, Member: "apple"}, {Score: 10, Member: "pear"}}}).Result()
	same(t, "ZADD GT CH", n, err, 1)
	n, err = s.ZUnionStore(ctx, "sold", &redis.ZStore{Keys: []string{"sold:mon", "sold:tue"}, Weights: []float64{1, 2}, Aggregate: "SUM"}).Result()
	same(t, "ZUNIONSTORE", n, err, 3)
	top, err := s.ZRevRangeWithScores(ctx, "sold", 0, 1).Result()
	same(t, "ZREVRANGE", top, err, []redis.Z{{Score: 11, Member: "apple"}, {Score: 10, Member: "pear"}})
	names, err := s.ZRangeArgs(ctx, redis.ZRangeArgs{Key: "sold", Start: "+inf", Stop: "(2", ByScore: true, Rev: true, Offset: 1, Count: 5}).Result()
	same(t, "ZRANGE BYSCORE REV LIMIT", names, err, []string{"pear"})
	rank, err := s.ZRankWithScore(ctx, "sold", "pear").Result()
	same(t, "ZRANK WITHSCORE", rank, err, redis.RankScore{Rank: 1, Score: 10})
	score, err := s.ZIncrBy(ctx, "sold", 0.1, "plum").Result()
	same(t, "ZINCRBY", score, err, 2.1)
	names, err = s.ZDiff(ctx, "sold:mon", "sold:tue").Result()
	same(t, "ZDIFF", names, err, []string{"pear"})
	if err := s.ZScore(ctx, "sold", "none").Err(); !errors.Is(err, redis.Nil) {
		t.Fatalf("ZSCORE of nothing: %v", err)
	}
	won := make(chan error, 1)
	go func() {
		got, err := s.BZPopMax(ctx, 30*time.Second, "bids").Result()
		if err == nil && (got.Key != "bids" || got.Member != "eve" || got.Score != 12) {
			err = fmt.Errorf("BZPOPMAX gives %+v", got)
		}
		won <- err
	}()
	must(t, s.ZAdd(ctx, "bids", redis.Z{Score: 12, Member: "eve"}).Err())
	must(t, <-won)
	key, popped, err := s.BZMPop(ctx, time.Second, "min", 2, "bids", "sold").Result()
	same(t, "BZMPOP", popped, err, []redis.Z{{Score: 2.1, Member: "plum"}, {Score: 10, Member: "pear"}})
	same(t, "BZMPOP", key, nil, "sold")
}

// tags are sets.
func (s shop) tags() {
	ctx, t := s.ctx, s.t
	must(t, s.SAdd(ctx, "tag:red", 1, 2, 3).Err())
	must(t, s.SAdd(ctx, "tag:sweet", 2, 3, "x").Err())
	both, err := s.SInter(ctx, "tag:red", "tag:sweet").Result()
	slices.Sort(both)
	same(t, "SINTER", both, err, []string{"2", "3"})
	n, err := s.SInterCard(ctx, 1, "tag:red", "tag:sweet").Result()
	same(t, "SINTERCARD", n, err, 1)
	in, err := s.SMIsMember(ctx, "tag:red", 1, 9).Result()
	same(t, "SMISMEMBER", in, err, []bool{true, false})
	moved, err := s.SMove(ctx, "tag:sweet", "tag:red", "x").Result()
	same(t, "SMOVE", moved, err, true)
	members, _, err := s.SScan(ctx, "tag:red", 0, "", 100).Result()
	same(t, "SSCAN", len(members), err, 4)
	popped, err := s.SPopN(ctx, "tag:red", 10).Result()
	same(t, "SPOP", len(popped), err, 4)
}

// workers take jobs from lists, and keep them in another until they are done.
func (s shop) workers() {
	ctx, t := s.ctx, s.t
	taken := make(chan string, 3)
	for range 3 {
		go func() {
			job, err := s.BLMove(ctx, "jobs", "doing", "LEFT", "RIGHT", 30*time.Second).Result()
			if err != nil {
				job = err.Error()
			}
			taken <- job
		}()
	}
	must(t, s.RPush(ctx, "jobs", "a", "b", "c").Err())
	got := []string{<-taken, <-taken, <-taken}
	slices.Sort(got)
	same(t, "BLMOVE", got, nil, []string{"a", "b", "c"})
	n, err := s.LLen(ctx, "doing").Result()
	same(t, "LLEN", n, err, 3)
	n, err = s.LRem(ctx, "doing", 1, "b").Result()
	same(t, "LREM", n, err, 1)
	at, err := s.LPosCount(ctx, "doing", "c", 0, redis.LPosArgs{}).Result()
	same(t, "LPOS", len(at), err, 1)
	key, left, err := s.BLMPop(ctx, time.Second, "LEFT", 5, "jobs", "doing").Result()
	slices.Sort(left)
	same(t, "BLMPOP", append(left, key), err, []string{"a", "c", "doing"})
	if err := s.BLPop(ctx, time.Second, "jobs").Err(); !errors.Is(err, redis.Nil) {
		t.Fatalf("BLPOP of nothing: %v", err)
	}
}

// visitors are counted exactly by bitmaps, and roughly by HyperLogLogs.
func (s shop) visitors() {
	ctx, t := s.ctx, s.t
	for _, day := range []string{"mon", "tue"} {
		_, err := s.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i := range 500 {
				visitor := i + 250*len(strings.TrimPrefix(day, "mon"))/3
				p.SetBit(ctx, "days:"+day, int64(visitor), 1)
				p.PFAdd(ctx, "hll:"+day, visitor)
			}
			return nil
		})
		must(t, err)
	}
	n, err := s.BitOpAnd(ctx, "days:both", "days:mon", "days:tue").Result()
	same(t, "BITOP", n, err, 94)
	n, err = s.BitCount(ctx, "days:both", nil).Result()
	same(t, "BITCOUNT", n, err, 250)
	n, err = s.BitPos(ctx, "days:both", 1).Result()
	same(t, "BITPOS", n, err, 250)
	fields, err := s.BitField(ctx, "flags", "SET", "u8", 0, 200, "OVERFLOW", "SAT", "INCRBY", "u8", 0, 100, "GET", "i4", 4).Result()
	same(t, "BITFIELD", fields, err, []int64{0, 255, -1})
	n, err = s.PFCount(ctx, "hll:mon", "hll:tue").Result()
	if err != nil || n < 735 || n > 765 {
		t.Fatalf("PFCOUNT gives %d of 750, %v", n, err)
	}
	merged, err := s.PFMerge(ctx, "hll", "hll:mon", "hll:tue").Result()
	same(t, "PFMERGE", merged, err, "OK")
	same(t, "PFCOUNT", s.PFCount(ctx, "hll").Val(), nil, n)
}

// branches are points on the map.
func (s shop) branches() {
	ctx, t := s.ctx, s.t
	n, err := s.GeoAdd(ctx, "branches",
		&redis.GeoLocation{Name: "Palermo", Longitude: 13.361389, Latitude: 38.115556},
		&redis.GeoLocation{Name: "Catania", Longitude: 15.087269, Latitude: 37.502669}).Result()
	same(t, "GEOADD", n, err, 2)
	distance, err := s.GeoDist(ctx, "branches", "Palermo", "Catania", "km").Result()
	same(t, "GEODIST", distance, err, 166.2742)
	near, err := s.GeoSearchLocation(ctx, "branches", &redis.GeoSearchLocationQuery{
		GeoSearchQuery: redis.GeoSearchQuery{Longitude: 15, Latitude: 37, Radius: 200, RadiusUnit: "km", Sort: "DESC"}, WithDist: true, WithHash: true}).Result()
	same(t, "GEOSEARCH", near, err, []redis.GeoLocation{{Name: "Palermo", Dist: 190.4424, GeoHash: 3479099956230698}, {Name: "Catania", Dist: 56.4413, GeoHash: 3479447370796909}})
	hashes, err := s.GeoHash(ctx, "branches", "Palermo").Result()
	same(t, "GEOHASH", hashes, err, []string{"sqc8b49rny0"})
	if at, err := s.GeoPos(ctx, "branches", "Catania", "Rome").Result(); err != nil || len(at) != 2 || at[1] != nil || at[0].Longitude < 15.087 || at[0].Longitude > 15.088 {
		t.Fatalf("GEOPOS gives %v, %v", at, err)
	}
}

// catalogue sorts articles by what other keys say, copies and moves them.
func (s shop) catalogue() {
	ctx, t := s.ctx, s.t
	must(t, s.MSet(ctx, "price:1", 30, "price:2", 10, "price:3", 20).Err())
	must(t, s.HSet(ctx, "article:1", "name", "saw").Err())
	must(t, s.HSet(ctx, "article:2", "name", "nail").Err())
	must(t, s.RPush(ctx, "articles", 1, 2, 3).Err())
	got, err := s.Sort(ctx, "articles", &redis.Sort{By: "price:*", Get: []string{"#", "article:*->name"}, Order: "DESC", Offset: 0, Count: 2}).Result()
	same(t, "SORT", got, err, []string{"1", "saw", "3", ""})
	n, err := s.SortStore(ctx, "articles", "sorted", &redis.Sort{By: "price:*"}).Result()
	same(t, "SORT STORE", n, err, 3)
	n, err = s.Copy(ctx, "sorted", "sorted", 3, true).Result()
	same(t, "COPY", n, err, 1)
	payload, err := s.Dump(ctx, "sorted").Result()
	must(t, err)
	restored, err := s.RestoreReplace(ctx, "again", time.Hour, payload).Result()
	same(t, "RESTORE", restored, err, "OK")
	list, err := s.LRange(ctx, "again", 0, -1).Result()
	same(t, "LRANGE", list, err, []string{"2", "3", "1"})
	encoding, err := s.ObjectEncoding(ctx, "again").Result()
	same(t, "OBJECT ENCODING", encoding, err, "listpack")
	var hashes []string
	iter := s.ScanType(ctx, 0, "article:*", 10, "hash").Iterator()
	for iter.Next(ctx) {
		hashes = append(hashes, iter.Val())
	}
	slices.Sort(hashes)
	same(t, "SCAN TYPE", hashes, iter.Err(), []string{"article:1", "article:2"})
}

// stock is sold by optimistic transactions: two tills, one piece left.
func (s shop) stock() {
	ctx, t := s.ctx, s.t
	must(t, s.Set(ctx, "stock", 5, 0).Err())
	sell := func(tx *redis.Tx) error {
		left, err := tx.Get(ctx, "stock").Int()
		if err != nil || left == 0 {
			return err
		}
		_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.Decr(ctx, "stock")
			p.RPush(ctx, "sales", left)
			return nil
		})
		return err
	}
	tills := make(chan error, 4)
	for range cap(tills) {
		go func() {
			for range 4 {
				var err error = redis.TxFailedErr
				for errors.Is(err, redis.TxFailedErr) {
					err = s.Watch(ctx, sell, "stock")
				}
				if err != nil {
					tills <- err
					return
				}
			}
			tills <- nil
		}()
	}
	for range cap(tills) {
		must(t, <-tills)
	}
	sales, err := s.LRange(ctx, "sales", 0, -1).Result()
	same(t, "the sales", sales, err, []string{"5", "4", "3", "2", "1"})
	_, err = s.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.Set(ctx, "stock", "many", 0)
		p.Incr(ctx, "stock")
		p.Set(ctx, "stock", 1, 0)
		return nil
	})
	if err == nil || err.Error() != "ERR value is not an integer or out of range" || s.Get(ctx, "stock").Val() != "1" {
		t.Fatalf("a transaction with one wrong command: %v", err)
	}
}

// reconnects is about connections that the server closes.
func (s shop) reconnects() {
	ctx, t := s.ctx, s.t
	before := s.ClientID(ctx).Val()
	must(t, s.ClientKillByFilter(ctx, "TYPE", "normal", "SKIPME", "no").Err())
	for range 5 {
		must(t, s.Set(ctx, "after", "1", 0).Err())
	}
	if after, err := s.ClientID(ctx).Result(); err != nil || after <= before {
		t.Fatalf("connection %d is followed by %d, %v", before, after, err)
	}
}
