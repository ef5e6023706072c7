// Package crash ends servers at the worst moment and looks at what the next
// start finds.
//
//	kill   a real server in a process of its own is ended by SIGKILL: what it
//	       has given to the kernel survives (TestKills)
//	cut    a server in this process runs on a file system in memory, whose
//	       images are what a power failure would leave: of what was not synced,
//	       any part (TestPowerCuts)
//	cross  our append-only file is loaded by the reference server, which must
//	       have the same keys then (TestReferenceLoadsOurFile)
//
// # What is checked
//
// A writer is one connection with a database of its own, to which nobody else
// writes. It sends operations: commands, or whole transactions. So the keys of
// its database after a crash must be those after some prefix of its operations,
// and that prefix must reach the floor, which is what was promised:
//
//	appendfsync always     everything acknowledged
//	everysec, no (kill)    everything acknowledged before the file had no
//	                       buffer left
//	snapshot file only     everything acknowledged before the last complete
//	                       save began
//
// A transaction is one operation, so a torn one is no prefix. What the keys are
// after each prefix tells an oracle, a server without files that executes the
// same operations.
//
// Every failure prints its seed; -seed repeats the choices, though not the
// moments at which the system's scheduler lets things happen.
//
//	go test ./test/crash                                     a few seconds
//	go test ./test/crash -kills 2000 -cuts 10000 -v          the long form
//	VALKEY_SERVER=... go test ./test/crash -run Reference -crossings 20
package crash
