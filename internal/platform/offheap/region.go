package offheap

import "errors"

var errReservationFull = errors.New("the reserved address space is used up")

// regionStep is the unit in which tables grow; the data region is asked for
// larger steps by the page heap.
const regionStep = 256 << 10

// region is a contiguous reservation of address space, committed from its
// start. The system calls behind it are in region_unix.go and
// region_windows.go: reserve, commit, release and unmap.
type region struct {
	base      uintptr
	reserved  uintptr
	committed uintptr
}

// reserveRegion reserves at least size bytes below 1<<47.
func reserveRegion(size uintptr) (region, error) {
	if size == 0 {
		return region{}, nil
	}
	size = (size + regionStep - 1) / regionStep * regionStep
	base, err := reserve(size)
	if err != nil {
		return region{}, err
	}
	r := region{base: base, reserved: size}
	if base+size > 1<<47 {
		r.unmap()
		return region{}, errors.New("the system offers only addresses above 1<<47")
	}
	return r, nil
}

// grow makes the first need bytes usable; new ones are zero.
func (r *region) grow(need uintptr) error {
	if need <= r.committed {
		return nil
	}
	if need > r.reserved {
		return errReservationFull
	}
	end := min((need+regionStep-1)/regionStep*regionStep, r.reserved)
	if err := commit(r.base+r.committed, end-r.committed); err != nil {
		return err
	}
	r.committed = end
	return nil
}

// release lets the system take the memory of committed bytes. They stay
// readable; releasedIsZero says what they read as.
func (r *region) release(offset, size uintptr) error { return release(r.base+offset, size) }

func (r *region) unmap() {
	if r.base != 0 {
		unmap(r.base, r.reserved)
	}
	*r = region{}
}
