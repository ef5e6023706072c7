//go:build !linux

package proctitle

// Area would be the memory of the arguments; here the title cannot be changed.
type Area struct{}

// Claim returns an Area that does nothing.
func Claim() *Area { return &Area{} }

// Set does nothing.
func (*Area) Set(string) {}
