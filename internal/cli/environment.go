package cli

import (
	"path/filepath"
	"strings"
)

// environment is the process's environment variables.
type environment map[string]string

func newEnvironment(variables []string) environment {
	e := make(environment, len(variables))
	for _, v := range variables {
		if name, value, ok := strings.Cut(v, "="); ok {
			e[name] = value
		}
	}
	return e
}

// either returns the variable of today's name, or else of the name before the
// Valkey one.
func (e environment) either(suffix string) (string, bool) {
	if v, ok := e["VALKEYCLI_"+suffix]; ok {
		return v, true
	}
	v, ok := e["REDISCLI_"+suffix]
	return v, ok
}

// dotfile returns the path of a personal file: what the variable names, or the
// name in the home directory. Empty means that there is none, which naming
// /dev/null asks for.
func (e environment) dotfile(suffix, name string) string {
	path, _ := e.either(suffix)
	switch {
	case path == "/dev/null":
		return ""
	case path != "":
		return path
	case e["HOME"] != "":
		return filepath.Join(e["HOME"], name)
	}
	return ""
}
