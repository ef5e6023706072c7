package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
	"github.com/kvasirdb/kvasir/internal/loadgen"
)

// collectionScale is how much is measured of collections.
type collectionScale struct {
	Pops     int64   // elements taken in one measurement
	Small    int64   // small collections whose memory is measured
	Large    []int64 // elements of the large collections whose memory is measured
	Sorted   int64   // members of the sorted set, and points of the geo index
	GrowTo   int64   // elements up to which a collection grows
	CallTime time.Duration
}

var (
	quickCollections = collectionScale{200_000, 100_000, []int64{250_000, 350_000}, 200_000, 500_000, 100 * time.Millisecond}
	fullCollections  = collectionScale{1_000_000, 1_000_000, []int64{1_000_000, 1_400_000}, 1_000_000, 5_000_000, time.Second}
)

// collections measures the data types. The part of -only after a slash picks
// one of its tables, and the part after a second slash the lines of that table
// whose name begins so: collections/calls/SORT.
func (b *bench) collections(ctx context.Context) error {
	scale := quickCollections
	if b.Full {
		scale = fullCollections
	}
	words := strings.SplitN(b.Only, "/", 3)
	words = append(words, "", "")
	m := collectionBench{b, scale, &Collections{}, words[2]}
	b.figures.Collections = m.out
	for _, table := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"requests", m.requests}, {"small", m.small}, {"large", m.large}, {"calls", m.calls}, {"stalls", m.stalls},
	} {
		if words[1] != "" && words[1] != table.name {
			continue
		}
		if err := table.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", table.name, err)
		}
	}
	return nil
}

type collectionBench struct {
	*bench
	scale collectionScale
	out   *Collections
	lines string // what the names of the measured lines begin with
}

func (m *collectionBench) wantsLine(name string) bool { return strings.HasPrefix(name, m.lines) }

// progress says on the terminal what is being measured.
func progress(words ...any) { fmt.Fprintln(os.Stderr, append([]any{" "}, words...)...) }

// withAll starts every server, on the servers' core, and calls f with them.
func (b *bench) withAll(f func([]*target) error, extra ...string) (err error) {
	var targets []*target
	defer func() {
		for _, t := range targets {
			err = errors.Join(err, t.Stop())
		}
	}()
	for _, c := range b.commands {
		t, err := b.start(c, true, extra...)
		if err != nil {
			return err
		}
		targets = append(targets, t)
	}
	return f(targets)
}

// inTurn calls f for each server, round by round, every round beginning with
// another one, and returns the medians of what f measured for each.
func (b *bench) inTurn(targets []*target, f func(*target) (x, y float64, err error)) (xs, ys []float64, err error) {
	allX, allY := make([][]float64, len(targets)), make([][]float64, len(targets))
	for round := range b.Rounds {
		for i := range targets {
			k := (i + round) % len(targets)
			x, y, err := f(targets[k])
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", targets[k].name, err)
			}
			allX[k], allY[k] = append(allX[k], x), append(allY[k], y)
		}
	}
	for k := range targets {
		xs, ys = append(xs, median(allX[k])), append(ys, median(allY[k]))
	}
	return xs, ys, nil
}

// request is a kind of request to one collection, with what makes the elements
// that it takes or reads.
type request struct {
	name     string
	send     []string
	fill     []string
	elements int64 // to be made once; 0: as many as requests are sent, each time
	slow     int   // how many times longer than others it takes, about
}

func collectionRequests() []request {
	lrange := func(n int) request {
		return request{fmt.Sprintf("LRANGE_%d", n), []string{"LRANGE", "mylist", "0", strconv.Itoa(n - 1)}, []string{"RPUSH", "mylist", element}, 1000, n / 30}
	}
	mset := []string{"MSET"}
	for range 10 {
		mset = append(mset, "key:__rand_int__", value)
	}
	return []request{
		{"LPUSH", []string{"LPUSH", "mylist", value}, nil, 0, 1},
		{"RPUSH", []string{"RPUSH", "mylist", value}, nil, 0, 1},
		{"LPOP", []string{"LPOP", "mylist"}, []string{"RPUSH", "mylist", element}, 0, 1},
		{"SADD", []string{"SADD", "myset", "element:__rand_int__"}, nil, 0, 1},
		{"HSET", []string{"HSET", "myhash", "element:__rand_int__", value}, nil, 0, 1},
		{"SPOP", []string{"SPOP", "myset"}, []string{"SADD", "myset", "element:__rand_int__"}, 0, 1},
		{"ZADD", []string{"ZADD", "myzset", "__rand_int__", "element:__rand_1st__"}, nil, 0, 1},
		{"ZPOPMIN", []string{"ZPOPMIN", "myzset"}, []string{"ZADD", "myzset", "__rand_1st__", "element:__rand_1st__"}, 0, 1},
		lrange(100), lrange(300), lrange(500), lrange(600),
		{"MSET", mset, nil, 0, 3},
		{"XADD", []string{"XADD", "mystream", "*", "myfield", value}, nil, 0, 1},
	}
}

