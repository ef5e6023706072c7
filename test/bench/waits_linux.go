package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// probePause is the time between two round trips of the probe.
const probePause = 200 * time.Microsecond

// waits probes the server with a GET again and again while run runs, and
// returns every round trip.
//
// A round trip on a machine with other work is long mostly because a thread
// that could run has to wait for a processor. The kernel counts that time for
// each thread (schedstat(5): the second number), so it is read before and after
// every round trip, for the probe's thread and for the server's busiest one, and
// told apart from what the server itself makes the probe wait. The probe blocks
// in the kernel on a thread of its own, so that no other part of this process
// stands between it and the server.
func (t *target) waits(ctx context.Context, run func() error) ([]wait, error) {
	busiest, err := t.busiestThread(ctx)
	if err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	type probed struct {
		waits []wait
		err   error
	}
	result, stop := make(chan probed, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		waits, err := t.probeUntil(stop, busiest)
		result <- probed{waits, err}
	}()
	go func() { ended <- run() }()
	select {
	case err := <-ended:
		close(stop)
		p := <-result
		return p.waits, errors.Join(err, p.err)
	case p := <-result: // only when it failed
		return nil, errors.Join(p.err, <-ended)
	}
}

func (t *target) probeUntil(stop chan struct{}, thread string) ([]wait, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	if err := unix.Connect(fd, &unix.SockaddrInet4{Port: t.Port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return nil, err
	}
	request, reply := []byte("GET probe\r\n"), make([]byte, 256)
	own := fmt.Sprintf("/proc/self/task/%d/schedstat", unix.Gettid())
	pause := unix.NsecToTimespec(probePause.Nanoseconds())
	var waits []wait
	for {
		select {
		case <-stop:
			return waits, nil
		default:
		}
		queued, err := queuedIn(own, thread)
		if err != nil {
			return nil, err
		}
		began := time.Now()
		if _, err := unix.Write(fd, request); err != nil {
			return nil, err
		}
		for n := 0; !bytes.HasSuffix(reply[:n], []byte(value+"\r\n")); {
			got, err := unix.Read(fd, reply[n:])
			if err == unix.EINTR {
				continue
			}
			if err != nil || got == 0 {
				return nil, errors.Join(err, errors.New("the server closed the probe's connection"))
			}
			n += got
		}
		total := time.Since(began)
		after, err := queuedIn(own, thread)
		if err != nil {
			return nil, err
		}
		waits = append(waits, wait{total, after - queued})
		unix.Nanosleep(&pause, nil) // an early end does no harm
	}
}

// queuedIn sums the times that threads were ready and not running.
func queuedIn(files ...string) (sum time.Duration, err error) {
	for _, file := range files {
		_, queued, err := schedule(file)
		if err != nil {
			return 0, err
		}
		sum += queued
	}
	return sum, nil
}

func schedule(file string) (ran, queued time.Duration, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, 0, fmt.Errorf("%s holds %q", file, text)
	}
	numbers := [2]int64{}
	for i := range numbers {
		if numbers[i], err = strconv.ParseInt(fields[i], 10, 64); err != nil {
			return 0, 0, err
		}
	}
	return time.Duration(numbers[0]), time.Duration(numbers[1]), nil
}

// busiestThread returns the schedstat of the server's thread that ran most: the
// one that executes commands, once some were sent.
func (t *target) busiestThread(ctx context.Context) (string, error) {
	const warmup = 20_000
	if err := t.fill(ctx, warmup, "GET", "probe"); err != nil {
		return "", err
	}
	threads, err := t.threads()
	if err != nil {
		return "", err
	}
	busiest := slices.MaxFunc(threads, func(a, b thread) int { return cmp.Compare(a.ran, b.ran) })
	return busiest.file, nil
}

// thread is one of a server, with its schedstat and the time for which it ran.
type thread struct {
	file string
	ran  time.Duration
}

// threads returns the server's threads, at least one.
func (t *target) threads() (threads []thread, err error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", t.PID))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if ran, _, err := schedule(file); err == nil { // it may have ended
			threads = append(threads, thread{file, ran})
		}
	}
	if threads == nil {
		return nil, fmt.Errorf("no thread of process %d can be read", t.PID)
	}
	return threads, nil
}

// ran returns the CPU time of the server's threads, to the nanosecond.
func (t *target) ran() (sum time.Duration, err error) {
	threads, err := t.threads()
	for _, thread := range threads {
		sum += thread.ran
	}
	return sum, err
}
