package debugcmd

import "github.com/kvasirdb/kvasir/internal/command"

// help lists the subcommands that the server has.
func (h *handler) help(c *command.Ctx) {
	var lines []string
	for _, s := range descriptions {
		if _, ok := h.subcommands[s.name]; ok {
			lines = append(append(lines, s.usage), s.lines...)
		}
	}
	command.WriteHelp(c.Out, c.Args[0], lines...)
}

// descriptions are the subcommands' lines of HELP, by name.
var descriptions = []struct {
	name, usage string
	lines       []string
}{
	{"aof-flush-sleep", "AOF-FLUSH-SLEEP <microseconds>", []string{"    Wait so long before each write to the append-only file."}},
	{"assert", "ASSERT", []string{"    End the process by a failed assertion."}},
	{"client-enforce-reply-list", "CLIENT-ENFORCE-REPLY-LIST <0|1>", []string{"    Count any waiting reply as a whole block, for the limits of output."}},
	{"client-eviction", "CLIENT-EVICTION", []string{"    Show which clients maxmemory-clients would end first."}},
	{"config-rewrite-force-all", "CONFIG-REWRITE-FORCE-ALL", []string{"    Write every parameter to the configuration file, defaults too."}},
	{"crash-and-recover", "CRASH-AND-RECOVER [<milliseconds>]", []string{"    Start the process anew without saving anything, after a pause."}},
	{"dict-resizing", "DICT-RESIZING <0|1>", []string{"    Accepted; tables here grow bucket by bucket."}},
	{"digest", "DIGEST", []string{"    Answer with a digest of all data, the same on every server."}},
	{"digest-value", "DIGEST-VALUE <key> [<key> ...]", []string{"    Answer with the digests of the values of some keys."}},
	{"error", "ERROR <string>", []string{"    Answer with an error of this text."}},
	{"hashtable-can-abort-shrink", "HASHTABLE-CAN-ABORT-SHRINK <0|1>", []string{"    Accepted; tables here shrink bucket by bucket."}},
	{"htstats", "HTSTATS <dbid> [full]", []string{"    Describe the tables of a database."}},
	{"htstats-key", "HTSTATS-KEY <key> [full]", []string{"    Describe the table of a large collection."}},
	{"listpack", "LISTPACK <key>", []string{"    Write the elements of a listpack to the log."}},
	{"loadaof", "LOADAOF", []string{"    Write out the append-only file, and load it in the place of all keys."}},
	{"log", "LOG <message>", []string{"    Write a line to the log."}},
	{"object", "OBJECT <key> [fast]", []string{"    Describe how a key is stored.", "    With fast, leave out what takes long to find out."}},
	{"panic", "PANIC", []string{"    End the process by a panic."}},
	{"pause-cron", "PAUSE-CRON <0|1>", []string{"    Stop the periodic work, or let it go on."}},
	{"populate", "POPULATE <count> [<prefix>] [<size>]", []string{
		"    Create this many keys <prefix>:<number>, as far as they do not exist.",
		"    Nothing is propagated, and slots of a cluster are not looked at."}},
	{"protocol", "PROTOCOL <type>", []string{
		"    Answer with a sample of one type of reply: string, integer, double, bignum,",
		"    null, array, set, map, attrib, push, verbatim, true, false."}},
	{"quicklist", "QUICKLIST <key> [<0|1>]", []string{"    Write the nodes of a list to the log, with 1 also their elements."}},
	{"quicklist-packed-threshold", "QUICKLIST-PACKED-THRESHOLD <size>", []string{
		"    From which size on an element of a list is kept by itself; 0 is the default."}},
	{"replybuffer", "REPLYBUFFER PEAK-RESET-TIME <NEVER|RESET|milliseconds>", []string{
		"    Accepted; reply buffers here are lent for as long as there is output.",
		"REPLYBUFFER RESIZING <0|1>", "    Accepted likewise."}},
	{"restart", "RESTART [<milliseconds>]", []string{"    Start the process anew after a pause, in good order."}},
	{"sdslen", "SDSLEN <key>", []string{"    Show the sizes of a key and its string."}},
	{"segfault", "SEGFAULT", []string{"    End the process by a memory fault."}},
	{"set-active-expire", "SET-ACTIVE-EXPIRE <0|1>", []string{"    Turn the removal of expired keys in the background off or on."}},
	{"sleep", "SLEEP <seconds>", []string{"    Do nothing else for a while; fractions are allowed."}},
	{"stringmatch-test", "STRINGMATCH-TEST", []string{"    Match many random patterns."}},
	{"structsize", "STRUCTSIZE", []string{"    Show the sizes of Valkey's basic structures."}},
}
