//go:build linux

package lab

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// Answer is what a phone or the carrier does with a call that comes in.
type Answer struct {
	Ring    time.Duration // before anything else
	Status  int           // 0: answers; else refuses so
	Forward string        // with status 302: where to
	Talk    time.Duration // hangs up after so long; 0: leaves that to the other side
}

// NoAnswer rings until the caller gives up.
func NoAnswer() Answer { return Answer{Ring: time.Hour} }

// UA is a SIP user agent on loopback: a phone, or the carrier. It notes when
// each message of a call was on the wire.
type UA struct {
	Number  string
	Address netip.AddrPort

	secret  string
	pbx     netip.AddrPort
	answer  func(number string) Answer
	conn    *net.UDPConn
	media   *net.UDPConn
	done    chan struct{}
	running sync.WaitGroup

	mu       sync.Mutex
	calls    map[string]*Call         // by Call-ID
	pending  map[string]chan *message // by branch: responses
	incoming chan *Call               // answered, in order
	legs     []*Leg                   // of calls that came in
}

// newUA opens a user agent on a free port of host.
func newUA(host netip.Addr, number string, answer func(string) Answer) (*UA, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, 0)))
	if err != nil {
		return nil, err
	}
	media, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, 0)))
	if err != nil {
		return nil, err
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	var option error
	err = raw.Control(func(fd uintptr) {
		option = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_TIMESTAMPNS, 1)
	})
	if err != nil || option != nil {
		return nil, fmt.Errorf("ask the kernel for packet times: %w, %w", err, option)
	}
	u := &UA{
		Number: number, Address: conn.LocalAddr().(*net.UDPAddr).AddrPort(),
		answer: answer, conn: conn, media: media, done: make(chan struct{}),
		calls: map[string]*Call{}, pending: map[string]chan *message{}, incoming: make(chan *Call, 100),
	}
	u.running.Go(u.listen)
	return u, nil
}

// close ends the user agent and waits for its goroutines. It hangs up nothing.
func (u *UA) close() {
	close(u.done)
	u.conn.Close()
	u.media.Close()
	u.running.Wait()
}

// listen handles what comes in until the socket is closed.
func (u *UA) listen() {
	datagram, control := make([]byte, 65536), make([]byte, 128)
	for {
		n, oob, _, from, err := u.conn.ReadMsgUDPAddrPort(datagram, control)
		if err != nil {
			return
		}
		if m, ok := parseMessage(string(datagram[:n])); ok {
			u.handle(m, from, packetTime(control[:oob]))
		}
	}
}

// packetTime is when the kernel took a packet in, whenever we came to read it.
func packetTime(control []byte) time.Time {
	messages, err := syscall.ParseSocketControlMessage(control)
	if err == nil {
		for _, m := range messages {
			if m.Header.Type == syscall.SCM_TIMESTAMPNS && len(m.Data) >= 16 {
				return time.Unix(int64(binary.NativeEndian.Uint64(m.Data)), int64(binary.NativeEndian.Uint64(m.Data[8:])))
			}
		}
	}
	return time.Now()
}

// moment is when a message was on the wire.
type moment struct {
	at    time.Time
	doubt time.Duration // by how much it may have been later: on a busy machine we are not let through at once
}

// send writes a message.
func (u *UA) send(m *message, to netip.AddrPort) moment {
	text := []byte(m.String())
	before := time.Now()
	u.conn.WriteToUDPAddrPort(text, to) //nolint:errcheck // as a packet that is lost
	return moment{before, time.Since(before)}
}

