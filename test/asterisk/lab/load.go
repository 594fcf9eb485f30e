//go:build linux

package lab

import (
	"context"
	_ "embed"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"
	"time"
)

//go:embed load.xml
var loadScenario string

// Load is many calls that SIPp makes, one after another.
type Load struct {
	Users  []string      // the extensions that call, in turn
	Number string        // what they dial
	Rate   int           // calls begun each second
	Calls  int           //
	Talk   time.Duration // then they hang up, if they were not hung up
}

// Loaded is what became of a load.
type Loaded struct {
	Served int    // went as calls go: answered, or refused with 403
	Failed int    // did not
	Setup  string // from the INVITE until it rings, on average
	Said   string // what SIPp complains of
}

// Run makes the calls and returns when all are over.
func (l Load) Run(ctx context.Context, p *PBX) (Loaded, error) {
	dir, err := os.MkdirTemp(p.Dir, "sipp")
	if err != nil {
		return Loaded{}, err
	}
	var xml, users strings.Builder
	if err := template.Must(template.New("").Parse(loadScenario)).Execute(&xml, l); err != nil {
		return Loaded{}, err
	}
	users.WriteString("SEQUENTIAL\n")
	for _, u := range l.Users {
		fmt.Fprintf(&users, "%s;[authentication username=%s password=%s];%s\n", u, u, p.Secret, l.Number)
	}
	for name, text := range map[string]string{"load.xml": xml.String(), "users.csv": users.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return Loaded{}, err
		}
	}
	media, err := freePort()
	if err != nil {
		return Loaded{}, err
	}
	cmd := exec.CommandContext(ctx, "sipp", p.SIP.String(), "-sf", "load.xml", "-inf", "users.csv", "-nostdin",
		"-m", strconv.Itoa(l.Calls), "-r", strconv.Itoa(l.Rate), "-i", loopback.String(), "-mp", strconv.Itoa(media),
		"-recv_timeout", "20000", "-trace_err", "-error_file", "errors", "-trace_stat", "-stf", "stat", "-fd", "1")
	cmd.Dir = dir
	ran := cmd.Run() // an exit code of 1 is a call that failed
	said, _ := os.ReadFile(filepath.Join(dir, "errors"))
	table, err := os.Open(filepath.Join(dir, "stat"))
	if err != nil {
		return Loaded{}, fmt.Errorf("sipp: %w\n%s", ran, said)
	}
	defer table.Close()
	return readLoaded(table, string(said[:min(len(said), 4000)]))
}

// readLoaded reads the last line of SIPp's statistics.
func readLoaded(table *os.File, said string) (Loaded, error) {
	r := csv.NewReader(table)
	r.Comma, r.FieldsPerRecord = ';', -1
	rows, err := r.ReadAll()
	if err != nil || len(rows) < 2 {
		return Loaded{}, fmt.Errorf("sipp's statistics have %d lines: %w", len(rows), err)
	}
	got := Loaded{Said: said}
	for i, name := range rows[0] {
		value := ""
		if last := rows[len(rows)-1]; i < len(last) {
			value = last[i]
		}
		switch name {
		case "SuccessfulCall(C)":
			got.Served, err = strconv.Atoi(value)
		case "FailedCall(C)":
			got.Failed, err = strconv.Atoi(value)
		case "ResponseTime1(C)":
			got.Setup = value
		}
		if err != nil {
			return got, err
		}
	}
	return got, nil
}
