// Package arch has no code of its own: its tests hold the source tree to the
// rules that a compiler does not know.
//
// layers_test.go says which package may import which, as one text that is the
// architecture. lint_test.go has the small rules: no init functions, no exits
// outside of cmd, no clocks and files where time and bytes have to come in from
// outside, a comment on every package, files of readable length.
package arch
