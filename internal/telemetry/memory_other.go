//go:build !linux

package telemetry

// residentBytes and machineBytes are not known on this system.
func residentBytes() int64 { return 0 }
func machineBytes() int64  { return 0 }
