// Package session is what the server knows about one client: who it is, what it
// has asked for, what waits to be sent to it, and what happens when it leaves.
//
// A Client belongs to the event loop that reads its socket. Its plain fields
// are read and written by that loop, or by anybody in exclusive mode, when all
// loops stand still; CLIENT LIST and CLIENT KILL run there. Fields that others
// touch at any time are atomic. Subsystems keep their own state of a client in
// its Ext slots.
package session

import (
	"sync/atomic"

	"github.com/kvasirdb/kvasir/internal/resp"
)

// Flags are a client's modes.
type Flags uint64

// Client flags. The letters are those of CLIENT LIST.
const (
	Monitor           Flags = 1 << iota // O: streams every command (MONITOR)
	PubSub                              // P: in subscribed mode
	Multi                               // x: in a transaction
	DirtyExec                           // a command could not be queued: EXEC will fail
	Blocked                             // b: waits for a key
	CloseAfterReply                     // c: closed once its output is sent
	CloseSoon                           // A: closed at the next opportunity, output dropped
	UnixSocket                          // U: came through the unix socket
	ReadOnly                            // r: READONLY, reads may be answered by a replica
	NoEvict                             // e: not subject to maxmemory-clients
	NoTouch                             // T: does not move access clocks
	Tracking                            // t: asked for invalidation messages
	TrackingBroken                      // R: its redirection target is gone
	TrackingBroadcast                   // B: tracks by prefix
	ReplyOff                            // CLIENT REPLY OFF
	ReplySkip                           // no reply to the present command
	ReplySkipNext                       // no reply to the next command
	Replica                             // S: a replica's link
	Primary                             // M: the link to our primary
	ImportSource                        // I: CLIENT IMPORT-SOURCE ON
	ProtocolError                       // closed for what it sent
	Internal                            // no connection: replays AOF, scripts
	CapaRedirect                        // CLIENT CAPA redirect
	TLS                                 // connected through TLS
	AuthenticatedOnce                   // has authenticated explicitly
	PutBack                             // has requests that were queued and must be parsed again before any other

	// Waits is what keeps a client's next request from being executed. Others may
	// end a wait at any moment between two batches, and then the requests
	// put back during it still come first.
	Waits = Blocked | PutBack
)

// Ext slots name the subsystems that keep state with a client.
const (
	ExtTxn = iota
	ExtBlocking
	ExtPubSub
	ExtTracking
	ExtReplication
	ExtMonitor
	extSlots
)

// Kept is what other parts keep for a client, for CLIENT LIST and the account of
// its memory.
type Kept struct {
	Queued        int   // commands in its transaction, -1 outside of MULTI
	Watched       int   // keys
	Channels      int   // subscribed
	Patterns      int   // subscribed
	ShardChannels int   // subscribed
	Redirect      int64 // client that gets its invalidation messages, 0 itself, -1 without tracking
	Bytes         int   // memory of all this, without the arguments of the transaction
}

// Loop is the event loop that a client belongs to, as others see it. Both
// methods may be called from any goroutine.
type Loop interface {
	// Post makes the loop call f at the end of a turn. f may touch the loop's
	// clients and must not wait for exclusive mode of another executor. Post
	// reports false when the loop has ended or its queue is full.
	Post(f func()) bool
	// Index is the loop's number.
	Index() int
}

// Client is one connection.
type Client struct {
	ID    uint64
	Loop  Loop
	Out   resp.Writer
	Flags Flags

	// Armed are the gates that must look at this client's commands; see
	// command.Gate.
	Armed uint64

	DB            int
	User          string // name of the user it is authenticated as
	Authenticated bool
	Name          string // CLIENT SETNAME
	LibName       string // CLIENT SETINFO
	LibVer        string
	Addr          string // peer, "ip:port"
	LocalAddr     string
	FD            int

	CreatedMillis         int64
	LastInteractionMillis int64
	LastCommand           string // full name of the last command
	Commands              int64  // executed so far

	MultiBytes         int   // arguments queued in a transaction
	NetworkInputBytes  int64 // received so far
	NetworkOutputBytes int64 // sent so far

	// OutputLimitBytes is the hard limit of its output, 0 for none: a reply that
	// passes it need not be finished.
	OutputLimitBytes int64
	// SoftLimitSinceMillis is since when the output has been over its soft
	// limit; 0 when it is not.
	SoftLimitSinceMillis int64

	Ext [extSlots]any

	// DirtyWatch is set when a watched key changed (WATCH, EXEC).
	DirtyWatch atomic.Bool

	// Touch tells the owner loop that Out has grown outside of the client's own
	// command, that CloseSoon was set, or that there is mail.
	Touch func()

	mail mailbox

	onClose []func(*Client)
}

// Has reports whether all given flags are set.
func (c *Client) Has(f Flags) bool { return c.Flags&f == f }

// Set sets flags.
func (c *Client) Set(f Flags) { c.Flags |= f }

// Clear clears flags.
func (c *Client) Clear(f Flags) { c.Flags &^= f }

// OnClose registers f to be called when the connection goes away, in reverse
// order of registration, by the owner loop in exclusive mode.
func (c *Client) OnClose(f func(*Client)) { c.onClose = append(c.onClose, f) }

// Closed runs the close callbacks once.
func (c *Client) Closed() {
	for i := len(c.onClose) - 1; i >= 0; i-- {
		c.onClose[i](c)
	}
	c.onClose = nil
	c.dropMail()
	c.Out.Discard()
}
