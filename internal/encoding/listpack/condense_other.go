//go:build !amd64

package listpack

// suffixesWide is the part of suffixes that the machine can do faster than a word at
// a time.
func suffixesWide(_ View, p, _ int, _ []byte, i, _, _ int) (end, next, n int) { return p, i, 0 }
