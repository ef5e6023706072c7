package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// probePause is the time between two round trips of the probe.
const probePause = 200 * time.Microsecond

// shortWait is a round trip that nobody will ask the reason of.
const shortWait = 500 * time.Microsecond

// waits probes the server with a GET again and again while run runs, and
// returns every round trip.
//
// A round trip on a machine with other work is long mostly because a thread
// that could run has to wait for a processor. The kernel counts that time for
// each thread (schedstat(5)), so it is read before and after every round trip,
// for the probe's thread and for those of the server, and told apart from what
// the server itself makes the probe wait. The probe blocks in the kernel on a
// thread of its own, so that no other part of this process stands between it
// and the server.
func (t *target) waits(ctx context.Context, run func() error) ([]wait, error) {
	const warmup = 20_000 // by now the server has its threads
	if err := t.fill(ctx, warmup, "GET", "probe"); err != nil {
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
		waits, err := t.probeUntil(stop)
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

func (t *target) probeUntil(stop chan struct{}) ([]wait, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	if err := unix.Connect(fd, &unix.SockaddrInet4{Port: t.Port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return nil, err
	}
	own, err := os.Open(fmt.Sprintf("/proc/self/task/%d/schedstat", unix.Gettid()))
	if err != nil {
		return nil, err
	}
	defer own.Close()
	server := watch{pid: t.PID, files: map[string]*os.File{}}
	defer server.close()
	if err := server.look(); err != nil {
		return nil, err
	}
	request, reply := []byte("GET probe\r\n"), make([]byte, 256)
	pause := unix.NsecToTimespec(probePause.Nanoseconds())
	var waits []wait
	for {
		select {
		case <-stop:
			return waits, nil
		default:
		}
		probe, threads := schedule(own), server.read()
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
		w := wait{total: time.Since(began)}
		if w.total > shortWait {
			if err := server.look(); err != nil { // it may have made threads
				return nil, err
			}
			w.queued = schedule(own).queued - probe.queued + deprived(threads, server.read())
		}
		waits = append(waits, w)
		unix.Nanosleep(&pause, nil) // an early end does no harm
	}
}

// scheduled is how long a thread ran and how long it could have run and had no
// processor, since it began.
type scheduled struct{ ran, queued time.Duration }

// deprived returns for how long a server had no processor for a thread that was
// ready to run, because other work of the machine had it: at least that long.
// While one of its threads is ready another may run, which is the server's own
// affair; of each thread's time in the queue, so much is taken off as all others
// ran meanwhile. Go moves an event loop from thread to thread, so the thread that
// was kept waiting longest is taken for the one that the probe waited for.
func deprived(before, after map[string]scheduled) (longest time.Duration) {
	var ran time.Duration
	for id, a := range after {
		ran += max(a.ran-before[id].ran, 0) // it may have ended
	}
	for id, a := range after {
		others := ran - max(a.ran-before[id].ran, 0)
		longest = max(longest, a.queued-before[id].queued-others)
	}
	return longest
}

// watch reads the schedule of a server's threads.
type watch struct {
	pid   int
	files map[string]*os.File // by thread id
}

// look finds the threads there are now.
func (w *watch) look() error {
	ids, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", w.pid))
	if err != nil {
		return err
	}
	for _, id := range ids {
		if w.files[id.Name()] != nil {
			continue
		}
		f, err := os.Open(fmt.Sprintf("/proc/%d/task/%s/schedstat", w.pid, id.Name()))
		if err == nil { // else it has ended
			w.files[id.Name()] = f
		}
	}
	return nil
}

func (w *watch) read() map[string]scheduled {
	m := make(map[string]scheduled, len(w.files))
	for id, f := range w.files {
		m[id] = schedule(f)
	}
	return m
}

func (w *watch) close() {
	for _, f := range w.files {
		f.Close()
	}
}

// schedule reads a schedstat file. Of a thread that has ended there is nothing
// to be read; it counts as one that never ran.
func schedule(f *os.File) (s scheduled) {
	var text [64]byte
	n, _ := f.ReadAt(text[:], 0)
	fields := bytes.Fields(text[:n])
	if len(fields) < 2 {
		return s
	}
	ran, _ := strconv.ParseInt(string(fields[0]), 10, 64)
	queued, _ := strconv.ParseInt(string(fields[1]), 10, 64)
	return scheduled{time.Duration(ran), time.Duration(queued)}
}

// ran returns the CPU time of the server's threads, to the nanosecond.
func (t *target) ran() (sum time.Duration, err error) {
	w := watch{pid: t.PID, files: map[string]*os.File{}}
	defer w.close()
	if err := w.look(); err != nil {
		return 0, err
	}
	for _, s := range w.read() {
		sum += s.ran
	}
	return sum, nil
}
