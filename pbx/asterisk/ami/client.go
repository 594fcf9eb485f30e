package ami

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"tollgate"
)

// The limits of a Dialer whose fields are zero.
const (
	DefaultConnectTimeout = 10 * time.Second
	DefaultActionTimeout  = 10 * time.Second
	DefaultWriteTimeout   = 10 * time.Second
	DefaultEventBuffer    = 16_384

	listMax = 100_000 // messages of one list answer, such as the channels of Status
)

// Dialer says how to reach a manager interface. Address, Username and Secret
// are needed; what else is zero means its default.
type Dialer struct {
	Address  string // host:port; the port Asterisk takes unless told otherwise is 5038
	Username string
	Secret   string      // sent as MD5 of itself and a challenge, never as it is
	TLS      *tls.Config // nil: plain TCP; else TLS from the first byte (tlsenable in manager.conf)

	ConnectTimeout time.Duration    // for connection, greeting and login; DefaultConnectTimeout
	ActionTimeout  time.Duration    // for the answer to one action; DefaultActionTimeout
	WriteTimeout   time.Duration    // for sending one action; DefaultWriteTimeout
	EventBuffer    int              // events waiting to be taken; then Asterisk waits for us; DefaultEventBuffer
	MaxLine        int              // see Reader
	MaxFields      int              // see Reader
	MaxMessage     int              // see Reader
	Now            func() time.Time // stamps Message.At; needed
}

// Client is one logged-in connection to a manager interface. Its methods are
// safe for concurrent use.
type Client struct {
	dialer Dialer
	conn   net.Conn
	banner string
	events chan Message
	closed chan struct{} // when the connection is over
	quit   chan struct{} // when we end it

	mu      sync.Mutex
	pending map[string]*pending // by ActionID
	next    int
	err     error // why the connection is over
	garbage Garbage
	skew    skew

	writing sync.Mutex
}

// pending is an action that waits for its answer.
type pending struct {
	answer chan Message // the answer; for a list also each message of it
	list   bool
	done   chan struct{} // when nobody waits any more
}

