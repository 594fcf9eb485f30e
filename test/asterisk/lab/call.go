//go:build linux

package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// transactionTimeout is how long a request may wait for its answer.
const transactionTimeout = 8 * time.Second

// Call is a call of a user agent, out or in. Its fields are guarded by the
// agent's lock once it is known to it.
type Call struct {
	ua       *UA
	id       string
	invite   *message // that came in; nil: the call went out
	peer     netip.AddrPort
	localTag string
	local    string // our address in the dialog
	target   string // the other side's contact

	remote, remoteTag string
	sequence          int
	answered          time.Time
	leaving           bool // it is about to be hung up by us
	forward           string
	leg               *Leg          // nil: the call went out
	ended             chan struct{} // closed at its end
}

// Ended is closed when the call is over.
func (c *Call) Ended() <-chan struct{} { return c.ended }

// over reports whether the call has ended.
func (c *Call) over() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// end notes the end of the call, once. The agent's lock is held.
func (c *Call) end(m moment) {
	if c.over() {
		return
	}
	if c.leg != nil {
		c.leg.End, c.leg.Doubt = m.at, c.leg.Doubt+m.doubt
	}
	close(c.ended)
}

// refuse answers the INVITE with a failure. The agent's lock is held.
func (c *Call) refuse(status int, reason, forward string) moment {
	c.forward = forward
	c.leg.Status = status
	return c.ua.reply(c.invite, c.peer, status, reason, c)
}

// follow does with a call that came in what was planned.
func (c *Call) follow(plan Answer) {
	if !c.wait(plan.Ring) {
		return
	}
	u := c.ua
	u.mu.Lock()
	if c.over() {
		u.mu.Unlock()
		return
	}
	if plan.Status != 0 {
		c.end(c.refuse(plan.Status, "No", plan.Forward))
		u.mu.Unlock()
		return
	}
	sent := u.reply(c.invite, c.peer, 200, "OK", c)
	c.answered = sent.at
	c.leg.Answer, c.leg.Doubt, c.leg.Status = sent.at, sent.doubt, 200
	u.mu.Unlock()
	u.running.Go(func() { c.speak(c.invite.body) })
	select {
	case u.incoming <- c:
	default: // nobody asks for them
	}
	if plan.Talk > 0 && c.wait(plan.Talk) {
		c.hangup()
	}
}

// wait sleeps; false: the call ended first.
func (c *Call) wait(d time.Duration) bool {
	select {
	case <-c.ended:
	case <-c.ua.done:
	case <-time.After(d):
		return true
	}
	return false
}

// speak sends silence, 50 packets a second, while the call is up (RFC 3550).
func (c *Call) speak(sdp string) {
	host := regexp.MustCompile(`(?m)^c=IN IP4 (\S+)`).FindStringSubmatch(sdp)
	port := regexp.MustCompile(`(?m)^m=audio (\d+)`).FindStringSubmatch(sdp)
	if host == nil || port == nil {
		return
	}
	to, err := netip.ParseAddrPort(host[1] + ":" + port[1])
	if err != nil {
		return
	}
	packet := []byte(strings.Repeat("\xff", 172))
	packet[0], packet[1] = 0x80, 0
	copy(packet[8:], c.id) // the source, any four bytes
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n := uint32(0); ; n++ {
		binary.BigEndian.PutUint16(packet[2:], uint16(n))
		binary.BigEndian.PutUint32(packet[4:], n*160)
		c.ua.media.WriteToUDPAddrPort(packet, to) //nolint:errcheck // as a packet that is lost
		select {
		case <-c.ended:
			return
		case <-c.ua.done:
			return
		case <-tick.C:
		}
	}
}

// Call calls a number and returns when it is answered.
func (u *UA) Call(ctx context.Context, number string) (*Call, error) {
	c := &Call{
		ua: u, id: token() + "@lab", peer: u.pbx, localTag: token(), ended: make(chan struct{}),
		local: fmt.Sprintf("sip:%s@%s", u.Number, u.pbx.Addr()), target: fmt.Sprintf("sip:%s@%s", number, u.pbx),
	}
	c.remote = c.target
	u.mu.Lock()
	u.calls[c.id] = c
	u.mu.Unlock()
	final, err := c.request(ctx, "INVITE", u.sdp())
	if err == nil && final.status() == 401 {
		credentials := authorization(final.get("WWW-Authenticate"), u.Number, u.secret, "INVITE", c.target)
		final, err = c.request(ctx, "INVITE", u.sdp(), [2]string{"Authorization", credentials})
	}
	if err != nil {
		return nil, fmt.Errorf("%s calls %s: %w", u.Number, number, err)
	}
	if final.status() != 200 {
		return nil, fmt.Errorf("%s calls %s: %s", u.Number, number, final.first)
	}
	u.running.Go(func() { c.speak(final.body) })
	return c, nil
}