func (u *UA) handle(m *message, from netip.AddrPort, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if m.status() > 0 {
		if waiting := u.pending[m.branch()]; waiting != nil {
			select {
			case waiting <- m:
			default: // nobody reads: a repetition
			}
		}
		return
	}
	c := u.calls[m.get("Call-ID")]
	switch method := m.method(); {
	case method == "ACK":
	case method == "INVITE" && c == nil:
		u.ring(m, from, at)
	case c == nil:
		u.reply(m, from, 481, "Gone", nil)
	case method == "INVITE":
		if c.invite == nil || m.branch() != c.invite.branch() { // else it comes again
			u.reply(m, from, 200, "OK", c)
		}
	case method == "BYE":
		u.reply(m, from, 200, "OK", nil)
		c.end(moment{at: at})
	case method == "CANCEL":
		u.reply(m, from, 200, "OK", nil)
		if c.answered.IsZero() && !c.over() {
			c.refuse(487, "Request Terminated", "")
			c.end(moment{at: at})
		}
	default:
		u.reply(m, from, 200, "OK", nil)
		if method == "NOTIFY" && c.transferred(m) {
			u.running.Go(c.hangup)
		}
	}
}

// ring takes a new call in and does with it what was planned.
func (u *UA) ring(m *message, from netip.AddrPort, at time.Time) {
	c := &Call{
		ua: u, id: m.get("Call-ID"), invite: m, peer: from,
		localTag: token(), remoteTag: parameter(m.get("From"), "tag"),
		local: address(m.get("To")), remote: address(m.get("From")), target: address(m.get("Contact")),
		ended: make(chan struct{}), leg: &Leg{Number: m.user(), Invite: at},
	}
	u.calls[c.id] = c
	u.legs = append(u.legs, c.leg)
	u.reply(m, from, 100, "Trying", nil)
	plan := u.answer(m.user())
	if plan.Status == 0 {
		u.reply(m, from, 180, "Ringing", c)
	}
	u.running.Go(func() { c.follow(plan) })
}

// reply answers a request; with a call it carries the call's tag, and its media
// if it is a success.
func (u *UA) reply(request *message, to netip.AddrPort, status int, reason string, c *Call) moment {
	m := &message{first: fmt.Sprintf("SIP/2.0 %d %s", status, reason)}
	for _, f := range request.fields {
		switch f[0] {
		case "Via", "Record-Route", "From", "Call-ID", "CSeq":
			m.set(f[0], f[1])
		case "To":
			if parameter(f[1], "tag") == "" && status > 100 {
				tag := token()
				if c != nil {
					tag = c.localTag
				}
				f[1] += ";tag=" + tag
			}
			m.set("To", f[1])
		}
	}
	if c != nil && c.forward != "" {
		m.set("Contact", fmt.Sprintf("<sip:%s@%s>", c.forward, u.pbx))
	} else {
		m.set("Contact", fmt.Sprintf("<sip:%s@%s>", u.Number, u.Address))
	}
	if c != nil && status == 200 {
		m.set("Content-Type", "application/sdp")
		m.body = u.sdp()
	}
	return u.send(m, to)
}

// sdp offers or answers u-law audio.
func (u *UA) sdp() string {
	host, port := u.Address.Addr(), u.media.LocalAddr().(*net.UDPAddr).Port
	return fmt.Sprintf("v=0\r\no=lab 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\n"+
		"a=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n", host, host, port)
}

// Calls returns the calls that are up.
func (u *UA) Calls() []*Call {
	u.mu.Lock()
	defer u.mu.Unlock()
	var open []*Call
	for _, c := range u.calls {
		if !c.over() {
			open = append(open, c)
		}
	}
	return open
}

// HangupAll ends every call that is left, of which a dead PBX knows nothing.
func (u *UA) HangupAll() {
	for _, c := range u.Calls() {
		u.running.Go(c.hangup)
	}
}

// Leg is what the wire says of one call that came in. Times that did not come
// are zero.
type Leg struct {
	Number string
	Invite time.Time
	Answer time.Time // the success was sent
	End    time.Time // the first BYE, either way; the CANCEL; the refusal
	Status int       // the last response to the INVITE

	Doubt time.Duration // by how much Answer and End may have been later
}

// Legs returns what has come in until now, in order.
func (u *UA) Legs() []Leg {
	u.mu.Lock()
	defer u.mu.Unlock()
	legs := make([]Leg, len(u.legs))
	for i, l := range u.legs {
		legs[i] = *l
	}
	return legs
}
