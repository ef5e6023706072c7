// Package proctitle shows a text where ps(1) and the like show the command line
// of a process.
//
// On Linux they read the memory into which the kernel put the arguments when the
// program started, with the environment behind it. Once nothing of the program
// refers to it any more, that [Area] can be written over. The Go runtime copies
// the environment, but not the arguments.
package proctitle