// request sends a request inside the call and returns its final response.
func (c *Call) request(ctx context.Context, method, body string, extra ...[2]string) (*message, error) {
	u := c.ua
	responses := make(chan *message, 10)
	u.mu.Lock()
	c.sequence++
	m := c.compose(method, c.sequence, body, extra...)
	u.pending[m.branch()] = responses
	sent := u.send(m, c.peer)
	if method == "BYE" {
		c.end(sent)
	}
	u.mu.Unlock()
	defer func() {
		u.mu.Lock()
		delete(u.pending, m.branch())
		u.mu.Unlock()
	}()
	ctx, cancel := context.WithTimeout(ctx, transactionTimeout)
	defer cancel()
	for {
		select {
		case r := <-responses:
			if r.status() < 200 {
				continue
			}
			if method == "INVITE" {
				c.acknowledge(r)
			}
			return r, nil
		case <-u.done:
			return nil, errors.New(method + ": the agent is closed")
		case <-ctx.Done():
			return nil, fmt.Errorf("%s: no answer: %w", method, ctx.Err())
		}
	}
}

// compose writes a request of the call.
func (c *Call) compose(method string, sequence int, body string, extra ...[2]string) *message {
	u := c.ua
	m := &message{first: method + " " + c.target + " SIP/2.0", body: body}
	m.set("Via", fmt.Sprintf("SIP/2.0/UDP %s;branch=z9hG4bK%s;rport", u.Address, token()))
	m.set("Max-Forwards", "70")
	m.set("From", fmt.Sprintf("<%s>;tag=%s", c.local, c.localTag))
	to := "<" + c.remote + ">"
	if c.remoteTag != "" {
		to += ";tag=" + c.remoteTag
	}
	m.set("To", to)
	m.set("Call-ID", c.id)
	m.set("CSeq", fmt.Sprintf("%d %s", sequence, method))
	m.set("Contact", fmt.Sprintf("<sip:%s@%s>", u.Number, u.Address))
	m.set("Allow", "INVITE, ACK, BYE, CANCEL, INFO, NOTIFY, REFER, UPDATE")
	m.set("Supported", "replaces")
	m.fields = append(m.fields, extra...)
	switch {
	case body == "":
	case method == "INFO":
		m.set("Content-Type", "application/dtmf-relay")
	default:
		m.set("Content-Type", "application/sdp")
	}
	return m
}

// acknowledge sends the ACK that a final response to an INVITE needs, and takes
// the dialog from a success.
func (c *Call) acknowledge(r *message) {
	u := c.ua
	u.mu.Lock()
	defer u.mu.Unlock()
	tag := parameter(r.get("To"), "tag")
	if r.status() == 200 {
		c.remoteTag, c.target = tag, address(r.get("Contact"))
		u.send(c.compose("ACK", r.sequence(), ""), c.peer)
		return
	}
	c.remoteTag = tag
	ack := c.compose("ACK", r.sequence(), "")
	ack.fields[0] = [2]string{"Via", r.get("Via")} // of the INVITE: the same transaction
	u.send(ack, c.peer)
	c.remoteTag = ""
}

// Hangup ends the call.
func (c *Call) Hangup() { c.hangup() }

func (c *Call) hangup() {
	c.ua.mu.Lock()
	leave := !c.over() && !c.leaving
	c.leaving = true
	c.ua.mu.Unlock()
	if leave {
		c.request(context.Background(), "BYE", "") //nolint:errcheck // the end is noted; a dead PBX does not answer
	}
}

// Transfer sends the other side of the call to a number (REFER, RFC 3515) and
// leaves when that is done.
func (c *Call) Transfer(ctx context.Context, number string) error {
	return c.refer(ctx, fmt.Sprintf("sip:%s@%s", number, c.ua.pbx))
}

// Join connects the other side of the call with the other side of another one
// (REFER with Replaces, RFC 3891) and leaves both.
func (c *Call) Join(ctx context.Context, other *Call) error {
	replaces := fmt.Sprintf("%s;to-tag=%s;from-tag=%s", other.id, other.remoteTag, other.localTag)
	return c.refer(ctx, other.remote+"?Replaces="+url.QueryEscape(replaces))
}

func (c *Call) refer(ctx context.Context, to string) error {
	r, err := c.request(ctx, "REFER", "",
		[2]string{"Refer-To", "<" + to + ">"}, [2]string{"Referred-By", "<" + c.local + ">"})
	if err != nil {
		return err
	}
	if r.status() != 202 {
		return fmt.Errorf("REFER to %s: %s", to, r.first)
	}
	return nil
}

// Press presses keys, as INFO messages.
func (c *Call) Press(ctx context.Context, keys string) error {
	for _, key := range keys {
		if _, err := c.request(ctx, "INFO", fmt.Sprintf("Signal=%c\r\nDuration=100\r\n", key)); err != nil {
			return err
		}
		c.wait(120 * time.Millisecond)
	}
	return nil
}

// transferred reports whether a NOTIFY says that a transfer has succeeded, so
// that a phone leaves.
func (c *Call) transferred(m *message) bool {
	return strings.HasPrefix(m.get("Subscription-State"), "terminated") && strings.Contains(m.body, " 200 ") && !c.over()
}