// Connect reaches the interface and logs in with events off. The error is
// CodeUnauthenticated when Asterisk refuses name or secret, CodeUnavailable
// when it cannot be reached or says nothing a manager would.
func (d Dialer) Connect(ctx context.Context) (*Client, error) {
	d.ConnectTimeout = cmp.Or(d.ConnectTimeout, DefaultConnectTimeout)
	d.ActionTimeout = cmp.Or(d.ActionTimeout, DefaultActionTimeout)
	d.WriteTimeout = cmp.Or(d.WriteTimeout, DefaultWriteTimeout)
	d.EventBuffer = cmp.Or(d.EventBuffer, DefaultEventBuffer)
	ctx, cancel := context.WithTimeout(ctx, d.ConnectTimeout)
	defer cancel()
	conn, err := d.open(ctx)
	if err != nil {
		return nil, tollgate.Errorf(tollgate.CodeUnavailable, "connecting to %s: %v: check the address, "+
			"enabled, port and bindaddr in manager.conf, and firewalls", d.Address, err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	c := &Client{
		dialer: d, conn: conn,
		events:  make(chan Message, d.EventBuffer),
		closed:  make(chan struct{}),
		quit:    make(chan struct{}),
		pending: map[string]*pending{},
	}
	greeted := make(chan string, 1)
	go c.read(greeted)
	select {
	case c.banner = <-greeted:
	case <-c.closed:
		reason := c.Err()
		if ctx.Err() != nil {
			reason = ctx.Err()
		}
		return nil, tollgate.Errorf(tollgate.CodeUnavailable, "waiting for the greeting of %s: %v: "+
			"is this the port of the manager interface (manager.conf, usually 5038), and TLS as there?", d.Address, reason)
	}
	if err := c.login(ctx); err != nil {
		c.CloseWith(err)
		return nil, err
	}
	return c, nil
}

func (d *Dialer) open(ctx context.Context) (net.Conn, error) {
	if d.TLS == nil {
		var dialer net.Dialer
		return dialer.DialContext(ctx, "tcp", d.Address)
	}
	return (&tls.Dialer{Config: d.TLS}).DialContext(ctx, "tcp", d.Address)
}

// Banner returns the greeting, such as "Asterisk Call Manager/11.0.0".
func (c *Client) Banner() string { return c.banner }

// Events returns the channel of events, closed when the connection is over. Who
// does not take them makes Asterisk wait, which after its writetimeout hangs up.
func (c *Client) Events() <-chan Message { return c.events }

// Err returns why the connection is over, nil while it is not.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Garbage returns what the connection carried that could not be used.
func (c *Client) Garbage() Garbage {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.garbage
}

// Close ends the connection.
func (c *Client) Close() { c.CloseWith(net.ErrClosed) }

// CloseWith ends the connection for a reason, which Err then returns.
func (c *Client) CloseWith(err error) {
	c.mu.Lock()
	if c.err == nil {
		c.err = err
		close(c.quit)
	}
	c.mu.Unlock()
	c.conn.Close()
}

// read takes in everything the connection carries until it is over.
func (c *Client) read(greeted chan<- string) {
	defer close(c.events)
	defer close(c.closed)
	defer c.conn.Close()
	r := NewReader(c.conn)
	r.MaxLine, r.MaxFields, r.MaxMessage, r.Now = c.dialer.MaxLine, c.dialer.MaxFields, c.dialer.MaxMessage, c.dialer.Now
	r.greeted = func(banner string) {
		select {
		case greeted <- banner:
		default:
		}
	}
	for {
		m, err := r.Next()
		c.mu.Lock()
		c.garbage = r.Garbage()
		if err != nil && c.err == nil {
			c.err = fmt.Errorf("reading from the manager interface: %w", err)
			close(c.quit)
		}
		if at := m.Time(); err == nil && at != m.At {
			c.skew.note(at, m.At)
		}
		waiting := c.pending[m.Get("ActionID")]
		c.mu.Unlock()
		switch {
		case err != nil:
			return
		case waiting != nil && (waiting.list || m.Event() == ""):
			select {
			case waiting.answer <- m:
			case <-waiting.done:
			}
		case m.Event() != "":
			select {
			case c.events <- m:
			case <-c.quit:
				return
			}
		}
	}
}

// login answers a challenge, so that the secret itself never travels.
func (c *Client) login(ctx context.Context) error {
	challenge, err := c.Do(ctx, "Challenge", Header("AuthType", "MD5"))
	if err != nil {
		return fmt.Errorf("asking for a challenge: %w", err)
	}
	_, err = c.Do(ctx, "Login",
		Header("AuthType", "MD5"),
		Header("Username", c.dialer.Username),
		Header("Key", challengeKey(challenge.Get("Challenge"), c.dialer.Secret)),
		Header("Events", "off"),
	)
	if refused, ok := errors.AsType[*Refused](err); ok {
		return tollgate.Errorf(tollgate.CodeUnauthenticated,
			"manager user %q: %s: check its secret, deny and permit in manager.conf, then manager reload; "+
				"Asterisk does not say which of them it is", c.dialer.Username, refused.Message)
	}
	return err
}

// Refused is Asterisk's error answer to an action.
type Refused struct {
	Action  string
	Message string
}

// Error says what was refused and how Asterisk put it.
func (e *Refused) Error() string { return fmt.Sprintf("action %s refused: %s", e.Action, e.Message) }

// Do sends an action and waits for its answer. The error is a *Refused when
// Asterisk says no, else of code unavailable.
func (c *Client) Do(ctx context.Context, action string, fields ...Field) (Message, error) {
	answers, err := c.send(ctx, action, false, fields)
	if err != nil {
		return Message{}, err
	}
	return answers[0], nil
}

// List sends an action that Asterisk answers with a list and returns the list's
// events, without the answer before and the event that ends it.
func (c *Client) List(ctx context.Context, action string, fields ...Field) ([]Message, error) {
	answers, err := c.send(ctx, action, true, fields)
	if err != nil {
		return nil, err
	}
	return answers[1:], nil
}

func (c *Client) send(ctx context.Context, action string, list bool, fields []Field) ([]Message, error) {
	ctx, cancel := context.WithTimeout(ctx, c.dialer.ActionTimeout)
	defer cancel()
	wait := &pending{answer: make(chan Message), list: list, done: make(chan struct{})}
	c.mu.Lock()
	c.next++
	id := "tollgate-" + strconv.Itoa(c.next)
	c.pending[id] = wait
	c.mu.Unlock()
	defer func() {
		close(wait.done)
		c.mu.Lock()
		delete(c.pending, id)
		c.mu.Unlock()
	}()
	if err := c.write(action, id, fields); err != nil {
		return nil, err
	}
	var answers []Message
	for {
		select {
		case m := <-wait.answer:
			if m.Get("Response") == "Error" && len(answers) == 0 {
				return nil, &Refused{Action: action, Message: m.Get("Message")}
			}
			if ended := m.Get("EventList") == "Complete"; list && (ended || len(answers) > listMax) {
				return answers, nil
			}
			if answers = append(answers, m); !list {
				return answers, nil
			}
		case <-ctx.Done():
			return nil, tollgate.Errorf(tollgate.CodeUnavailable, "action %s: no answer: %v", action, ctx.Err())
		case <-c.closed:
			return nil, tollgate.Errorf(tollgate.CodeUnavailable, "action %s: connection over: %v", action, c.Err())
		}
	}
}

// write sends one action. A line end in a value would begin another header, or
// another action; it becomes a space.
func (c *Client) write(action, id string, fields []Field) error {
	var b strings.Builder
	clean := strings.NewReplacer("\r", " ", "\n", " ")
	for _, f := range append([]Field{Header("Action", action), Header("ActionID", id)}, fields...) {
		b.WriteString(f.Key + ": " + clean.Replace(f.Value) + "\r\n")
	}
	b.WriteString("\r\n")
	c.writing.Lock()
	defer c.writing.Unlock()
	stuck := time.AfterFunc(c.dialer.WriteTimeout, func() { c.conn.Close() })
	defer stuck.Stop()
	if _, err := c.conn.Write([]byte(b.String())); err != nil {
		return tollgate.Errorf(tollgate.CodeUnavailable, "sending action %s: %v", action, err)
	}
	return nil
}
