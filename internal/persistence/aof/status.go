package aof

import (
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
)

// Status is what INFO shows.
type Status struct {
	Enabled, Recording          bool // recording: the journal is fed
	Rewriting, Scheduled        bool
	Waiting                     bool          // for the first base
	LastRewrite, CurrentRewrite time.Duration // negative: none
	RewriteFailed               bool
	Rewrites, Failures          int64
	WriteFailed                 bool
	Size, BaseSize              int64
	Buffered                    int
	SyncPending                 bool
	Delayed                     int64
}

// Status describes the present state.
func (a *AOF) Status() Status {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := Status{
		Enabled: a.state != off && !a.stopping, Recording: a.file != nil, Rewriting: a.rewrite != nil, Waiting: a.state == waiting, Scheduled: a.scheduled,
		LastRewrite: a.rewrites.took, CurrentRewrite: -time.Second,
		RewriteFailed: a.rewrites.failed, Rewrites: a.rewrites.started, Failures: a.rewrites.failures,
		WriteFailed: a.writeErr != nil, Size: a.total, BaseSize: a.baseSize,
		Buffered: a.Journal.Len() + len(a.left), SyncPending: a.syncing != nil, Delayed: a.delayed,
	}
	if a.rewrite != nil {
		s.CurrentRewrite = a.Now().Sub(a.rewrite.began)
	}
	return s
}

// Rewriting reports whether a rewrite runs.
func (a *AOF) Rewriting() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.rewrite != nil
}

// ResetStats zeroes the counters that CONFIG RESETSTAT zeroes.
func (a *AOF) ResetStats() {
	a.mu.Lock()
	a.rewrites.started, a.rewrites.failures, a.delayed = 0, 0, 0
	a.mu.Unlock()
}

// Commands returns BGREWRITEAOF.
func (a *AOF) Commands() []command.Spec {
	bgrewriteaofSpec := command.Spec{
		Name: "bgrewriteaof", Group: command.GroupServer, Since: "1.0.0", Arity: 1,
		Flags:      command.NoAsyncLoading | command.Admin | command.NoScript,
		Summary:    "Compact the append-only file in the background",
		Complexity: "O(1)",
		Lock:       command.LockExclusive,
		Run:        a.runRewrite,
	}
	return []command.Spec{bgrewriteaofSpec}
}
