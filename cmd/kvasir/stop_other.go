//go:build !unix

package main

// stopSelf does nothing where processes cannot be stopped.
func stopSelf() {}
