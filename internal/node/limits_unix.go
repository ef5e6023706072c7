//go:build unix

package node

import "golang.org/x/sys/unix"

// reservedFiles is how many descriptors the server needs besides its clients'.
const reservedFiles = 32

// raiseFileLimit asks the system for enough descriptors for maxclients, and
// lowers maxclients to what it gets.
func (n *Node) raiseFileLimit() {
	p := &n.Config.Params
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return
	}
	want, had := uint64(p.MaxClients.Load())+reservedFiles, uint64(limit.Cur)
	if had >= want {
		return
	}
	raised := limit
	assign(&raised.Cur, want)
	assign(&raised.Max, max(want, uint64(limit.Max)))
	err := unix.Setrlimit(unix.RLIMIT_NOFILE, &raised)
	if err == nil {
		n.Log.Noticef("Increased maximum number of open files to %d (it was originally set to %d).", want, had)
		return
	}
	best := min(want, uint64(limit.Max))
	lowered := limit
	assign(&lowered.Cur, best)
	unix.Setrlimit(unix.RLIMIT_NOFILE, &lowered)
	n.Log.Warningf("You requested maxclients of %d requiring at least %d max file descriptors.", p.MaxClients.Load(), want)
	n.Log.Warningf("Server can't set maximum open files to %d because of OS error: %v.", want, err)
	p.MaxClients.Store(int64(max(best, reservedFiles+1) - reservedFiles))
	n.Server.SetLimits(n.limits())
	n.Log.Warningf("Current maximum open files is %d. maxclients has been reduced to %d to compensate for low ulimit. "+
		"If you need higher maxclients increase 'ulimit -n'.", best, p.MaxClients.Load())
}

// assign stores a limit, which some systems count without a sign and others
// with one.
func assign[T int64 | uint64](to *T, n uint64) { *to = T(n) }
