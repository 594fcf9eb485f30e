//go:build linux

package asterisk_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tollgate"
)

// gate is the real program with a database of its own, driven from outside.
type gate struct {
	t        *testing.T
	program  string
	data     string
	database string // a PostgreSQL; empty: SQLite in data
	url      string
	agi      string   // where it answers Asterisk's questions
	env      []string // of the process, beside ours
	token    string
	log      *os.File
	process  *exec.Cmd
	operator made // the carrier behind every trunk
}

// build builds the program.
func build(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "tollgate")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "tollgate/cmd/tollgate").CombinedOutput()
	if err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return program
}

// newGate builds the program, starts it for the first time and gets a token.
func newGate(t *testing.T) *gate {
	t.Helper()
	return openGate(t, build(t), "")
}

// openGate starts a program for the first time and gets a token.
func openGate(t *testing.T, program, database string) *gate {
	t.Helper()
	dir := t.TempDir()
	g := &gate{t: t, program: program, data: filepath.Join(dir, "data"), database: database, agi: freeAddress(t)}
	g.env = append(g.env, "ZONEINFO="+zones(t, dir))
	var err error
	if g.log, err = os.Create(filepath.Join(dir, "log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		g.kill()
		if t.Failed() {
			said, _ := os.ReadFile(g.log.Name())
			t.Logf("tollgate said:\n%s", said[max(0, len(said)-8000):])
		}
	})
	g.start()
	g.token = g.newToken("admin")
	return g
}

// newToken makes a token of a role.
func (g *gate) newToken(role string) string {
	g.t.Helper()
	return strings.TrimSpace(string(g.run(append([]string{"token", "add", role, "--role", role}, g.books()...)...)))
}

// books are the words that say where its database is.
func (g *gate) books() []string {
	if g.database != "" {
		return []string{"--database", g.database}
	}
	return []string{"--data", g.data}
}

// run runs another command of the program and returns what it prints.
func (g *gate) run(args ...string) []byte {
	g.t.Helper()
	cmd := exec.CommandContext(g.t.Context(), g.program, args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		g.t.Fatalf("tollgate %s: %v\n%s%s", strings.Join(args, " "), err, out, said.String())
	}
	return out
}

// start starts the server and returns when it has said where it is.
func (g *gate) start() {
	g.t.Helper()
	// Not bound to the test's context: it ends by kill, as it would in earnest.
	g.process = exec.CommandContext(context.WithoutCancel(g.t.Context()),
		g.program, append([]string{"serve", "--listen", "127.0.0.1:0", "--agi", g.agi}, g.books()...)...)
	g.process.Stderr, g.process.Env = g.log, append(os.Environ(), g.env...)
	out, err := g.process.StdoutPipe()
	if err != nil {
		g.t.Fatal(err)
	}
	if err := g.process.Start(); err != nil {
		g.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, url, ok := strings.Cut(lines.Text(), " is at "); ok {
			g.url = url
			go io.Copy(io.Discard, out) //nolint:errcheck // until it ends
			return
		}
	}
	g.t.Fatalf("serve has ended at once: %v", g.process.Wait())
}

// kill ends the server as a power cut would.
func (g *gate) kill() {
	if g.process == nil {
		return
	}
	g.process.Process.Kill() //nolint:errcheck // gone already is as good
	g.process.Wait()         //nolint:errcheck // killed
	g.process = nil
}

// ask calls the API and reads the answer into a value, if one is given.
func (g *gate) ask(method, path string, body, into any) {
	g.t.Helper()
	if err := g.try(method, path, body, into); err != nil {
		g.t.Fatal(err)
	}
}

func (g *gate) try(method, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(g.t.Context(), method, g.url+"/api/v1"+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+g.token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", rand.Text())
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, said)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(said, into)
}

// cdr is what the API says of a finished leg, as far as it matters here.
type cdr struct {
	told
	Direction tollgate.Direction `json:"direction"`
	UniqueID  string             `json:"unique_id"`
	Customer  side               `json:"customer"`
	Cost      side               `json:"cost"`
}

type side struct {
	Status tollgate.ChargeStatus `json:"status"`
}

// cdrs returns every finished leg of a device.
func (g *gate) cdrs(device string) []cdr {
	g.t.Helper()
	var all []cdr
	for cursor := ""; ; {
		var page struct {
			Items []cdr
			Next  string
		}
		g.ask(http.MethodGet, "/cdrs?limit=1000&device="+device+"&cursor="+cursor, nil, &page)
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
}

// made is the answer to the making of anything.
type made struct{ ID tollgate.ID }

// prices makes a company that pays for everything and a tariff for it, and
// returns the company's account.
func (g *gate) prices() tollgate.ID {
	g.t.Helper()
	g.ask(http.MethodPost, "/tariffs", map[string]any{
		"name": "retail", "currency": "EUR", "timezone": "Europe/London", "per": 60, "decimals": 6,
		"default":          map[string]any{"price": "0.06", "first_interval": "1", "next_interval": "1"},
		"default_customer": true,
	}, nil)
	var company made
	g.ask(http.MethodPost, "/accounts", map[string]any{
		"kind": "enterprise", "mode": "postpaid", "name": "Lab", "currency": "EUR", "timezone": "Europe/London",
	}, &company)
	var wholesale made
	g.ask(http.MethodPost, "/tariffs", map[string]any{
		"name": "wholesale", "currency": "EUR", "timezone": "Europe/London", "per": 60, "decimals": 6,
		"default": map[string]any{"price": "0.01", "first_interval": "1", "next_interval": "1"},
	}, &wholesale)
	g.ask(http.MethodPost, "/operators", map[string]any{
		"name": "Carrier", "tariff": wholesale.ID.String(),
	}, &g.operator)
	return company.ID
}
