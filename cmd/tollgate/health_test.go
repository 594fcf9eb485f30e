package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tollgate/api"
)

// command runs one command line and returns what it prints and its exit code.
func command(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, problems bytes.Buffer
	p := &program{
		ctx: t.Context(), stdout: &out, stderr: &problems, now: time.Now, log: slog.New(slog.DiscardHandler),
	}
	code = p.run(args)
	return out.String(), problems.String(), code
}

// serve runs a server until the test ends and returns its address, as it says it.
func serve(t *testing.T, data string, flags ...string) string {
	t.Helper()
	address, _ := serveLogged(t, io.Discard, append([]string{"--data", data}, flags...)...)
	return address
}

// serveLogged is serve with a log, and with the address for this machine.
func serveLogged(t *testing.T, log io.Writer, flags ...string) (public, local string) {
	t.Helper()
	runtime := t.TempDir()
	t.Setenv(addressVariable, runtime)
	ctx, stop := context.WithCancel(t.Context())
	read, write := io.Pipe()
	var problems bytes.Buffer
	p := &program{
		ctx: ctx, stdout: write, stderr: &problems, now: time.Now, log: slog.New(slog.NewTextHandler(log, nil)),
	}
	ended := make(chan int, 1)
	go func() {
		code := p.run(append([]string{"serve", "--listen", "127.0.0.1:0", "--agi", "127.0.0.1:0"}, flags...))
		_ = write.Close() // never fails
		ended <- code
	}()
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != 0 {
			t.Errorf("serve ended with %d: %s", code, problems.String())
		}
	})
	lines := bufio.NewScanner(read)
	for lines.Scan() {
		if _, found, ok := strings.Cut(lines.Text(), " is at "); ok {
			public = found
		}
		if _, err := os.Stat(filepath.Join(runtime, "address")); err == nil || strings.Contains(lines.Text(), "/setup/") {
			break
		}
	}
	go io.Copy(io.Discard, read) //nolint:errcheck // ends with the server
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if text, err := os.ReadFile(filepath.Join(runtime, "address")); err == nil {
			local, _, _ = strings.Cut(string(text), "\n")
			return public, local
		}
	}
	t.Fatal("serve does not say where it is")
	return "", ""
}

func TestHealthCommand(t *testing.T) {
	data := filepath.Join(t.TempDir(), "books")
	address := serve(t, data)
	const rule = "\n==="

	out, problems, code := command(t, "health", "--url", address)
	if code != 0 || !strings.HasPrefix(out, "Tollgate "+version+rule) || !strings.Contains(out, "• server     running") ||
		!strings.Contains(out, "• database   running\n") {
		t.Errorf("without a token: %d\n%s%s", code, out, problems)
	}
	out, problems, code = command(t, "health", "--url", strings.TrimPrefix(address, "http://"), "--data", data)
	if code != 0 || !strings.Contains(out, "• database   running  sqlite") {
		t.Errorf("with the data: %d\n%s%s", code, out, problems)
	}
	if out, _, _ = command(t, "token", "list", "--data", data); strings.Contains(out, "health") {
		t.Errorf("its token stayed:\n%s", out)
	}

	secret, _, _ := command(t, "token", "add", "watch", "--data", data)
	out, problems, code = command(t, "health", "--url", address, "--token", strings.TrimSpace(secret), "--json")
	var health api.Health
	if err := json.Unmarshal([]byte(out), &health); code != 0 || err != nil || !health.Healthy || len(health.Parts) < 2 {
		t.Errorf("as JSON: %d, %v\n%s%s", code, err, out, problems)
	}
	out, _, code = command(t, "health", "--url", address, "--token", "tg_wrong")
	if code != 1 || !strings.Contains(out, "failed") || !strings.Contains(out, "401") {
		t.Errorf("with a wrong token: %d\n%s", code, out)
	}
	out, problems, code = command(t, "health", "--url", "127.0.0.1:1")
	if code != 1 || !strings.Contains(out, "• server  failed") || !strings.Contains(problems, "does not run") {
		t.Errorf("without a server: %d\n%s%s", code, out, problems)
	}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
