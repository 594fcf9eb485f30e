//go:build linux

package lab

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"
	"time"
)

//go:embed caller.xml
var callerScenario string

// Caller is one call made by SIPp.
type Caller struct {
	User   string        // the extension it is; from outside: the number it shows
	Number string        // what it dials
	Talk   time.Duration // then it hangs up; 0: it waits for the other side to
	Ring   time.Duration // it gives up after so long without an answer; 0: never
	Refuse int           // the refusal that it expects
	Inward bool          // it comes from the carrier
}

// Run makes the call and returns when it is over; an error says that it went
// otherwise than told.
func (c Caller) Run(ctx context.Context, p *PBX) error {
	dir, err := os.MkdirTemp(p.Dir, "sipp")
	if err != nil {
		return err
	}
	var xml strings.Builder
	if err := template.Must(template.New("").Parse(callerScenario)).Execute(&xml, c); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "caller.xml"), []byte(xml.String()), 0o600); err != nil {
		return err
	}
	// Another may take a port between our look and SIPp's; then no call was made.
	for range 10 {
		said, err := c.sipp(ctx, p, dir)
		if err == nil {
			return os.RemoveAll(dir)
		}
		if !strings.Contains(said, "Address already in use") {
			return fmt.Errorf("sipp %s calls %s: %w\n%s", c.User, c.Number, err, said)
		}
	}
	return fmt.Errorf("sipp %s calls %s: no free port", c.User, c.Number)
}

// sipp runs it once and returns what it complains of.
func (c Caller) sipp(ctx context.Context, p *PBX, dir string) (string, error) {
	host := loopback
	if c.Inward {
		host = carrierHost
	}
	media, err := freePort()
	if err != nil {
		return "", err
	}
	errors := filepath.Join(dir, "errors")
	cmd := exec.CommandContext(ctx, "sipp", p.SIP.String(), "-sf", "caller.xml", "-m", "1", "-nostdin",
		"-i", host.String(), "-mp", strconv.Itoa(media), "-au", c.User, "-ap", p.Secret,
		"-key", "user", c.User, "-key", "number", c.Number, "-d", strconv.FormatInt((c.Talk+c.Ring).Milliseconds(), 10),
		"-recv_timeout", "40000", "-trace_err", "-error_file", errors)
	cmd.Dir = dir
	err = cmd.Run()
	said, _ := os.ReadFile(errors)
	return string(said), err
}