func (m *collectionBench) requests(ctx context.Context) error {
	return m.withAll(func(targets []*target) error {
		for _, r := range collectionRequests() {
			if !m.wantsLine(r.name) {
				continue
			}
			for _, pipeline := range pipelines {
				progress(r.name, pipeline)
				for _, t := range targets {
					if _, err := t.do(ctx, "FLUSHALL", "SYNC"); err != nil {
						return err
					}
					if r.elements > 0 {
						if err := t.fillElements(ctx, r.elements, r.fill...); err != nil {
							return err
						}
					}
				}
				rates, micros, err := m.inTurn(targets, func(t *target) (rate, micros float64, err error) {
					return m.request(ctx, t, r, pipeline)
				})
				if err != nil {
					return fmt.Errorf("%s: %w", r.name, err)
				}
				for k, t := range targets {
					m.out.Requests = append(m.out.Requests, Throughput{r.name, pipeline, t.name, rates[k], micros[k]})
				}
			}
		}
		return nil
	})
}

// request measures one kind of request on one server. Requests that take
// elements are given by number, all others by time.
func (m *collectionBench) request(ctx context.Context, t *target, r request, pipeline int) (rate, cpuMicros float64, err error) {
	config := loadgen.Config{
		Addr: t.Addr, Clients: clients, Pipeline: pipeline, Keyspace: m.Keyspace, Duration: m.Duration,
		Sequence: loadgen.Command(r.send...),
	}
	if r.fill != nil && r.elements == 0 {
		config.Requests, config.Duration = m.scale.Pops, 0
		if pipeline == 1 {
			config.Requests /= 4
		}
		if err := t.fillElements(ctx, config.Requests+clients*int64(pipeline), r.fill...); err != nil {
			return 0, 0, err
		}
	}
	return t.load(ctx, config)
}

// load makes load and returns requests per second and the server's CPU time per
// request in microseconds.
func (t *target) load(ctx context.Context, config loadgen.Config) (rate, cpuMicros float64, err error) {
	before, err := t.ran()
	if err != nil {
		return 0, 0, err
	}
	result, err := loadgen.Run(ctx, config, nil)
	if err != nil {
		return 0, 0, err
	}
	after, err := t.ran()
	if err != nil || result.Requests == 0 {
		return 0, 0, errors.Join(err, errors.New("no request was answered"))
	}
	return result.RPS, (after - before).Seconds() * 1e6 / float64(result.Requests), nil
}

// resident starts each server and measures by how many bytes per unit f makes
// its resident memory grow.
func (m *collectionBench) resident(ctx context.Context, what string, units int64, f func(*target) error) ([]Resident, error) {
	progress(what, units)
	var out []Resident
	err := m.each(func(t *target) error {
		before, err := t.used()
		if err != nil {
			return err
		}
		if err := f(t); err != nil {
			return err
		}
		after, err := t.used()
		if err != nil {
			return err
		}
		out = append(out, Resident{what, units, t.name, float64(after.residentBytes-before.residentBytes) / float64(units)})
		return nil
	}, true)
	return out, err
}

