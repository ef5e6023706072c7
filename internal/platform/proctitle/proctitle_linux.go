package proctitle

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"unsafe"
)

// Area is the memory of the process's arguments and environment.
type Area struct {
	bytes []byte // empty when they were not found
}

// Claim finds the area and replaces os.Args by copies. It must come before
// anything that keeps a part of os.Args.
func Claim() *Area {
	a := &Area{}
	if len(os.Args) == 0 || os.Args[0] == "" {
		return a
	}
	start := unsafe.StringData(os.Args[0])
	if stat, err := os.ReadFile("/proc/self/stat"); err == nil {
		a.bytes = unsafe.Slice(start, parse(stat, uint64(uintptr(unsafe.Pointer(start)))))
	}
	for i := range os.Args {
		os.Args[i] = strings.Clone(os.Args[i])
	}
	return a
}

// Positions of fields in /proc/PID/stat behind the name of the program, which ends
// with the last parenthesis: proc_pid_stat(5).
const (
	fieldArgStart = 45 + iota
	fieldArgEnd
	fieldEnvStart
	fieldEnvEnd
)

// parse finds in the text of a stat file how many bytes an area that begins at
// start has: none if the file does not say or tells of another place.
func parse(stat []byte, start uint64) int {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= fieldEnvEnd {
		return 0
	}
	at := func(i int) uint64 {
		v, _ := strconv.ParseUint(string(fields[i]), 10, 64)
		return v
	}
	argEnd, end := at(fieldArgEnd), at(fieldEnvEnd)
	if at(fieldArgStart) != start || argEnd <= start {
		return 0
	}
	if at(fieldEnvStart) != argEnd || end < argEnd {
		end = argEnd
	}
	return int(end - start)
}

// Set shows title, as much of it as there is room for. The kernel shows all bytes
// of the arguments, or, if the last of them is not zero, what there is up to the
// first zero, in the environment's too.
func (a *Area) Set(title string) {
	if len(a.bytes) == 0 {
		return
	}
	n := copy(a.bytes[:len(a.bytes)-1], title)
	clear(a.bytes[n:])
}
