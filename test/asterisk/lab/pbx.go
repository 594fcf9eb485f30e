//go:build linux

package lab

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"text/template"
	"time"

	"tollgate/pbx/asterisk/sample"
)

//go:embed etc/*.conf
var configuration embed.FS

// startTimeout is how long an Asterisk may take until it is fully booted.
const startTimeout = 30 * time.Second

// PBX is one running Asterisk.
type PBX struct {
	Name     string         // its systemname, which begins every unique id
	Version  string         // as it says itself: Asterisk 22.10.1~dfsg
	Dir      string         // where its files are: etc, log, run
	SIP      netip.AddrPort //
	AMI      string         // host:port of the manager interface
	Username string         // of the manager's account
	Secret   string         // of that account and of every phone

	tree    *tree
	process *exec.Cmd
	ended   chan struct{} // closed when the process is gone
}

// phoneConfig is what the PBX must know of a phone.
type phoneConfig struct {
	Number  string
	Address netip.AddrPort
}

// CELFile is the path of its event journal.
func (p *PBX) CELFile() string { return filepath.Join(p.Dir, "log", "cel-custom", "cel.csv") }

// CDRFile is the path of its call detail records.
func (p *PBX) CDRFile() string { return filepath.Join(p.Dir, "log", "cdr-csv", "Master.csv") }

// newPBX prepares an Asterisk on free ports without starting it. Slot keeps the
// media ports of several apart, 0 to 20.
func newPBX(
	ctx context.Context, t *tree, name string, slot int, provider netip.AddrPort, phones []phoneConfig, agi string,
) (*PBX, error) {
	dir, err := os.MkdirTemp("", "pbx") // short: the path of a socket has at most 108 bytes
	if err != nil {
		return nil, err
	}
	sip, err := freePort()
	if err != nil {
		return nil, err
	}
	ami, err := freePort()
	if err != nil {
		return nil, err
	}
	p := &PBX{
		Name: name, Dir: dir, SIP: netip.AddrPortFrom(loopback, uint16(sip)), AMI: fmt.Sprintf("127.0.0.1:%d", ami),
		Username: "billing", Secret: "secret-of-" + name, tree: t,
	}
	version, err := t.command(ctx, "-V").Output()
	if err != nil {
		return nil, fmt.Errorf("run the unpacked asterisk: %w", err)
	}
	p.Version = strings.TrimSpace(string(version))
	rtp := 20000 + 500*slot
	return p, p.configure(map[string]any{
		"Dir": dir, "Tree": t.root, "Modules": t.modules, "Name": name,
		"New": !strings.HasPrefix(p.Version, "Asterisk 16"),
		"SIP": sip, "AMI": ami, "AGI": agi, "Secret": p.Secret, "RTP": rtp, "RTPEnd": rtp + 499,
		"Provider": provider, "ProviderHost": provider.Addr(), "Phones": phones,
	})
}

// configure writes the configuration with its blanks filled.
func (p *PBX) configure(blanks map[string]any) error {
	for _, dir := range []string{"etc", "lib", "run", "spool", "share/sounds/en", "log/cdr-csv", "log/cel-custom"} {
		if err := os.MkdirAll(filepath.Join(p.Dir, dir), 0o755); err != nil {
			return err
		}
	}
	if err := p.share(); err != nil {
		return err
	}
	all, err := template.New("").Option("missingkey=error").ParseFS(configuration, "etc/*.conf")
	if err != nil {
		return err
	}
	for _, file := range all.Templates() {
		if file.Name() == "" {
			continue
		}
		var text strings.Builder
		if err := file.Execute(&text, blanks); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(p.Dir, "etc", file.Name()), []byte(text.String()), 0o600); err != nil {
			return err
		}
	}
	dialplan, err := sample.Files.ReadFile("tollgate.conf")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.Dir, "etc", "tollgate.conf"), dialplan, 0o600)
}

