package agi

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"tollgate"
)

// session is one connection: one channel, for as long as a script has it.
type session struct {
	conn    net.Conn
	in      *bufio.Reader
	now     func() time.Time
	timeout time.Duration // for a command that waits for nobody
	env     environment
	gone    bool // the channel has hung up
}

// open reads the beginning of a session.
func open(conn net.Conn, now func() time.Time, timeout time.Duration) (*session, error) {
	s := &session{conn: conn, in: bufio.NewReaderSize(conn, maxLine), now: now, timeout: timeout}
	if err := conn.SetReadDeadline(now().Add(timeout)); err != nil {
		return nil, err
	}
	var err error
	if s.env, err = readEnvironment(s.in); err != nil {
		return nil, fmt.Errorf("read the environment: %w", err)
	}
	return s, nil
}

// script is what the address of a request asks for: agi://host/DEVICE/NAME?query.
type script struct {
	device string
	name   string // empty: authorise
	query  url.Values
}

// script takes the address apart.
func (s *session) script() (script, error) {
	path, query, _ := strings.Cut(strings.TrimPrefix(s.env["agi_network_script"], "/"), "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return script{}, tollgate.Errorf(tollgate.CodeInvalid, "what stands behind the ? of the address cannot be read")
	}
	device, name, _ := strings.Cut(path, "/")
	if device, err = url.PathUnescape(device); err != nil || device == "" {
		return script{}, tollgate.Errorf(tollgate.CodeInvalid, "the address names no device: want agi://host:4573/DEVICE")
	}
	return script{device: device, name: name, query: values}, nil
}

// do gives a command that waits for nobody.
func (s *session) do(command string, args ...string) (answer, error) {
	return s.wait(0, command, args...)
}

// wait gives a command that may take a while longer, because it plays, or waits
// for a key or for the end of a call.
func (s *session) wait(longer time.Duration, command string, args ...string) (answer, error) {
	line, err := writeCommand(command, args...)
	if err != nil {
		return answer{}, err
	}
	now := s.now()
	if err := s.conn.SetWriteDeadline(now.Add(s.timeout)); err != nil {
		return answer{}, s.lost(err)
	}
	if err := s.conn.SetReadDeadline(now.Add(s.timeout + longer)); err != nil {
		return answer{}, s.lost(err)
	}
	if _, err := s.conn.Write(line); err != nil {
		return answer{}, s.lost(err)
	}
	a, hungUp, err := readAnswer(s.in)
	s.gone = s.gone || hungUp
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", command, s.lost(err))
	}
	return a, nil
}

// lost makes of the end of a connection what it means: Asterisk closes it when
// the channel is gone.
func (s *session) lost(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, net.ErrClosed) {
		s.gone = true
		return errGone
	}
	return err
}

// set sets a variable of the channel.
func (s *session) set(name, value string) error {
	_, err := s.do("SET VARIABLE", name, value)
	return err
}

// evaluate returns an expression with its variables put in.
func (s *session) evaluate(expression string) (string, error) {
	a, err := s.do("GET FULL VARIABLE", expression)
	return a.value, err
}

// explain writes on Asterisk's console why there is no verdict, for whoever looks
// for a mistake.
func (s *session) explain(err error) {
	text := err.Error()
	if tollgate.CodeOf(err) == tollgate.CodeInternal {
		text = "nobody could decide, see the log of Tollgate"
	}
	s.do("VERBOSE", "Tollgate: "+text, "1") //nolint:errcheck // the session has failed already
}

// loopback reports whether the other side is on this machine.
func loopback(addr net.Addr) bool {
	host, _, err := net.SplitHostPort(addr.String())
	return err == nil && net.ParseIP(host).IsLoopback()
}
