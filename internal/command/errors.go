package command

// Error replies that many commands share.
const (
	WrongType      = "WRONGTYPE Operation against a key holding the wrong kind of value"
	SyntaxError    = "ERR syntax error"
	NotAnInteger   = "ERR value is not an integer or out of range"
	NotAFloat      = "ERR value is not a valid float"
	NoSuchKey      = "ERR no such key"
	IndexRange     = "ERR index out of range"
	OutOfRange     = "ERR value is out of range"
	NotPositive    = "ERR value is out of range, must be positive"
	OutOfMemory    = "OOM command not allowed when used memory > 'maxmemory'."
	SameObject     = "ERR source and destination objects are the same"
	InvalidExpire  = "ERR invalid expire time in '%s' command" // with the command's name
	InvalidCursor  = "ERR invalid cursor"
	DBIndexRange   = "ERR DB index is out of range"
	TimeoutNoFloat = "ERR timeout is not a float or out of range"
	TimeoutNoInt   = "ERR timeout is not an integer or out of range"
	TimeoutSign    = "ERR timeout is negative"
	TimeoutRange   = "ERR timeout is out of range"
)