func (m *collectionBench) small(ctx context.Context) error {
	kinds := []struct {
		name string
		make []string
	}{
		{"hash of 5 fields", []string{"HSET", "key:__rand_int__", "field1", value, "field2", value, "field3", value, "field4", value, "field5", value}},
		{"list of 5", []string{"RPUSH", "key:__rand_int__", value, value, value, value, value}},
		{"set of 5 integers", []string{"SADD", "key:__rand_int__", "1000", "2000", "3000", "4000", "5000"}},
		{"set of 5 strings", []string{"SADD", "key:__rand_int__", "member1" + value, "member2" + value, "member3" + value, "member4" + value, "member5" + value}},
		{"sorted set of 5", []string{"ZADD", "key:__rand_int__", "1.5", "member1", "2.5", "member2", "3.5", "member3", "4.5", "member4", "5.5", "member5"}},
	}
	for _, kind := range kinds {
		if !m.wantsLine(kind.name) {
			continue
		}
		found, err := m.resident(ctx, kind.name, m.scale.Small, func(t *target) error {
			return t.fill(ctx, m.scale.Small, kind.make...)
		})
		if err != nil {
			return err
		}
		m.out.Small = append(m.out.Small, found...)
	}
	return nil
}

// element is what lists and streams are filled with. Its number is random:
// neighbours that are equal, or follow each other, take less memory than others.
const element = "element:__rand_int__"

// growing are the types as large collections, and what adds an element.
var growing = []struct {
	name string
	add  []string
}{
	{"hash", []string{"HSET", "large", "field:__rand_int__", value}},
	{"set", []string{"SADD", "large", "member:__rand_int__"}},
	{"sorted set", []string{"ZADD", "large", "__rand_1st__", "member:__rand_1st__"}},
	{"list", []string{"RPUSH", "large", element}},
	{"stream", []string{"XADD", "large", "*", "field", element}},
}

func (m *collectionBench) large(ctx context.Context) error {
	for _, kind := range growing {
		if !m.wantsLine(kind.name) {
			continue
		}
		for _, n := range m.scale.Large {
			found, err := m.resident(ctx, kind.name, n, func(t *target) error {
				if slices.Contains(kind.add, element) {
					return t.fillElements(ctx, n, kind.add...)
				}
				return t.fill(ctx, n, kind.add...)
			})
			if err != nil {
				return err
			}
			m.out.Large = append(m.out.Large, found...)
		}
	}
	return nil
}

// call is a command whose time is measured, by itself or several at a time.
type call struct {
	name     string
	send     loadgen.Sequence
	pipeline int
}

// calls measures the CPU time of single commands. Those that are little work
// are sent many at a time, so that it is the command that counts.
func (m *collectionBench) calls(ctx context.Context) error {
	return m.withAll(func(targets []*target) error {
		made := ""
		for _, group := range m.callGroups() {
			for _, c := range group.calls {
				if !m.wantsLine(c.name) {
					continue
				}
				if made != group.name {
					progress("making", group.name)
					for _, t := range targets {
						if _, err := t.do(ctx, "FLUSHALL", "SYNC"); err != nil {
							return err
						}
						if err := group.make(ctx, t); err != nil {
							return fmt.Errorf("making %s: %s: %w", group.name, t.name, err)
						}
					}
					made = group.name
				}
				progress(c.name)
				times, err := m.timesOf(ctx, targets[0], c)
				if err != nil {
					return fmt.Errorf("%s: %w", c.name, err)
				}
				_, micros, err := m.inTurn(targets, func(t *target) (rate, micros float64, err error) {
					return t.load(ctx, m.callLoad(t, c, times))
				})
				if err != nil {
					return fmt.Errorf("%s: %w", c.name, err)
				}
				for k, t := range targets {
					m.out.Calls = append(m.out.Calls, Call{c.name, t.name, micros[k]})
				}
			}
		}
		return nil
	})
}

// callLoad sends a call so many times.
func (m *collectionBench) callLoad(t *target, c call, times int64) loadgen.Config {
	return loadgen.Config{Addr: t.Addr, Clients: 1, Pipeline: c.pipeline, Keyspace: m.scale.Sorted, Requests: times, Sequence: c.send}
}

// timesOf finds out how often a call is to be sent for a measurement of about
// CallTime of CPU time. The first one is not counted: it makes buffers grow.
func (m *collectionBench) timesOf(ctx context.Context, t *target, c call) (int64, error) {
	micros := 0.0
	for range 2 {
		var err error
		if _, micros, err = t.load(ctx, m.callLoad(t, c, 1)); err != nil {
			return 0, err
		}
	}
	return max(int64(float64(m.scale.CallTime.Microseconds())/micros), 1), nil
}

