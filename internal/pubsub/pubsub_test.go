package pubsub

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/platform/glob"
	"github.com/kvasirdb/kvasir/internal/resp"
	"github.com/kvasirdb/kvasir/internal/session"
)

// check verifies that topics, subscriptions and clients agree with each other.
func (b *Bus) check(clients []*session.Client) error {
	inMode := int64(0)
	for _, c := range clients {
		s, total, bytes := stateOf(c), 0, 0
		for k := range kinds {
			for _, name := range s.names(k) {
				total++
				bytes += subscriptionBytes + len(name)
				sub := s.kinds[k][name]
				t := b.kinds[k].byName[name]
				if t == nil || sub.topic != t || t.subscribers[sub.at] != sub || sub.client != c {
					return fmt.Errorf("client %d: subscription to %q is nowhere", c.ID, name)
				}
			}
		}
		if s != nil && s.bytes != bytes {
			return fmt.Errorf("client %d: %d bytes, want %d", c.ID, s.bytes, bytes)
		}
		if c.Has(session.PubSub) != (total > 0) {
			return fmt.Errorf("client %d: %d subscriptions, mode %v", c.ID, total, c.Has(session.PubSub))
		}
		if total > 0 {
			inMode++
		}
	}
	if inMode != b.Clients() {
		return fmt.Errorf("%d clients in the mode, counted %d", inMode, b.Clients())
	}
	for k := range kinds {
		all := &b.kinds[k]
		if len(all.byName) != len(all.list) {
			return fmt.Errorf("kind %d: %d names, %d topics", k, len(all.byName), len(all.list))
		}
		for i, t := range all.list {
			if t.at != i || all.byName[t.name] != t || len(t.subscribers) == 0 {
				return fmt.Errorf("kind %d: topic %q", k, t.name)
			}
			for j, sub := range t.subscribers {
				if sub.at != j || stateOf(sub.client).kinds[k][t.name] != sub {
					return fmt.Errorf("kind %d: topic %q, subscriber %d", k, t.name, j)
				}
			}
		}
	}
	return nil
}

// TestAgainstModel subscribes, unsubscribes and publishes at random; the model
// is a set of triples.
func TestAgainstModel(t *testing.T) {
	const seed = 7
	random := rand.New(rand.NewPCG(seed, seed))
	type key struct {
		client int
		kind   kind
		name   string
	}
	b := New(func(*session.Client, bool) {})
	model := map[key]bool{}
	clients := make([]*session.Client, 4)
	for i := range clients {
		clients[i] = &session.Client{ID: uint64(i), Touch: func() {}}
		clients[i].Out.SetProtocol(resp.RESP3)
	}
	names := []string{"a", "ab", "b*", "*", "[ab]", "abc"}
	for step := range 3000 {
		k := key{random.IntN(len(clients)), kind(random.IntN(int(kinds))), names[random.IntN(len(names))]}
		c := clients[k.client]
		switch random.IntN(8) {
		case 0, 1, 2:
			b.subscribe(c, k.kind, k.name)
			b.setMode(c)
			model[k] = true
		case 3, 4:
			b.unsubscribe(c, k.kind, k.name)
			b.setMode(c)
			delete(model, k)
		case 5:
			b.Forget(c)
			for m := range model {
				if m.client == k.client {
					delete(model, m)
				}
			}
		default:
			want := 0
			per := make([]int, len(clients))
			for m := range model {
				if m.kind == channels && m.name == k.name || m.kind == patterns && glob.Match([]byte(m.name), []byte(k.name), false) {
					want++
					per[m.client]++
				}
			}
			if got := b.Publish([]byte(k.name), []byte("payload")); got != want {
				t.Fatalf("seed %d, step %d: %d receivers, want %d", seed, step, got, want)
			}
			for i, c := range clients {
				c.TakeMail()
				text := string(c.Out.Bytes())
				c.Out.Consume(len(text))
				if got := strings.Count(text, "payload"); got != per[i] {
					t.Fatalf("seed %d, step %d: client %d got %d messages, want %d", seed, step, i, got, per[i])
				}
			}
		}
		if err := b.check(clients); err != nil {
			t.Fatalf("seed %d, step %d: %v", seed, step, err)
		}
	}
}

func TestMessagesInEachProtocol(t *testing.T) {
	b := New(func(*session.Client, bool) {})
	two, three := &session.Client{Touch: func() {}}, &session.Client{Touch: func() {}}
	three.Out.SetProtocol(resp.RESP3)
	b.subscribe(two, channels, "c")
	b.subscribe(three, channels, "c")
	b.Publish([]byte("c"), []byte("m"))
	two.TakeMail()
	three.TakeMail()
	const body = "3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n"
	if got := string(two.Out.Bytes()); got != "*"+body {
		t.Errorf("RESP2: %q", got)
	}
	if got := string(three.Out.Bytes()); got != ">"+body {
		t.Errorf("RESP3: %q", got)
	}
}

func TestNotifyPublishesWhatIsAskedFor(t *testing.T) {
	b := New(func(*session.Client, bool) {})
	c := &session.Client{Touch: func() {}}
	b.subscribe(c, patterns, "*")
	event := command.Event{Class: command.EventString, Name: "set", DB: 11, Key: []byte("k")}
	var got []string
	for _, m := range [][2]bool{{true, true}, {true, false}, {false, true}, {false, false}} {
		b.Notify(event, m[0], m[1])
		c.TakeMail()
		text := string(c.Out.Bytes())
		c.Out.Consume(len(text))
		got = append(got, fmt.Sprint(strings.Count(text, "__keyspace@11__:k\r\n$3\r\nset"), strings.Count(text, "__keyevent@11__:set\r\n$1\r\nk")))
	}
	if want := []string{"1 1", "1 0", "0 1", "0 0"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
