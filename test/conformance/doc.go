// Package conformance runs scripts of commands and expected replies against
// Kvasir and against the reference servers on the machine, in RESP2 and in
// RESP3. Each server's replies have to be what the script says, byte for byte;
// so two servers that pass answer alike.
//
// Scripts lie beside the commands they are about: *.test in a testdata folder
// below internal, or in this package's own. Each run of a script has a server
// of its own, with an empty keyspace.
//
//	# A comment.
//	> SET key "two words" EX 10
//	+OK
//	> HGETALL "a"*3
//	["f", "v"]
//	3| {"f": "v"}
//
// A line with > sends a command, of words separated by blanks. A word in double
// quotes is a Go string literal; with *N behind it, it is repeated N times. The
// lines after the command are its replies, mostly one. A line with 3| is what
// the reply above it looks like in RESP3, where that differs.
//
//	b> BLPOP list 0     a client named b, which connects when first named
//	...                 no reply yet: wait until the server has b blocked
//	b>                  read on: what b gets now
//	=> "PING\r\n"       send these bytes as they are
//	closed              the server has closed the connection
//
// Replies are written so that no two different ones look the same:
//
//	+OK  -ERR text  :12  "bulk"  nil  nil-array     (nil is RESP3's _ in RESP3)
//	["a", :1]  ~["set"]  {"key": "value"}  >["push"]  ,2.5  #t  (123  =txt:"verbatim"
//
// In a reply, <any> stands for any text and <9..10> for a number in that range.
//
// Directives hold for what follows them in their paragraph (up to an empty
// line), or, in a first paragraph without commands, for the whole script:
//
//	@since 9.1        the reply is that of Valkey from this version on; older
//	                  servers get the command too, but may answer anything
//	@valkey           likewise for all servers that are Redis
//	@kvasir           likewise for all servers but Kvasir
//	@resp 3           leave the command out in the other protocol
//	@unordered        sort the members of the reply
//	@eventually       repeat the command until it has the expected reply
//	@next since 9.1   any of these, for one command only
//	@options a b      of a whole script: start the server with --a b
//
// With the build tag rewrite, TestRewrite is there (go test -tags rewrite -run
// TestRewrite/NAME), and the replies are replaced by those of the server that
// VALKEY_SERVER names; replies that match already stay as they are. Where a
// command has several replies, write a line with ? for each.
package conformance
