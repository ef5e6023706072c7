// Package invariant holds the checks that are too dear for production.
//
// An error is something a client, a disk or a network does; it is returned and
// handled. An invariant is something this program promises itself; when it does
// not hold there is a bug, and the only safe answer is to stop and print the
// values. Cheap invariants may be tested everywhere. Dear ones stand behind
// Enabled, which is a constant: without the build tag "invariant" the compiler
// removes the whole block.
//
//	if invariant.Enabled {
//		invariant.Check(list.count() == list.length, "list counts %d, holds %d", list.length, list.count())
//	}
//
// The argument expressions of Check are evaluated by the caller, so a Check
// whose arguments cost something belongs inside such a block.
package invariant

import "fmt"

// Violation is the value that Check panics with, so that a test or a crash
// report can tell a broken promise from any other panic.
type Violation string

func (v Violation) Error() string { return "invariant violated: " + string(v) }

// Check panics with a Violation when the invariant build tag is set and cond is
// false. Without the tag it does nothing.
func Check(cond bool, format string, args ...any) {
	if Enabled && !cond {
		panic(Violation(fmt.Sprintf(format, args...)))
	}
}