// callGroup are calls that work on the same data.
type callGroup struct {
	name  string
	make  func(context.Context, *target) error
	calls []call
}

const (
	mediumElements = 10_000
	unionElements  = 100_000
	bitmapBytes    = 10 << 20
	sketches       = 10
	sketchElements = 20_000
	pointsAtOnce   = 100
	pipelined      = 64
)

func (m *collectionBench) callGroups() []callGroup {
	single := func(name string, words ...string) call {
		return call{name: name, send: loadgen.Command(words...), pipeline: 1}
	}
	many := func(name string, words ...string) call {
		return call{name: name, send: loadgen.Command(words...), pipeline: pipelined}
	}
	random := rand.New(rand.NewPCG(1, 2))
	byIndex := call{name: "ZRANGE of 10 by index", pipeline: 1}
	for range pipelined {
		from := random.Int64N(m.scale.Sorted)
		next := loadgen.Command("ZRANGE", "zset", strconv.FormatInt(from, 10), strconv.FormatInt(from+9, 10))
		byIndex.send = byIndex.send.Append(next, 1)
	}
	nearby := func(name string, per int, rest ...string) call {
		c := call{name: name, pipeline: 1}
		for range per {
			lon, lat := point(random)
			words := append([]string{"GEOSEARCH", "points", "FROMLONLAT", lon, lat}, rest...)
			c.send = c.send.Append(loadgen.Command(words...), 1)
		}
		return c
	}
	pfcount := []string{"PFCOUNT"}
	for i := range sketches {
		pfcount = append(pfcount, "sketch:"+strconv.Itoa(i))
	}
	return []callGroup{
		{"a sorted set", func(ctx context.Context, t *target) error {
			return t.fillRandom(ctx, m.scale.Sorted, "ZADD", "zset", "__rand_2nd__", "member:__rand_1st__")
		}, []call{
			many("ZRANK", "ZRANK", "zset", "member:__rand_1st__"),
			byIndex,
			many("ZRANGEBYSCORE of 10", "ZRANGEBYSCORE", "zset", "__rand_1st__", "+inf", "LIMIT", "0", "10"),
		}},
		{"collections of 10,000", func(ctx context.Context, t *target) error {
			return errors.Join(
				t.fill(ctx, mediumElements, "HSET", "hash", "field:__rand_int__", value),
				t.fill(ctx, mediumElements, "SADD", "set", "member:__rand_int__"),
				t.fillElements(ctx, mediumElements, "RPUSH", "list", element))
		}, []call{
			single("HGETALL of 10,000", "HGETALL", "hash"),
			single("SMEMBERS of 10,000", "SMEMBERS", "set"),
			single("LRANGE 0 -1 of 10,000", "LRANGE", "list", "0", "-1"),
		}},
		{"pairs of 100,000", func(ctx context.Context, t *target) error {
			var failed error
			for i, key := range []string{"0", "1"} {
				failed = errors.Join(failed,
					t.fillRandom(ctx, unionElements/2, "SADD", "set:"+key, "member:"+strconv.Itoa(i)+"__rand_1st__"),
					t.fillRandom(ctx, unionElements/2, "SADD", "set:"+key, "member:__rand_1st__"),
					t.fillRandom(ctx, unionElements/2, "ZADD", "zset:"+key, "__rand_2nd__", "member:"+strconv.Itoa(i)+"__rand_1st__"),
					t.fillRandom(ctx, unionElements/2, "ZADD", "zset:"+key, "__rand_2nd__", "member:__rand_1st__"))
			}
			return failed
		}, []call{
			single("SUNION of two 100,000", "SUNION", "set:0", "set:1"),
			single("SUNIONSTORE of two 100,000", "SUNIONSTORE", "result", "set:0", "set:1"),
			single("ZUNION of two 100,000", "ZUNION", "2", "zset:0", "zset:1"),
			single("ZUNIONSTORE of two 100,000", "ZUNIONSTORE", "result", "2", "zset:0", "zset:1"),
		}},
		{"bitmaps", func(ctx context.Context, t *target) error {
			return t.setRandom(ctx, bitmapBytes, "bits:0", "bits:1")
		}, []call{
			single("BITCOUNT of 10 MB", "BITCOUNT", "bits:0"),
			single("BITOP AND of 10 MB", "BITOP", "AND", "result", "bits:0", "bits:1"),
			single("BITOP XOR of 10 MB", "BITOP", "XOR", "result", "bits:0", "bits:1"),
			single("BITOP NOT of 10 MB", "BITOP", "NOT", "result", "bits:0"),
		}},
		{"sketches", func(ctx context.Context, t *target) error {
			var failed error
			for i := range sketches {
				failed = errors.Join(failed, t.fillRandom(ctx, sketchElements, "PFADD", "sketch:"+strconv.Itoa(i), "element:__rand_int__"))
			}
			return failed
		}, []call{
			many("PFCOUNT of 10 keys", pfcount...),
		}},
		{"a geo index", func(ctx context.Context, t *target) error { return t.addPoints(ctx, m.scale.Sorted) }, []call{
			nearby("GEOSEARCH BYRADIUS 100 km", pipelined, "BYRADIUS", "100", "km"),
			nearby("GEOSEARCH BYRADIUS 1000 km ASC COUNT 10", 8, "BYRADIUS", "1000", "km", "ASC", "COUNT", "10"),
			nearby("GEOSEARCH BYBOX 500 km WITHDIST", 8, "BYBOX", "500", "500", "km", "WITHDIST"),
		}},
		{"lists to sort", func(ctx context.Context, t *target) error {
			return errors.Join(
				t.fillRandom(ctx, unionElements, "RPUSH", "integers", "1__rand_1st__"),
				t.fillRandom(ctx, unionElements, "RPUSH", "floats", "1.__rand_1st__"),
				t.fillRandom(ctx, unionElements, "RPUSH", "texts", "element:__rand_1st__"))
		}, []call{
			single("SORT of 100,000 integers", "SORT", "integers"),
			single("SORT of 100,000 floats", "SORT", "floats"),
			single("SORT ALPHA of 100,000", "SORT", "texts", "ALPHA"),
		}},
	}
}

