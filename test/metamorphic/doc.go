// Package metamorphic plays random command sequences to several servers that
// must answer alike, although they work differently inside, and looks for the
// first answer that differs.
//
//	packed      a server in this process with tiny encoding thresholds beside
//	            one with the default ones (TestEncodings)
//	model       both beside plain Go maps and slices, for the commands a
//	            model can be trusted with (TestModel)
//	threads     one event loop and four, with several connections at once on
//	            keys of their own, beside the same sequences one after the
//	            other (TestThreads)
//	reference   Kvasir beside the binary that VALKEY_SERVER names
//	            (TestDifferential). It is built with the tag differential only,
//	            and fails without a server to compare with:
//
//	            make differential VALKEY_SERVER=.../valkey-server ARGS="-seeds 100"
//
// Vocabulary:
//
//	form      a pattern of requests, such as "SADD <key> {<member>}" (grammar.go)
//	family    the forms of one type of value (families.go)
//	step      one request, one transaction, or some time that passes (sequence.go)
//	target    what answers steps: a server or the model (target.go, model.go)
//
// The universes of keys, members, fields and ids are small, so that commands
// meet each other's results. Replies without an order are sorted before they are
// compared. What picks at random is checked against what it picked from, and
// its pick repeated on the other targets by a command that names it.
//
// A sequence follows from its seed. A failure prints the seed, the step, the
// fewest steps found that still fail, and how to run it again. The short form
// runs in go test; the long form takes -seeds, -first and -commands.
package metamorphic
