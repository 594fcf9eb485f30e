package agi

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate"
)

// fakeAsterisk is the other end of a connection: it says what a channel is, and
// obeys as res_agi.c does.
type fakeAsterisk struct {
	t         *testing.T
	env       environment
	variables map[string]string
	keys      []string // answers to GET DATA, in order; then nothing is pressed
	barge     string   // pressed during the sound whose name this is
	bargeKey  byte     //
	hangUpAt  int      // hangs up at this command, counted from 1; 0: never
	mute      bool     // says what the channel is, and never answers
	dialled   func(string)

	mu       sync.Mutex
	commands []string // as taken apart, joined by spaces
}

func newFakeAsterisk(t *testing.T, env environment) *fakeAsterisk {
	t.Helper()
	return &fakeAsterisk{t: t, env: env}
}

// said returns the commands that came.
func (a *fakeAsterisk) said() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.commands...)
}

// session is a session that has read its environment.
func (a *fakeAsterisk) session() *session {
	near, far := net.Pipe()
	a.t.Cleanup(func() { near.Close(); far.Close() })
	go a.serve(far)
	s, err := open(near, time.Now, time.Minute)
	if err != nil {
		a.t.Fatal(err)
	}
	return s
}

// serve plays a channel until the connection ends.
func (a *fakeAsterisk) serve(conn net.Conn) {
	defer conn.Close()
	var hello strings.Builder
	for name, value := range a.env {
		fmt.Fprintf(&hello, "%s: %s\n", name, value)
	}
	if _, err := io.WriteString(conn, hello.String()+"\n"); err != nil || a.mute {
		return
	}
	in := bufio.NewScanner(conn)
	for in.Scan() {
		words := takeApart(in.Text())
		a.mu.Lock()
		a.commands = append(a.commands, strings.Join(words, " "))
		n := len(a.commands)
		a.mu.Unlock()
		reply := a.obey(words)
		if a.hangUpAt > 0 && n == a.hangUpAt {
			reply = "HANGUP\n200 result=-1\n"
		} else if a.hangUpAt > 0 && n > a.hangUpAt {
			reply = "511 Command Not Permitted on a dead channel or intercept routine\n"
		}
		if _, err := io.WriteString(conn, reply); err != nil {
			return
		}
	}
}

var variable = regexp.MustCompile(`\$\{([^}]*)\}`)

// obey answers one command.
func (a *fakeAsterisk) obey(words []string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch strings.Join(words[:min(2, len(words))], " ") {
	case "SET VARIABLE":
		if a.variables == nil {
			a.variables = map[string]string{}
		}
		a.variables[strings.TrimLeft(words[2], "_")] = words[3]
		return "200 result=1\n"
	case "GET FULL":
		value := variable.ReplaceAllStringFunc(words[3], func(name string) string { return a.variables[name[2:len(name)-1]] })
		return "200 result=1 (" + value + ")\n"
	case "STREAM FILE":
		if words[2] == a.barge {
			a.barge = ""
			return fmt.Sprintf("200 result=%d endpos=800\n", a.bargeKey)
		}
		if strings.HasPrefix(words[2], "tollgate/") {
			return "200 result=-1 endpos=0\n" // not recorded
		}
		return "200 result=0 endpos=8000\n"
	case "GET DATA":
		if len(a.keys) == 0 {
			return "200 result= (timeout)\n"
		}
		keys := a.keys[0]
		a.keys = a.keys[1:]
		return "200 result=" + keys + "\n"
	case "EXEC CELGenUserEvent":
		return "200 result=-2\n" // not loaded
	case "EXEC Dial":
		if a.dialled != nil {
			a.dialled(words[2])
		}
		return "200 result=0\n"
	}
	return "200 result=0\n"
}

// chargerFunc is a charger.
type chargerFunc func(context.Context, tollgate.Attempt) (tollgate.Grant, error)

func (f chargerFunc) Authorize(ctx context.Context, a tollgate.Attempt) (tollgate.Grant, error) {
	return f(ctx, a)
}

// pipes is a listener on nothing.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() {
		select {
		case <-p.closed: // by the test
		default:
			close(p.closed)
		}
	})
	return nil
}

func (p *pipes) Addr() net.Addr { return address("127.0.0.1:4573") }

// dial connects as if from an address.
func (p *pipes) dial(where string) net.Conn {
	near, far := net.Pipe()
	p.conns <- addressed{near, address(where)}
	return far
}

type address string

func (a address) Network() string { return "tcp" }
func (a address) String() string  { return string(a) }

// addressed is a connection from an address.
type addressed struct {
	net.Conn
	from address
}

func (a addressed) RemoteAddr() net.Addr { return a.from }

// verdict is what the dialplan would see.
func (a *fakeAsterisk) verdict() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.variables["TOLLGATE_VERDICT"]
}