// fillRandom sends n requests with random numbers, the same to every server.
func (t *target) fillRandom(ctx context.Context, n int64, words ...string) error {
	_, err := loadgen.Run(ctx, loadgen.Config{
		Addr: t.Addr, Clients: 1, Pipeline: pipelined, Keyspace: 10 * n, Seed: 1, Requests: n, Sequence: loadgen.Command(words...),
	}, nil)
	return err
}

// fillElements sends n requests with random numbers of twelve digits, the same to
// every server.
func (t *target) fillElements(ctx context.Context, n int64, words ...string) error {
	_, err := loadgen.Run(ctx, loadgen.Config{
		Addr: t.Addr, Clients: 1, Pipeline: pipelined, Keyspace: 1e12, Seed: 1, Requests: n, Sequence: loadgen.Command(words...),
	}, nil)
	return err
}

// setRandom stores the same random bytes on every server.
func (t *target) setRandom(ctx context.Context, bytes int, keys ...string) error {
	random := rand.NewChaCha8([32]byte{1})
	for _, key := range keys {
		text := make([]byte, bytes)
		random.Read(text) // which never fails
		if _, err := t.do(ctx, "SET", key, string(text)); err != nil {
			return err
		}
	}
	return nil
}

// point returns a random position, as text.
func point(random *rand.Rand) (lon, lat string) {
	text := func(x float64) string { return strconv.FormatFloat(x, 'f', 6, 64) }
	return text(random.Float64()*360 - 180), text(random.Float64()*160 - 80)
}

