package loadgen

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/kvasirdb/kvasir/internal/client"
)

func slotOf(tag string) int {
	table := crcTable()
	var crc uint16
	for i := range len(tag) {
		crc = crc<<8 ^ table[byte(crc>>8)^tag[i]]
	}
	return int(crc % slotCount)
}

func TestSlotTags(t *testing.T) {
	// The check value of CRC-16/XMODEM, and a slot every cluster agrees on.
	if got := slotOf("123456789"); got != 0x31C3 {
		t.Errorf("slot of the check text is %#x", got)
	}
	for slot, tag := range slotTags() {
		if got := slotOf(string(tag[:])); got != slot {
			t.Fatalf("tag %q of slot %d hashes to slot %d", tag, slot, got)
		}
	}
}

// startCluster starts a node for each range of slots, all of which answer
// CLUSTER SLOTS with the current layout and call asked before.
func startCluster(t *testing.T, layout *atomic.Pointer[[]int], answer func(node int, command string) string, asked func()) []*scriptedServer {
	nodes := make([]*scriptedServer, 2)
	slots := func() string {
		var b strings.Builder
		bounds := *layout.Load()
		fmt.Fprintf(&b, "*%d\r\n", len(bounds))
		first := 0
		for i, last := range bounds {
			_, port, _ := net.SplitHostPort(nodes[i].addr)
			fmt.Fprintf(&b, "*3\r\n:%d\r\n:%d\r\n*3\r\n$0\r\n\r\n:%s\r\n$5\r\nnode%d\r\n", first, last, port, i)
			first = last + 1
		}
		return b.String()
	}
	var mu sync.Mutex
	ready := make(chan struct{})
	for i := range nodes {
		nodes[i] = startServer(t, &scriptedServer{answer: func(command string) string {
			<-ready
			if command == "CLUSTER SLOTS" {
				mu.Lock()
				defer mu.Unlock()
				asked()
				return slots()
			}
			return answer(i, command)
		}})
	}
	close(ready)
	return nodes
}

// keySlot returns the slot of the hash tag in a command.
func keySlot(command string) int {
	_, rest, _ := strings.Cut(command, "{")
	tag, _, _ := strings.Cut(rest, "}")
	return slotOf(tag)
}

func TestClusterRoutesToOwners(t *testing.T) {
	var layout atomic.Pointer[[]int]
	layout.Store(&[]int{9999, slotCount - 1})
	nodes := startCluster(t, &layout, func(int, string) string { return "+OK\r\n" }, func() {})
	out := nodes[0].invoke(t, "--cluster", "-c", "6", "-n", "600", "-P", "2", "-r", "1000", "-t", "set,mset").succeed(t)
	for i, node := range nodes {
		different := map[int]bool{}
		for _, command := range node.received() {
			if command == "CLUSTER SLOTS" {
				continue
			}
			slot := keySlot(command)
			if inFirst := slot < 10000; inFirst != (i == 0) {
				t.Fatalf("node %d was sent slot %d: %s", i, slot, command)
			}
			different[slot] = true
		}
		if len(different) < 50 {
			t.Errorf("node %d was sent %d different slots", i, len(different))
		}
	}
	for _, want := range []string{"Cluster has 2 primary nodes:\n\nNode 0(Primary): node0 127.0.0.1:",
		"  cluster mode: yes (2 primary)\n  node [0] configuration:\n    save: 3600 1 \n    appendonly: no\n", "  multi-thread: yes\n  threads: 2\n"} {
		if !strings.Contains(out.stdout, want) {
			t.Errorf("output lacks %q:\n%s", want, out.stdout)
		}
	}
}

func TestClusterFollowsRedirections(t *testing.T) {
	// The nodes move slots while the run goes on; each refuses what it has lost.
	// After the first refusal they wait until somebody asks for the new layout.
	var before, after = []int{9999, slotCount - 1}, []int{4999, slotCount - 1}
	var layout atomic.Pointer[[]int]
	layout.Store(&before)
	var served, refused atomic.Int64
	fetched := make(chan struct{})
	fetches := 0
	answer := func(node int, command string) string {
		if served.Add(1) == 100 {
			layout.Store(&after)
		}
		slot := keySlot(command)
		if (slot <= (*layout.Load())[0]) == (node == 0) {
			return "+OK\r\n"
		}
		if refused.Add(1) > 1 {
			<-fetched
		}
		return fmt.Sprintf("-MOVED %d 127.0.0.1:1\r\n", slot)
	}
	nodes := startCluster(t, &layout, answer, func() {
		if fetches++; fetches == 2 {
			close(fetched)
		}
	})
	out := nodes[0].invoke(t, "--cluster", "-c", "2", "-n", "4000", "-q", "-t", "get").succeed(t)
	if n := strings.Count(out.stderr, "WARNING: Cluster slots configuration changed"); n != 1 {
		t.Errorf("%d layouts fetched, want 1: %s", n, out.stderr)
	}
	// Half of node 0's requests would be refused had nothing been learnt.
	if n := refused.Load(); n == 0 || n > 500 {
		t.Errorf("%d of 4000 requests were refused", n)
	}
}

func TestClusterOtherErrorsEndTheRun(t *testing.T) {
	var layout atomic.Pointer[[]int]
	layout.Store(&[]int{9999, slotCount - 1})
	nodes := startCluster(t, &layout, func(int, string) string { return "-ERR broken\r\n" }, func() {})
	out := nodes[0].invoke(t, "--cluster", "-n", "10", "-t", "get")
	if out.status != 1 || !strings.Contains(out.stderr, "Error from server 127.0.0.1:") || !strings.Contains(out.stderr, ": ERR broken\n") {
		t.Errorf("status %d, stderr %q", out.status, out.stderr)
	}
}

func TestParseSlotsChoosesNodes(t *testing.T) {
	text := func(s string) client.Value { return client.Value{Kind: client.Bulk, Str: s} }
	number := func(n int64) client.Value { return client.Value{Kind: client.Integer, Int: n} }
	array := func(v ...client.Value) client.Value { return client.Value{Kind: client.Array, Elems: v} }
	reply := array(
		array(number(0), number(5), array(text("h"), number(1), text("p")), array(text(""), number(2), text("r"))),
		array(number(7), number(7), array(text("h"), number(1), text("p"))),
	)
	for from, want := range map[ReadFrom]string{
		PrimaryOnly: "p h:1 7",
		ReplicaOnly: "r asked:2 6",
		AllNodes:    "p h:1 7,r asked:2 6",
	} {
		layout, err := parseSlots(reply, from, "asked")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, node := range layout {
			got = append(got, fmt.Sprintf("%s %s %d", node.id, node.addr, len(node.slots)))
		}
		if strings.Join(got, ",") != want {
			t.Errorf("from %d: %v, want %s", from, got, want)
		}
	}
	for name, bad := range map[string]client.Value{
		"short entry":   array(array(number(0))),
		"out of range":  array(array(number(0), number(slotCount), array(text("h"), number(1), text("p")))),
		"reversed":      array(array(number(5), number(1), array(text("h"), number(1), text("p")))),
		"node not list": array(array(number(0), number(1), text("h"))),
	} {
		if _, err := parseSlots(bad, PrimaryOnly, ""); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
