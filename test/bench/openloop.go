package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"
)

// openLoop sends SETs at a fixed rate, whether the server answers or not. A
// request's latency counts from the moment at which it was due: a server that
// stalls makes all requests late that were due meanwhile, and they all show.
type openLoop struct {
	addr       string
	perSecond  int
	keys       int64
	valueBytes int
}

const (
	openConnections = 10
	// openTick is the time between two bursts of a connection. All requests of a
	// burst are due at once.
	openTick = time.Millisecond
	// openPendingMax bounds the bursts that a connection sends ahead of the
	// replies: a minute.
	openPendingMax = 60_000
	okReply        = "+OK\r\n"
)

// burst is what a connection sends at once.
type burst struct {
	due      time.Time
	requests int
}

// during sends while f runs and returns the latencies of all requests.
func (o openLoop) during(ctx context.Context, f func() error) (latencies []time.Duration, err error) {
	loading, stop := context.WithCancel(ctx)
	defer stop()
	all, ended := make([][]time.Duration, openConnections), make([]error, openConnections)
	var lanes sync.WaitGroup
	for i := range openConnections {
		lanes.Go(func() {
			all[i], ended[i] = o.lane(loading, i)
			if ended[i] != nil {
				stop()
			}
		})
	}
	err = f()
	stop()
	lanes.Wait()
	for i := range all {
		latencies = append(latencies, all[i]...)
		err = errors.Join(err, ended[i])
	}
	return latencies, err
}

// lane is one connection.
func (o openLoop) lane(ctx context.Context, number int) ([]time.Duration, error) {
	conn, err := net.Dial("tcp", o.addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	sent, sending := make(chan burst, openPendingMax), make(chan error, 1)
	go func() {
		sending <- o.send(ctx, conn, number, sent)
		close(sent)
	}()
	latencies, err := o.receive(conn, sent)
	if err != nil {
		conn.Close() // which ends the sender
		for range sent {
		}
	}
	return latencies, errors.Join(err, <-sending)
}

func (o openLoop) send(ctx context.Context, conn net.Conn, number int, sent chan<- burst) error {
	rnd := rand.New(rand.NewPCG(uint64(number), uint64(o.perSecond)))
	requests := o.perSecond * int(openTick) / int(time.Second) / openConnections
	value := strings.Repeat("y", o.valueBytes)
	var text []byte
	// The connections take turns within a tick.
	start := time.Now().Add(openTick * time.Duration(number) / openConnections)
	for tick := 0; ctx.Err() == nil; tick++ {
		due := start.Add(time.Duration(tick) * openTick)
		time.Sleep(time.Until(due))
		text = text[:0]
		for range requests {
			text = fmt.Appendf(text, "*3\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n$%d\r\n%s\r\n", rnd.Int64N(o.keys), len(value), value)
		}
		select {
		case sent <- burst{due, requests}:
		default:
			return errors.New("the server has not answered for too long")
		}
		if _, err := conn.Write(text); err != nil {
			return err
		}
	}
	return nil
}

func (o openLoop) receive(conn net.Conn, sent <-chan burst) (latencies []time.Duration, err error) {
	in := bufio.NewReader(conn)
	var reply [len(okReply)]byte
	for b := range sent {
		for range b.requests {
			if _, err := io.ReadFull(in, reply[:]); err != nil {
				return latencies, err
			}
			if string(reply[:]) != okReply {
				rest, _ := in.Peek(in.Buffered())
				return latencies, fmt.Errorf("the server answers %q", append(reply[:], rest...))
			}
			latencies = append(latencies, time.Since(b.due))
		}
	}
	return latencies, nil
}
