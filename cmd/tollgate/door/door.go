// Package door lets as many connections in as there is room for: each is an open file, and
// without files left neither the database nor FastAGI would work.
package door

import (
	"net"
	"net/netip"
	"sync"
	"syscall"

	"tollgate/access"
)

const (
	// ConnectionsMax is how many connections to pages and API there are at once, however
	// many files the system lets us have.
	ConnectionsMax = 4096
	// shareOfOne is the part of them that one address may have.
	shareOfOne = 4
)

// Doorway is a listener. Who finds no room waits outside until somebody goes, which is
// soon where the server has a deadline for whatever they do.
type Doorway struct {
	net.Listener
	room   chan struct{}
	ended  chan struct{}
	end    func()
	share  int                 // of one address; 0: no limit
	trusts func(net.Addr) bool // who may have more than a share

	mu   sync.Mutex
	from map[string]int // connections by network
}

// New is l with room for so many connections, of which one address other than this machine
// has at most a quarter, unless all come from a proxy.
func New(l net.Listener, room int, proxied bool) *Doorway {
	share := max(1, room/shareOfOne)
	if proxied {
		share = 0
	}
	d := &Doorway{
		Listener: l, room: make(chan struct{}, room), ended: make(chan struct{}), share: share,
		trusts: func(a net.Addr) bool { return addressOf(a).IsLoopback() }, from: make(map[string]int),
	}
	d.end = sync.OnceFunc(func() { close(d.ended) })
	return d
}

// Room is how many connections there may be in this process.
func Room() int { return roomFor(filesMax()) }

// roomFor is how many connections there may be with so many files: half of them.
func roomFor(files uint64) int { return int(min(max(files/2, 1), ConnectionsMax)) }

// filesMax is how many files the system lets us have open.
func filesMax() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 2 * ConnectionsMax // it does not say
	}
	return limit.Cur
}

// Accept lets the next one in, as soon as there is room.
func (d *Doorway) Accept() (net.Conn, error) {
	for {
		select {
		case d.room <- struct{}{}:
		case <-d.ended:
			return nil, net.ErrClosed
		}
		conn, err := d.Listener.Accept()
		if err != nil {
			<-d.room
			return nil, err
		}
		if leave, ok := d.enter(conn.RemoteAddr()); ok {
			return &passage{Conn: conn, leave: sync.OnceFunc(leave)}, nil
		}
		_ = conn.Close() // nobody to tell
		<-d.room
	}
}

// enter counts a connection of an address, unless it has its share already.
func (d *Doorway) enter(a net.Addr) (leave func(), ok bool) {
	if d.share == 0 || d.trusts(a) {
		return func() { <-d.room }, true
	}
	from := access.Network(addressOf(a).String())
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.from[from] >= d.share {
		return nil, false
	}
	d.from[from]++
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.from[from]--; d.from[from] == 0 {
			delete(d.from, from)
		}
		<-d.room
	}, true
}

// Close closes the door. Who is inside may stay.
func (d *Doorway) Close() error {
	d.end()
	return d.Listener.Close()
}

// addressOf is the address without its port.
func addressOf(a net.Addr) netip.Addr {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// passage is a connection that was let in.
type passage struct {
	net.Conn
	leave func()
}

// Close makes room for another.
func (p *passage) Close() error {
	defer p.leave()
	return p.Conn.Close()
}

// CloseWrite ends what we say and goes on listening: an answer that comes before the
// whole body was read would be lost otherwise.
func (p *passage) CloseWrite() error {
	if half, ok := p.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
