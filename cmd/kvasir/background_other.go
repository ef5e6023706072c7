//go:build !unix

package main

import "errors"

// daemonize is for systems with sessions.
func daemonize() (parent bool, err error) {
	return false, errors.New("not possible on this system; run it as a service")
}
