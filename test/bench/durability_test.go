package main

import (
	"bufio"
	"context"
	"net"
	"strings"
	"testing"
	"time"
)

func TestDurabilityPage(t *testing.T) {
	text := string(Page(&Figures{
		Servers: []string{"kvasir", "valkey 9.1.0"},
		Durability: &Durability{
			PerSecond: 50_000, Keys: 1000, FileKeys: 500,
			Stalls: []SaveStall{
				{Phase: "nothing", Server: "kvasir", P999Micros: 900, MaxMicros: 5000, OwnMicros: 300, Idle: true},
				{Phase: "BGSAVE", Server: "kvasir", P999Micros: 1900, MaxMicros: 9000, OwnMicros: 1300, ExtraBytes: 65 << 20},
			},
			Files: []FileTime{{"SAVE", "kvasir", 0.5, 0.75}, {"SAVE", "valkey 9.1.0", 1, 1}},
			Writes: []DurableWrites{
				{"always", "kvasir", 12_000, 20}, {"always", "valkey 9.1.0", 10_000, 30},
				{noFile, "kvasir", 99_000, 9}, {noFile, "valkey 9.1.0", 100_000, 10},
			},
		},
	}))
	for _, want := range []string{
		"| nothing | kvasir | 900 | 5000 | 300 | | | |\n",
		"| BGSAVE | kvasir | 1900 | 9000 | 1300 | 65 | met | **missed** |\n",
		"| SAVE | 0.5 (0.75) | 1 (1.00) | 0.50 | 0.80 | met |\n",
		"| always | 12.0 (20.00) | 10.0 (30.00) | 1.20 | 1.20 | met |\n",
		"| none | 99.0 (9.00) | 100.0 (10.00) | 0.99 | 1.00 | **missed** |\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

// A server that stalls makes everything late that was due meanwhile, not only
// what it had been sent.
func TestOpenLoopCountsFromWhenDue(t *testing.T) {
	const stall = 200 * time.Millisecond
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go answer(conn, stall)
		}
	}()
	o := openLoop{addr: l.Addr().String(), perSecond: 10_000, keys: 10, valueBytes: 3}
	latencies, err := o.during(context.Background(), func() error { time.Sleep(3 * stall); return nil })
	if err != nil {
		t.Fatal(err)
	}
	late := 0
	for _, latency := range latencies {
		if latency > stall/2 {
			late++
		}
	}
	// Each of the ten connections is due ten requests before the last tenth of
	// a second of its stall, one every millisecond.
	if want := openConnections * 50; late < want {
		t.Errorf("%d of %d requests were late, want %d", late, len(latencies), want)
	}
}

// answer answers SETs, the first after a while.
func answer(conn net.Conn, stall time.Duration) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for lines := 0; ; lines++ {
		if _, err := in.ReadString('\n'); err != nil {
			return
		}
		if lines == 0 {
			time.Sleep(stall)
		}
		const linesOfSet = 7
		if lines%linesOfSet == linesOfSet-1 {
			if _, err := conn.Write([]byte(okReply)); err != nil {
				return
			}
		}
	}
}
