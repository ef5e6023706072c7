package loadgen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
)

const slotCount = 16384

// ReadFrom says which nodes of a cluster requests go to.
type ReadFrom uint8

// The choices of ReadFrom.
const (
	PrimaryOnly ReadFrom = iota
	ReplicaOnly
	AllNodes
)

// roles is how reports name the nodes chosen.
func (f ReadFrom) roles() string {
	switch f {
	case ReplicaOnly:
		return "replica"
	case AllNodes:
		return "cluster"
	}
	return "primary"
}

// Cluster is the part of a cluster that a run sends to. Its nodes stay; which
// slots they have follows the cluster's redirections.
type Cluster struct {
	options client.Options
	from    ReadFrom
	warn    func(text string)
	nodes   []*clusterNode
	tags    *[slotCount][3]byte

	// version counts the layouts. A redirection of a batch sent by an older one
	// is no news.
	version    atomic.Uint64
	refreshing atomic.Bool
}

type clusterNode struct {
	id      string
	addr    string
	replica bool
	slots   atomic.Pointer[[]uint16] // never written to once stored
}

// DiscoverCluster asks the server at options for its cluster. Warn is called,
// possibly from another goroutine, with what a user should know later.
func DiscoverCluster(ctx context.Context, options client.Options, from ReadFrom, warn func(text string)) (*Cluster, error) {
	c := &Cluster{options: options, from: from, warn: warn}
	layout, err := c.fetch(ctx, options.Addr)
	if err != nil {
		return nil, err
	}
	for _, found := range layout {
		node := &clusterNode{id: found.id, addr: found.addr, replica: found.replica}
		node.slots.Store(&found.slots)
		c.nodes = append(c.nodes, node)
	}
	if len(c.nodes) == 0 {
		return nil, errors.New("the cluster has no such node")
	}
	c.tags = slotTags()
	return c, nil
}

// redirected takes an error reply that concerns the layout and arranges for the
// new one to be fetched. It tells whether the run can go on.
func (c *Cluster) redirected(r *run, s *session, reply string) bool {
	var pause time.Duration
	switch {
	case strings.HasPrefix(reply, "MOVED"), strings.HasPrefix(reply, "ASK"):
	case strings.HasPrefix(reply, "CLUSTERDOWN"):
		// A cluster usually recovers by itself, but not at once.
		pause = time.Second
		c.warn((&ServerError{Node: s.node.addr, Text: reply}).Error())
	default:
		return false
	}
	if s.slots != c.version.Load() || c.refreshing.Swap(true) {
		return true
	}
	c.warn("WARNING: Cluster slots configuration changed, fetching new one...")
	addr := s.node.addr
	r.background.Go(func() {
		defer c.refreshing.Store(false)
		if err := c.refresh(r.ctx, addr, pause); err != nil && r.ctx.Err() == nil {
			r.fail(fmt.Errorf("Failed to update cluster slots configuration: %w", err)) //nolint:staticcheck // Valkey's text
		}
	})
	return true
}

func (c *Cluster) refresh(ctx context.Context, addr string, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	layout, err := c.fetch(ctx, addr)
	if err != nil {
		return err
	}
	for _, found := range layout {
		if c.node(found.id) == nil {
			return fmt.Errorf("could not find node with ID %s in current configuration", found.id)
		}
	}
	for _, node := range c.nodes {
		slots := []uint16{}
		for _, found := range layout {
			if found.id == node.id {
				slots = found.slots
			}
		}
		node.slots.Store(&slots)
	}
	c.version.Add(1)
	return nil
}

func (c *Cluster) node(id string) *clusterNode {
	for _, node := range c.nodes {
		if node.id == id {
			return node
		}
	}
	return nil
}

// nodeLayout is a node as CLUSTER SLOTS shows it.
type nodeLayout struct {
	id      string
	addr    string
	replica bool
	slots   []uint16
}

// fetch returns the chosen nodes in the order of their slots.
func (c *Cluster) fetch(ctx context.Context, addr string) ([]*nodeLayout, error) {
	options := c.options
	options.Addr = addr
	conn, err := client.Dial(ctx, options)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	reply, err := conn.Do(ctx, "CLUSTER", "SLOTS")
	if err == nil {
		err = reply.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("CLUSTER SLOTS ERROR: %w", err)
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = ""
	}
	return parseSlots(reply, c.from, host)
}

// parseSlots reads the reply of CLUSTER SLOTS. A node without an address of its
// own is at the host that was asked.
func parseSlots(reply client.Value, from ReadFrom, askedHost string) ([]*nodeLayout, error) {
	var layout []*nodeLayout
	byID := map[string]*nodeLayout{}
	for _, entry := range reply.Elems {
		if len(entry.Elems) < 3 {
			return nil, errors.New("malformed CLUSTER SLOTS reply")
		}
		first, last := entry.Elems[0].Int, entry.Elems[1].Int
		if first < 0 || last >= slotCount || first > last {
			return nil, errors.New("slot out of range in CLUSTER SLOTS reply")
		}
		for i, member := range entry.Elems[2:] {
			replica := i > 0
			if replica && from == PrimaryOnly || !replica && from == ReplicaOnly {
				continue
			}
			if len(member.Elems) < 3 {
				return nil, errors.New("malformed node in CLUSTER SLOTS reply")
			}
			id := member.Elems[2].Str
			node := byID[id]
			if node == nil {
				host := member.Elems[0].Str
				if host == "" {
					host = askedHost
				}
				port := strconv.FormatInt(member.Elems[1].Int, 10)
				node = &nodeLayout{id: id, addr: net.JoinHostPort(host, port), replica: replica}
				byID[id] = node
				layout = append(layout, node)
			}
			for slot := first; slot <= last; slot++ {
				node.slots = append(node.slots, uint16(slot))
			}
		}
	}
	return layout, nil
}

// slotTags returns for every slot three characters that, as a key's hash tag,
// put the key there.
func slotTags() *[slotCount][3]byte {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	table := crcTable()
	tags := new([slotCount][3]byte)
	for a := range len(alphabet) {
		for b := range len(alphabet) {
			for c := range len(alphabet) {
				tag := [3]byte{alphabet[a], alphabet[b], alphabet[c]}
				var crc uint16
				for _, char := range tag {
					crc = crc<<8 ^ table[byte(crc>>8)^char]
				}
				tags[crc%slotCount] = tag
			}
		}
	}
	return tags
}

// crcTable is the table of CRC-16/XMODEM, the hash of cluster keys.
func crcTable() (table [256]uint16) {
	const polynomial = 0x1021
	for i := range table {
		crc := uint16(i) << 8
		for range 8 {
			carry := crc&0x8000 != 0
			crc <<= 1
			if carry {
				crc ^= polynomial
			}
		}
		table[i] = crc
	}
	return table
}
