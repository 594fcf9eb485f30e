package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"path/filepath"
	"regexp"
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

// serve runs a server until the test ends and returns its address.
func serve(t *testing.T, data string) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	read, write := io.Pipe()
	p := &program{
		ctx: ctx, stdout: write, stderr: io.Discard, now: time.Now, log: slog.New(slog.DiscardHandler),
	}
	ended := make(chan int, 1)
	go func() { ended <- p.run([]string{"serve", "--data", data, "--listen", "127.0.0.1:0"}) }()
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != 0 {
			t.Errorf("serve ended with %d", code)
		}
	})
	lines := bufio.NewScanner(read)
	for lines.Scan() {
		if found := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(lines.Text()); found != "" {
			go io.Copy(io.Discard, read) //nolint:errcheck // ends with the server
			return found
		}
	}
	t.Fatal("serve does not say where it is")
	return ""
}

func TestHealthCommand(t *testing.T) {
	data := filepath.Join(t.TempDir(), "books")
	address := serve(t, data)
	const rule = "\n==="

	out, problems, code := command(t, "health", "--url", address)
	if code != 0 || !strings.HasPrefix(out, "tollgate "+version+rule) || !strings.Contains(out, "• server    running") ||
		!strings.Contains(out, "• database  running\n") {
		t.Errorf("without a token: %d\n%s%s", code, out, problems)
	}
	out, problems, code = command(t, "health", "--url", strings.TrimPrefix(address, "http://"), "--data", data)
	if code != 0 || !strings.Contains(out, "• database  running  sqlite") {
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
