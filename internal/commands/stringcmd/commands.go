// Package stringcmd holds the commands on string values.
package stringcmd

import "github.com/kvasirdb/kvasir/internal/command"

// Commands are the commands of the group "string".
var Commands = []command.Spec{getSpec, setSpec}
