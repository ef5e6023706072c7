package command

// RequestBytes returns the size of a request with the given words, sent as an
// array of bulk strings.
func RequestBytes(args [][]byte) int {
	n := len("*\r\n") + digits(len(args))
	for _, a := range args {
		n += len("$\r\n\r\n") + digits(len(a)) + len(a)
	}
	return n
}

func digits(v int) int {
	n := 1
	for ; v >= 10; v /= 10 {
		n++
	}
	return n
}
