package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"runtime/debug"
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

// during sends while f runs and returns the latencies of all requests. The garbage
// collector waits meanwhile: it would make requests late, and there is little to collect.
func (o openLoop) during(ctx context.Context, f func() error) (latencies []time.Duration, err error) {
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	began := time.Now()
	loading, stop := context.WithCancel(ctx)
	defer stop()
	all, ended := make([][]time.Duration, openConnections), make([]error, openConnections)
	var lanes sync.WaitGroup
	for i := range openConnections {
		lanes.Go(func() {
			all[i], ended[i] = o.lane(loading, i, began)
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

// lane is one connection. Its bursts are known by when they are due, after the beginning.
func (o openLoop) lane(ctx context.Context, number int, began time.Time) ([]time.Duration, error) {
	conn, err := net.Dial("tcp", o.addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	sent, sending := make(chan time.Duration, openPendingMax), make(chan error, 1)
	go func() {
		sending <- o.send(ctx, conn, number, began, sent)
		close(sent)
	}()
	latencies, err := o.receive(conn, began, sent)
	if err != nil {
		conn.Close() // which ends the sender
		for range sent {
		}
	}
	return latencies, errors.Join(err, <-sending)
}

// burst returns how many requests a connection sends at once.
func (o openLoop) burst() int {
	return o.perSecond * int(openTick) / int(time.Second) / openConnections
}

func (o openLoop) send(ctx context.Context, conn net.Conn, number int, began time.Time, sent chan<- time.Duration) error {
	rnd := rand.New(rand.NewPCG(uint64(number), uint64(o.perSecond)))
	value := strings.Repeat("y", o.valueBytes)
	var text []byte
	// The connections take turns within a tick.
	due := openTick * time.Duration(number) / openConnections
	for ; ctx.Err() == nil; due += openTick {
		time.Sleep(due - time.Since(began))
		text = text[:0]
		for range o.burst() {
			text = fmt.Appendf(text, "*3\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n$%d\r\n%s\r\n", rnd.Int64N(o.keys), len(value), value)
		}
		select {
		case sent <- due:
		default:
			return errors.New("the server has not answered for too long")
		}
		if _, err := conn.Write(text); err != nil {
			return err
		}
	}
	return nil
}

func (o openLoop) receive(conn net.Conn, began time.Time, sent <-chan time.Duration) (latencies []time.Duration, err error) {
	in := bufio.NewReader(conn)
	var reply [len(okReply)]byte
	for due := range sent {
		for range o.burst() {
			if _, err := io.ReadFull(in, reply[:]); err != nil {
				return latencies, err
			}
			if string(reply[:]) != okReply {
				rest, _ := in.Peek(in.Buffered())
				return latencies, fmt.Errorf("the server answers %q", append(reply[:], rest...))
			}
			latencies = append(latencies, time.Since(began)-due)
		}
	}
	return latencies, nil
}
