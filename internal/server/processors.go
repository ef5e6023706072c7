package server

import (
	"runtime"
	"time"
)

// spareProcessors is how many goroutines may run beside the loops without taking
// a scheduler's processor from them: the expirer, a snapshot's walker, the
// garbage collector.
const spareProcessors = 3

// reserveProcessors gives the Go scheduler a processor for each of n loops, and
// spare ones. Which thread runs when is then the operating system's business,
// which shares fairly, and not the Go scheduler's, which lets a goroutine run
// for 10 ms while a loop waits.
//
// There is a second reason. A loop that sleeps in epoll_wait keeps its processor
// as long as another one is idle. If none is, the scheduler's monitor takes it
// away, and goes on looking every 20 µs for more to take: on one core, that
// cost as much as a fifth of the server's time.
func reserveProcessors(n int) {
	if want := n + spareProcessors; runtime.GOMAXPROCS(0) < want {
		runtime.GOMAXPROCS(want)
	}
}

// schedulerTurn is how long a loop runs before it passes through the scheduler.
// A goroutine that has not done so for 10 ms is interrupted, after which the
// monitor looks every 20 µs again.
const schedulerTurn = 4 * time.Millisecond
