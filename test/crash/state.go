package crash

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
)

// state is what a writer's database holds.
type state struct {
	counter string
	marks   [3]string // what the last transaction wrote
	// keys are the lasting keys with their digests and times.
	keys map[string]string
	// fleeting are the keys that expire soon, with their times in milliseconds.
	fleeting map[string]int64
	// from and to are when this was read, in Unix milliseconds.
	from, to int64
}

// readState reads a writer's database. The connection is on that database.
func readState(ctx context.Context, conn *client.Conn, db int) (state, error) {
	s := state{keys: map[string]string{}, fleeting: map[string]int64{}, from: time.Now().UnixMilli()}
	listed, err := conn.Do(ctx, "KEYS", "*")
	if err == nil {
		err = listed.Err()
	}
	if err != nil {
		return s, err
	}
	names := listed.Strings()
	slices.Sort(names)
	var lines [][]string
	ask := func(words ...string) { lines = append(lines, words) }
	ask("GET", counterKey)
	ask("GET", "t1")
	ask("HGET", "t2", "number")
	ask("SELECT", strconv.Itoa(sharedDB))
	ask("GET", sharedKey(db))
	ask("SELECT", strconv.Itoa(db))
	ask(append([]string{"DEBUG", "DIGEST-VALUE"}, names...)...)
	for _, name := range names {
		ask("PEXPIRETIME", name)
		if strings.HasPrefix(name, "h") {
			words := []string{"HPEXPIRETIME", name, "FIELDS", strconv.Itoa(fields)}
			for i := range fields {
				words = append(words, "f"+strconv.Itoa(i))
			}
			ask(words...)
		}
	}
	answers, err := pipeline(conn, lines)
	if err != nil {
		return s, err
	}
	s.to = time.Now().UnixMilli()
	s.counter = answers[0].Str
	s.marks = [3]string{answers[1].Str, answers[2].Str, answers[4].Str}
	s.keys["shared "+sharedKey(db)] = answers[4].Str
	digests := answers[6].Strings()
	answers = answers[7:]
	for i, name := range names {
		text := digests[i] + " " + strconv.FormatInt(answers[0].Int, 10)
		at := answers[0].Int
		answers = answers[1:]
		if strings.HasPrefix(name, "h") {
			for _, v := range answers[0].Elems {
				text += " " + strconv.FormatInt(v.Int, 10)
			}
			answers = answers[1:]
		}
		if strings.HasPrefix(name, fleetingPrefix) {
			s.fleeting[name] = at
		} else {
			s.keys[name] = text
		}
	}
	return s, nil
}

func pipeline(conn *client.Conn, lines [][]string) ([]client.Value, error) {
	var err error
	for _, words := range lines {
		err = errors.Join(err, conn.Send(words...))
	}
	if err = errors.Join(err, conn.Flush()); err != nil {
		return nil, err
	}
	answers := make([]client.Value, 0, len(lines))
	for range lines {
		v, err := conn.Receive()
		if err != nil {
			return nil, err
		}
		answers = append(answers, v)
	}
	return answers, nil
}

// same reports whether two states hold the same lasting keys.
func (s state) same(o state) bool { return maps.Equal(s.keys, o.keys) }

// fleetingDiffers names a key that one of two states holds without its time
// having come when the other was read.
func (s state) fleetingDiffers(o state) string {
	for _, pair := range [][2]state{{s, o}, {o, s}} {
		for name, at := range pair[0].fleeting {
			// Keys with fields that expire have no time of their own; an oracle that
			// is read later may have lost them by then.
			if _, there := pair[1].fleeting[name]; !there && at > 0 && at > max(s.to, o.to) {
				return name
			}
		}
	}
	for name, at := range s.fleeting {
		if at > 0 && at < s.from {
			return name
		}
	}
	return ""
}

// difference describes how two states differ, for a failure.
func (s state) difference(o state) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s.keys)) {
		if s.keys[name] != o.keys[name] {
			fmt.Fprintf(&b, "\n  %s: found %q, expected %q", name, s.keys[name], o.keys[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.keys)) {
		if _, there := s.keys[name]; !there {
			fmt.Fprintf(&b, "\n  %s: missing, expected %q", name, o.keys[name])
		}
	}
	return b.String()
}

// torn reports whether the three places that each transaction writes differ.
func (s state) torn() bool {
	return s.marks[0] != s.marks[1] || s.marks[1] != s.marks[2]
}
