package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"tollgate"
)

// addressFile is where the packaged server says how it is reached, so that
// nobody need tell health and admin; the second name is systemd's.
const (
	addressFile      = "/run/tollgate/address"
	defaultAddress   = "http://127.0.0.1:8080"
	addressVariable  = "RUNTIME_DIRECTORY"
	readinessMessage = "READY=1"
)

// publish says where the server is: to the service manager that waits for it,
// and in its runtime directory to the other commands. Without a service
// manager there is nobody to tell.
func (s *server) publish() error {
	if dir := os.Getenv(addressVariable); dir != "" {
		text := s.url() + "\n" + s.public + "\n"
		name := filepath.Join(dir, filepath.Base(addressFile))
		err := errors.Join(os.WriteFile(name+".new", []byte(text), 0o644), // whatever the umask says:
			os.Chmod(name+".new", 0o644), os.Rename(name+".new", name))
		if err != nil {
			return fmt.Errorf("say where the server is: %w", err)
		}
	}
	socket := os.Getenv("NOTIFY_SOCKET") // sd_notify(3)
	if socket == "" {
		return nil
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	defer c.Close()
	_, err = c.Write([]byte(readinessMessage))
	return err
}

// servedAt is where the packaged server is, for this machine and for people; the
// same default for both if there is none.
func servedAt() (local, public string) {
	text, _ := os.ReadFile(addressFile) // no file, no packaged server
	local, public, _ = strings.Cut(strings.TrimSpace(string(text)), "\n")
	return cmp.Or(local, defaultAddress), cmp.Or(public, local, defaultAddress)
}

// url is where the server is reached from this machine.
func (s *server) url() string {
	scheme := "http"
	if s.certs != nil {
		scheme = "https"
	}
	address, ok := s.listener.Addr().(*net.TCPAddr)
	if !ok {
		return scheme + "://" + s.listener.Addr().String()
	}
	if address.IP.IsUnspecified() {
		return origin(scheme, "127.0.0.1", address.Port) // not every machine knows localhost
	}
	return origin(scheme, address.IP.String(), address.Port)
}

// publicURL is where people reach the pages: what they were told, or the name on
// the certificate, or the machine's.
func (s *server) publicURL(told string) (string, error) {
	if told != "" {
		u, err := url.Parse(told)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
			return "", tollgate.Errorf(tollgate.CodeInvalid, "--url %q: want one such as https://calls.example.org", told)
		}
		return u.Scheme + "://" + u.Host, nil
	}
	address, ok := s.listener.Addr().(*net.TCPAddr)
	if !ok || s.certs == nil {
		return s.url(), nil
	}
	name := s.certs.Name()
	if name == "" && address.IP.IsUnspecified() {
		name, _ = os.Hostname() // a machine without a name is localhost
	}
	if name == "" {
		return s.url(), nil
	}
	return origin("https", name, address.Port), nil
}
