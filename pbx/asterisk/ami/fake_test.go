package ami

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// fake is a manager interface for the tests of the client. It knows the user
// "billing" with the secret "s3cret".
type fake struct {
	net.Listener
	t      *testing.T
	answer func(c net.Conn, action string, headers map[string]string) // beside login
}

func newFake(t *testing.T, answer func(net.Conn, string, map[string]string)) *fake {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{Listener: l, t: t, answer: answer}
	t.Cleanup(func() { l.Close() })
	go f.serve()
	return f
}

func (f *fake) serve() {
	for {
		c, err := f.Accept()
		if err != nil {
			return
		}
		go f.talk(c)
	}
}

func (f *fake) talk(c net.Conn) {
	defer c.Close()
	fmt.Fprint(c, "Asterisk Call Manager/11.0.0\r\n")
	lines := bufio.NewScanner(c)
	headers := map[string]string{}
	for lines.Scan() {
		if key, value, found := strings.Cut(lines.Text(), ": "); found {
			headers[key] = value
			continue
		}
		id := headers["ActionID"]
		switch action := headers["Action"]; action {
		case "Challenge":
			fmt.Fprintf(c, "Response: Success\r\nActionID: %s\r\nChallenge: 840415273\r\n\r\n", id)
		case "Login":
			// MD5 of "840415273s3cret", worked out by another program.
			if headers["Username"] == "billing" && headers["Key"] == "d7994fd8cd10e2224514d095d0fd3f7b" {
				fmt.Fprintf(c, "Response: Success\r\nActionID: %s\r\nMessage: Authentication accepted\r\n\r\n", id)
			} else {
				fmt.Fprintf(c, "Response: Error\r\nActionID: %s\r\nMessage: Authentication failed\r\n\r\n", id)
			}
		default:
			f.answer(c, action, headers)
		}
		headers = map[string]string{}
	}
}

func (f *fake) dialer() Dialer {
	return Dialer{
		Address: f.Addr().String(), Username: "billing", Secret: "s3cret",
		ActionTimeout: 2 * time.Second, Now: time.Now,
	}
}
