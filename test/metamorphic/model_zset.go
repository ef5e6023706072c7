package metamorphic

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/kvasirdb/kvasir/internal/client"
)

var modelZSets = map[string]modelCommand{
	"ZADD": modelZAdd,
	"ZINCRBY": func(m *model, a []string) client.Value {
		return modelZAdd(m, []string{a[0], "INCR", a[1], a[2]})
	},
	"ZREM": func(m *model, a []string) client.Value {
		z := owned[float64](m, a[0])
		before := len(z)
		for _, e := range a[1:] {
			delete(z, e)
		}
		m.put(a[0], z)
		return number(before - len(z))
	},
	"ZCARD":  func(m *model, a []string) client.Value { return number(len(get[map[string]float64](m, a[0]))) },
	"ZSCORE": func(m *model, a []string) client.Value { return scoreOf(get[map[string]float64](m, a[0]), a[1]) },
	"ZMSCORE": func(m *model, a []string) client.Value {
		z, v := get[map[string]float64](m, a[0]), array()
		for _, e := range a[1:] {
			v.Elems = append(v.Elems, scoreOf(z, e))
		}
		return v
	},
	"ZRANK":    func(m *model, a []string) client.Value { return rankOf(m.ranked(a[0]), a[1]) },
	"ZREVRANK": func(m *model, a []string) client.Value { return rankOf(reversed(m.ranked(a[0])), a[1]) },
	"ZCOUNT": func(m *model, a []string) client.Value {
		return number(len(within(m.ranked(a[0]), a[1], a[2])))
	},
	"ZRANGE": func(m *model, a []string) client.Value {
		return listed(byRank(m.ranked(a[0]), a[1], a[2]), has(a[3:], "WITHSCORES"))
	},
	"ZREVRANGE": func(m *model, a []string) client.Value {
		return listed(byRank(reversed(m.ranked(a[0])), a[1], a[2]), has(a[3:], "WITHSCORES"))
	},
	"ZRANGEBYSCORE": func(m *model, a []string) client.Value {
		return listed(within(m.ranked(a[0]), a[1], a[2]), has(a[3:], "WITHSCORES"))
	},
	"ZREVRANGEBYSCORE": func(m *model, a []string) client.Value {
		return listed(within(reversed(m.ranked(a[0])), a[2], a[1]), has(a[3:], "WITHSCORES"))
	},
	"ZPOPMIN": func(m *model, a []string) client.Value { return m.popScored(a, m.ranked(a[0])) },
	"ZPOPMAX": func(m *model, a []string) client.Value { return m.popScored(a, reversed(m.ranked(a[0]))) },
	"ZREMRANGEBYRANK": func(m *model, a []string) client.Value {
		return number(m.dropScored(a[0], byRank(m.ranked(a[0]), a[1], a[2])))
	},
	"ZREMRANGEBYSCORE": func(m *model, a []string) client.Value {
		return number(m.dropScored(a[0], within(m.ranked(a[0]), a[1], a[2])))
	},
}

// modelZAdd is ZADD, whose options here are those of the core forms.
func modelZAdd(m *model, a []string) client.Value {
	key, options := a[0], a[1:]
	words := options
	for len(words) > 0 && slices.Contains([]string{"NX", "XX", "GT", "LT", "CH", "INCR"}, words[0]) {
		words = words[1:]
	}
	options = options[:len(options)-len(words)]
	z := owned[float64](m, key)
	added, changed := 0, 0
	var last client.Value
	for pair := range slices.Chunk(words, 2) {
		score := scoreFrom(pair[0])
		old, in := z[pair[1]]
		if has(options, "INCR") {
			score += old
		}
		last = bulk(scoreText(score))
		switch {
		case in && has(options, "NX"), !in && has(options, "XX"):
			continue
		case in && (has(options, "GT") && score <= old || has(options, "LT") && score >= old):
			continue
		case !in:
			added++
		case score != old:
			changed++
		}
		z[pair[1]] = score
	}
	m.put(key, z)
	switch {
	case has(options, "INCR"):
		return last
	case has(options, "CH"):
		return number(added + changed)
	}
	return number(added)
}

// scored is a member with its score.
type scored struct {
	member string
	score  float64
}

// ranked returns the members of a sorted set in order.
func (m *model) ranked(key string) (all []scored) {
	for member, score := range get[map[string]float64](m, key) {
		all = append(all, scored{member, score})
	}
	slices.SortFunc(all, func(x, y scored) int {
		return cmp.Or(cmp.Compare(x.score, y.score), strings.Compare(x.member, y.member))
	})
	return all
}

func reversed(all []scored) []scored {
	slices.Reverse(all)
	return all
}

func byRank(all []scored, from, to string) []scored {
	start, end := span(from, to, len(all))
	return all[start:end]
}

// within returns those whose score lies between two bounds.
func within(all []scored, low, high string) (in []scored) {
	for _, x := range all {
		lowest, highest := scoreFrom(strings.TrimPrefix(low, "(")), scoreFrom(strings.TrimPrefix(high, "("))
		if x.score < lowest || x.score > highest ||
			low[0] == '(' && x.score == lowest || high[0] == '(' && x.score == highest {
			continue
		}
		in = append(in, x)
	}
	return in
}

func (m *model) popScored(a []string, all []scored) client.Value {
	count := 1
	if len(a) > 1 {
		count = index(a[1])
	}
	all = all[:min(count, len(all))]
	m.dropScored(a[0], all)
	return listed(all, true)
}

func (m *model) dropScored(key string, all []scored) int {
	z := owned[float64](m, key)
	for _, x := range all {
		delete(z, x.member)
	}
	m.put(key, z)
	return len(all)
}

func listed(all []scored, withScores bool) client.Value {
	v := array()
	for _, x := range all {
		if v.Elems = append(v.Elems, bulk(x.member)); withScores {
			v.Elems = append(v.Elems, bulk(scoreText(x.score)))
		}
	}
	return v
}

func rankOf(all []scored, member string) client.Value {
	if i := slices.IndexFunc(all, func(x scored) bool { return x.member == member }); i >= 0 {
		return number(i)
	}
	return absent
}

func scoreOf(z map[string]float64, member string) client.Value {
	if score, in := z[member]; in {
		return bulk(scoreText(score))
	}
	return absent
}

func scoreFrom(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic(failure("ERR value is not a valid float"))
	}
	return f
}

// scoreText writes a score as replies have it.
func scoreText(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case math.Abs(f) >= 1e17:
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}
