//go:build !invariant

package invariant

// Enabled reports whether this binary was built with the tag "invariant".
const Enabled = false
