// Package version names the releases that the server and its tools report.
package version

// What this is, and whose behaviour it has.
const (
	Kvasir = "0.1.0" // of Kvasir
	Valkey = "9.0.2" // whose behaviour it has
	Redis  = "7.2.4" // that clients of Redis look at
)
