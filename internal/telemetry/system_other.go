//go:build !unix

package telemetry

import "runtime"

func systemName() string { return runtime.GOOS + " " + runtime.GOARCH }

func processorTime() processorUse { return processorUse{} }
