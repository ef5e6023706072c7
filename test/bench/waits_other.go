//go:build !linux

package main

import (
	"context"
	"errors"
)

// waits needs what only Linux tells of threads; no measurement gets here
// elsewhere.
func (t *target) waits(context.Context, func() error) ([]wait, error) {
	return nil, errors.ErrUnsupported
}