// addPoints makes a geo index of n random positions.
func (t *target) addPoints(ctx context.Context, n int64) error {
	conn, err := client.Dial(ctx, client.Options{Addr: t.Addr})
	if err != nil {
		return err
	}
	defer conn.Close()
	random := rand.New(rand.NewPCG(3, 4))
	for i := int64(0); i < n; i += pointsAtOnce {
		words := []string{"GEOADD", "points"}
		for k := range int64(pointsAtOnce) {
			lon, lat := point(random)
			words = append(words, lon, lat, "point:"+strconv.FormatInt(i+k, 10))
		}
		v, err := conn.Do(ctx, words...)
		if err == nil {
			err = v.Err()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// stalls measures what another client waits while a collection grows, and while
// it is freed.
func (m *collectionBench) stalls(ctx context.Context) error {
	for _, kind := range growing {
		if !m.wantsLine(kind.name) {
			continue
		}
		err := m.each(func(t *target) error {
			progress(kind.name, "on", t.name)
			if _, err := t.do(ctx, "SET", "probe", value); err != nil {
				return err
			}
			grow := func() error { return t.sendSteadily(ctx, m.scale.GrowTo, kind.add) }
			read := func() error { return t.sendSteadily(ctx, m.scale.GrowTo, []string{"GET", "probe"}) }
			free := func(command string) func() error {
				return func() error { return t.freeOne(ctx, command) }
			}
			phases := []struct {
				name string
				run  func() error
			}{
				{stallPhaseNone, func() error { return sleep(ctx, freedAfter) }},
				{stallPhaseReads, read},
				{"grows", grow},
				{"UNLINK", free("UNLINK")},
				{"grows", grow},
				{"DEL", free("DEL")},
			}
			rounds := make(map[string][]Stall)
			for range m.Rounds {
				for _, phase := range phases {
					waits, err := t.waits(ctx, phase.run)
					if err != nil {
						return fmt.Errorf("%s: %w", phase.name, err)
					}
					s := stallOf(kind.name, phase.name, m.scale.GrowTo, t.name, waits)
					rounds[phase.name] = append(rounds[phase.name], s)
				}
			}
			for _, name := range []string{stallPhaseNone, stallPhaseReads, "grows", "UNLINK", "DEL"} {
				m.out.Stalls = append(m.out.Stalls, medianStall(rounds[name]))
			}
			return nil
		}, true, "--lazyfree-lazy-user-del", "yes")
		if err != nil {
			return fmt.Errorf("%s: %w", kind.name, err)
		}
	}
	return nil
}

// sendSteadily sends n requests, as many at a time as take the server a fraction of
// a millisecond, so that what a turn of its loop has to do does not count as a stall.
func (t *target) sendSteadily(ctx context.Context, n int64, words []string) error {
	_, err := loadgen.Run(ctx, loadgen.Config{
		Addr: t.Addr, Clients: 2, Pipeline: pipelined, Keyspace: n, Counters: new(loadgen.Counters), Requests: n, Sequence: loadgen.Command(words...),
	}, nil)
	return err
}

// freedAfter is how long a collection that was deleted is watched.
const freedAfter = time.Second

// In these phases nothing happens, and as many requests as make the collection grow
// read a short string. What is measured then comes from the machine: a virtual
// processor, say, that stands still for some milliseconds without being told.
const (
	stallPhaseNone  = "nothing"
	stallPhaseReads = "reads"
)

func (t *target) freeOne(ctx context.Context, command string) error {
	v, err := t.do(ctx, command, "large")
	if err != nil {
		return err
	}
	if v.Int != 1 {
		return fmt.Errorf("%s answered %d", command, v.Int)
	}
	return sleep(ctx, freedAfter)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
	return ctx.Err()
}

// wait is one round trip of the probe, with the part of it in which a thread of
// the server's, or the probe, was ready to run and other work had the processor.
type wait struct{ total, queued time.Duration }

func stallOf(kind, phase string, elements int64, server string, waits []wait) Stall {
	total, own := sorted(waits)
	return Stall{kind, phase, elements, server, at(total, 0.5), at(total, 1), at(own, 1)}
}

// sorted returns how long the round trips took, and how long without what they
// were queued, each in ascending order.
func sorted(waits []wait) (total, own []time.Duration) {
	for _, w := range waits {
		total, own = append(total, w.total), append(own, max(w.total-w.queued, 0))
	}
	slices.Sort(total)
	slices.Sort(own)
	return total, own
}

// medianStall takes the median of each figure, since the longest wait of a single
// round is as often as not the machine's.
func medianStall(rounds []Stall) Stall {
	s := rounds[0]
	for _, figure := range []func(*Stall) *int64{
		func(s *Stall) *int64 { return &s.P50Micros },
		func(s *Stall) *int64 { return &s.LongestMicros },
		func(s *Stall) *int64 { return &s.OwnMicros },
	} {
		var all []int64
		for i := range rounds {
			all = append(all, *figure(&rounds[i]))
		}
		slices.Sort(all)
		*figure(&s) = all[len(all)/2]
	}
	return s
}
