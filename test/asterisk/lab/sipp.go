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
	xml, err := os.Create(filepath.Join(dir, "caller.xml"))
	if err != nil {
		return err
	}
	defer xml.Close()
	err = template.Must(template.New("").Parse(callerScenario)).Execute(xml, c)
	if err != nil {
		return err
	}
	host := loopback
	if c.Inward {
		host = carrierHost
	}
	media, err := freePort()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "sipp", p.SIP.String(), "-sf", "caller.xml", "-m", "1", "-nostdin",
		"-i", host.String(), "-mp", strconv.Itoa(media), "-au", c.User, "-ap", p.Secret,
		"-key", "user", c.User, "-key", "number", c.Number, "-d", strconv.FormatInt((c.Talk+c.Ring).Milliseconds(), 10),
		"-recv_timeout", "40000", "-trace_err", "-error_file", "errors", "-trace_msg", "-message_file", "messages")
	cmd.Dir = dir
	var screen strings.Builder
	cmd.Stdout, cmd.Stderr = &screen, &screen
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(filepath.Join(dir, "errors"))
		return fmt.Errorf("sipp %s calls %s: %w\n%s", c.User, c.Number, err, said)
	}
	return os.RemoveAll(dir)
}
