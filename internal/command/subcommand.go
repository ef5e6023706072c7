package command

import "fmt"

// SubcommandSyntax is the error of a subcommand with the wrong number of words
// that its arity does not tell.
func SubcommandSyntax(argv [][]byte) string {
	return oneLine(fmt.Appendf(nil, "ERR unknown subcommand or wrong number of arguments for '%s'. Try %s HELP.", shown(argv[1], 128), upper(argv[0])))
}
