// Package processors keeps Go's scheduler out of the way of event loops.
//
// An event loop is a goroutine that sleeps in epoll_wait and otherwise runs
// without a pause. Go's scheduler is made for other goroutines, and its monitor
// takes such a one for a nuisance, in two ways:
//
//   - A goroutine in a system call keeps its processor (what GOMAXPROCS counts)
//     while another one is idle. If none is, the monitor takes it away, and then
//     looks every 20 µs for more to take.
//   - A goroutine that has run for 10 ms without passing through the scheduler is
//     interrupted, and if that finds it in a system call, the same follows.
//
// On one core, the monitor's wake-ups cost as much as a fifth of the server's
// time. Reserve prevents the first, and a runtime.Gosched every Turn the second.
package processors

import (
	"runtime"
	"time"
)

// spare is how many goroutines may run beside the loops without taking a
// processor from them: a server's expirer, a snapshot's walker, the garbage
// collector.
const spare = 3

// Reserve provides a processor for each of n loops, and spare ones. Which thread
// runs when is then the operating system's business, which shares fairly, and
// not that of Go's scheduler, which lets a goroutine run for 10 ms while a loop
// waits. It concerns the whole process.
func Reserve(n int) {
	if want := n + spare; runtime.GOMAXPROCS(0) < want {
		runtime.GOMAXPROCS(want)
	}
}

// Turn is how long a loop runs before it passes through the scheduler.
const Turn = 4 * time.Millisecond
