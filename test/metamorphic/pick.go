package metamorphic

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/kvasirdb/kvasir/internal/client"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
)

// playPick plays a request that picks at random. Where it changes something,
// one server picks, in turns, and the other targets are told to remove what it
// picked; otherwise each picks for itself. The model never picks.
func playPick(targets []target, words []string, at int) string {
	p := parsePick(words)
	servers := serversAmong(targets)
	if v := servers[0].do(p.population); v.Kind == client.Error {
		return compare(servers, func(t target) string { return cmdtest.Text(t.do(words)) })
	}
	if words[0] != "SPOP" {
		for _, t := range servers {
			if text := p.check(t.do(p.population), t.do(words)); text != "" {
				return t.name() + ": " + text
			}
		}
		return ""
	}
	chooser := servers[at%len(servers)]
	before := chooser.do(p.population)
	v := chooser.do(words)
	if text := p.check(before, v); text != "" {
		return chooser.name() + ": " + text
	}
	remove := []string{"SREM", words[1]}
	for _, member := range p.picked(v) {
		remove = append(remove, member.Str)
	}
	others := slices.DeleteFunc(slices.Clone(targets), func(t target) bool { return t == chooser })
	if len(remove) == 2 {
		return ""
	}
	want := strconv.Itoa(len(remove) - 2)
	for _, t := range others {
		if got := cmdtest.Text(t.do(remove)); got != want {
			return fmt.Sprintf("%s picked %s; %s removed %s of them", chooser.name(), cmdtest.Text(v), t.name(), got)
		}
	}
	return ""
}

// pick is a request that picks at random, and what is known of its reply.
type pick struct {
	population []string // the request for what it picks from
	unit       int      // how many elements of the population are one thing
	withValues bool     // the reply has all of the unit, not only its first
	single     bool     // there is no count: one thing or nil
	count      int      // < 0: with repetitions
}

func parsePick(words []string) pick {
	p := pick{unit: 1, single: len(words) <= 2}
	switch words[0] {
	case "RANDOMKEY":
		p.population = []string{"KEYS", "*"}
	case "HRANDFIELD":
		p.population, p.unit = []string{"HGETALL", words[1]}, 2
	case "ZRANDMEMBER":
		p.population, p.unit = []string{"ZRANGE", words[1], "0", "-1", "WITHSCORES"}, 2
	default:
		p.population = []string{"SMEMBERS", words[1]}
	}
	if !p.single {
		p.count, _ = strconv.Atoi(words[2]) // made by a maker of integers
	}
	p.withValues = len(words) > 3
	return p
}

// picked returns the elements of a reply.
func (p pick) picked(v client.Value) []client.Value {
	switch {
	case !p.single:
		return v.Elems
	case v.Kind == client.Null:
		return nil
	}
	return []client.Value{v}
}

// check returns what is wrong with a reply, given what it picked from.
func (p pick) check(population, reply client.Value) string {
	size := len(population.Elems) / p.unit
	want := min(p.count, size)
	switch {
	case p.single:
		want = min(1, size)
	case p.count < 0 && size > 0:
		want = -p.count
	case p.count < 0:
		want = 0
	}
	unit := 1
	if p.withValues {
		unit = p.unit
	}
	picked := units(client.Value{Elems: p.picked(reply)}, unit)
	problem := ""
	known := make(map[string]bool)
	for part := range slices.Chunk(population.Elems, p.unit) {
		known[cmdtest.Text(client.Value{Kind: client.Array, Elems: part[:unit]})] = true
	}
	for i, x := range picked {
		if !known[x] {
			problem = x + " was not there"
		} else if p.count > 0 && i > 0 && picked[i-1] == x {
			problem = x + " was picked twice"
		}
	}
	if len(picked) != want {
		problem = fmt.Sprintf("%d picked, not %d", len(picked), want)
	}
	if reply.Kind == client.Error || problem == "" {
		return problem
	}
	return fmt.Sprintf("%s: %s of %s", problem, cmdtest.Text(reply), cmdtest.Text(population))
}