// share gives it the documentation that it reads its own options from, and
// silence for the few sounds that a transfer by key plays.
func (p *PBX) share() error {
	share := filepath.Join(p.Dir, "share")
	for _, sound := range sounds() {
		silence := bytes.Repeat([]byte{0xff}, 1600) // 200 ms of u-law
		if err := os.WriteFile(filepath.Join(share, "sounds/en", sound+".ulaw"), silence, 0o600); err != nil {
			return err
		}
	}
	documentation := filepath.Join(p.tree.root, "usr/share/asterisk/documentation")
	return os.Symlink(documentation, filepath.Join(share, "documentation"))
}

// sounds are those that transfers by key and Tollgate's dialplan play.
func sounds() []string {
	return []string{
		"pbx-transfer", "beep", "beeperr", "privacy-incorrect", "please-try-call-later", "cannot-complete-as-dialed",
		"ss-noservice", "vm-goodbye", "announcement",
	}
}

// freePort returns a loopback port that nothing uses now, like the three after
// it. It is not one that the kernel gives to clients, so it stays free while an
// Asterisk restarts.
func freePort() (int, error) {
	for range 100 {
		port := 10000 + 4*rand.IntN(2500)
		if free(port) && free(port+2) { // audio and video of SIPp
			return port, nil
		}
	}
	return 0, errors.New("no free port among 100")
}

// free tries a port.
func free(port int) bool {
	u, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		return false
	}
	defer u.Close()
	t, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		return false
	}
	return t.Close() == nil
}

// Start starts the Asterisk and returns when it is fully booted. It keeps its
// ports and files when it is started again.
func (p *PBX) Start(ctx context.Context) error {
	console, err := os.OpenFile(filepath.Join(p.Dir, "log", "console"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer console.Close()
	// Not bound to the context: it ends by Stop or Kill, as one would in earnest.
	p.process = p.tree.command(context.WithoutCancel(ctx), "-f", "-C", filepath.Join(p.Dir, "etc", "asterisk.conf"))
	p.process.Dir, p.process.Stdout, p.process.Stderr = p.Dir, console, console
	p.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := p.process.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.Version, err)
	}
	p.ended = make(chan struct{})
	go func() {
		p.process.Wait() //nolint:errcheck // how it ended is seen on its console
		close(p.ended)
	}()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		if out, err := p.CLI(ctx, "core waitfullybooted"); err == nil && strings.Contains(out, "fully booted") {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended at its start:\n%s", p.Version, p.console())
		case <-ctx.Done():
			return fmt.Errorf("%s does not boot: %w\n%s", p.Version, ctx.Err(), p.console())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// console returns the end of what it printed.
func (p *PBX) console() string {
	text, _ := os.ReadFile(filepath.Join(p.Dir, "log", "console"))
	return string(text[max(0, len(text)-4000):])
}

// CLI runs one command on the command line of the running Asterisk.
func (p *PBX) CLI(ctx context.Context, command string) (string, error) {
	out, err := p.tree.command(ctx, "-C", filepath.Join(p.Dir, "etc", "asterisk.conf"), "-rx", command).CombinedOutput()
	return string(out), err
}

// Idle waits until no channel is left.
func (p *PBX) Idle(ctx context.Context) error {
	for {
		out, err := p.CLI(ctx, "core show channels count")
		if err == nil && strings.Contains(out, "0 active channels") {
			return nil
		}
		select {
		case <-ctx.Done():
			out, _ := p.CLI(context.WithoutCancel(ctx), "core show channels concise")
			return fmt.Errorf("%s still has channels: %w\n%s", p.Name, ctx.Err(), out)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Stop ends it as a system shutdown would: calls are hung up first.
func (p *PBX) Stop() error { return p.end(syscall.SIGTERM) }

// Kill ends it as a power cut would.
func (p *PBX) Kill() error { return p.end(syscall.SIGKILL) }

func (p *PBX) end(how syscall.Signal) error {
	if p.process == nil {
		return nil
	}
	if err := p.process.Process.Signal(how); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(15 * time.Second):
	}
	err := p.process.Process.Kill()
	<-p.ended
	return errors.Join(fmt.Errorf("%s did not end by %v", p.Name, how), err)
}
