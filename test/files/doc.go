// Package files lets the files and payloads of one server be read by another:
// RDB files, append-only directories and DUMP payloads of the reference servers
// that REDIS_SERVER and VALKEY_SERVER name are loaded by Kvasir, and Kvasir's by
// them. Both sides must then have the same DEBUG DIGEST and the same times of
// expiry.
//
// The data set has every type in every encoding, in two databases, with and
// without expiry. Where no reference is named, Kvasir crosses files with itself.
package files
