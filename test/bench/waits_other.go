//go:build !linux

package main

import (
	"context"
	"errors"
	"time"
)

// Only Linux tells what these need to know of threads; no measurement gets here
// elsewhere.
func (t *target) waits(context.Context, func() error) ([]wait, error) {
	return nil, errors.ErrUnsupported
}

func (t *target) ran() (time.Duration, error) { return 0, errors.ErrUnsupported }
