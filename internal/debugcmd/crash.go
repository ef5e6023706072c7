package debugcmd

import (
	"fmt"
	"time"
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/command"
)

// segfault makes the process touch memory that it may not touch.
func (h *handler) segfault(*command.Ctx) {
	h.Log.Warningf("DEBUG SEGFAULT: the process will be crashed by signal: 11")
	// Systems map nothing at so low an address. The Go runtime takes a fault
	// below 4096 for the use of a nil pointer, a panic that may be recovered, and
	// one above it for the end of the process.
	var address uintptr = 32 << 10
	*(*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&address))) = 'x'
}

// panic makes the process panic.
func (h *handler) panic(*command.Ctx) {
	text := fmt.Sprintf("DEBUG PANIC called at Unix time %d", h.Now())
	h.Log.Warningf("------------------------------------------------")
	h.Log.Warningf("!!! Software Failure. Press left mouse button to continue")
	h.Log.Warningf("Guru Meditation: %s", text)
	panic(text)
}

// assert makes the process end as by a contradiction it has found in itself.
func (h *handler) assert(*command.Ctx) {
	h.Log.Warningf("=== ASSERTION FAILED ===")
	h.Log.Warningf("==> debugcmd '1 == 2' is not true")
	panic("assertion failed: 1 == 2")
}

// restart begins the process anew.
func (h *handler) restart(c *command.Ctx, graceful bool) {
	delay := int64(0)
	if len(c.Args) > 2 {
		var ok bool
		if delay, ok = c.IntArg(2); !ok {
			return
		}
	}
	h.Restart(graceful, time.Duration(max(delay, 0))*time.Millisecond)
	c.Out.Error("ERR failed to restart the server. Check server logs.")
}
