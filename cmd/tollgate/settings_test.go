package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tollgate/api"
)

func TestSettings(t *testing.T) {
	name := filepath.Join(t.TempDir(), "tollgate.env")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list := func(args ...string) string {
		t.Helper()
		var problems strings.Builder
		p := &program{ctx: t.Context(), stdout: &problems, stderr: &problems, log: discard(), settings: name}
		p.run(append([]string{"admin", "list"}, args...))
		return problems.String()
	}
	write("# a note\n; another\n\n TOLLGATE_DATA = \"/from/file\" \nTOLLGATE_LISTEN=\n")
	if got := list(); !strings.Contains(got, "no database in /from/file") {
		t.Errorf("from the file: %s", got)
	}
	if got := list("--data", "/from/line"); !strings.Contains(got, "no database in /from/line") {
		t.Errorf("the command line weighs more: %s", got)
	}
	write("TOLLGATE_DATABASE='postgres://nobody@127.0.0.1:1/x'\n")
	if got := list("--data", "/from/line"); !strings.Contains(got, "no database in /from/line") {
		t.Errorf("other books on the command line: %s", got)
	}
	t.Setenv("TOLLGATE_DATA", "/from/environment")
	if got := list(); !strings.Contains(got, "no database in /from/environment") {
		t.Errorf("the environment weighs more: %s", got)
	}
	write("TOLLGATE_DATA\n")
	if got := list(); !strings.Contains(got, "tollgate.env:1: want NAME=value") {
		t.Errorf("a damaged file: %s", got)
	}
}

func TestUnits(t *testing.T) {
	root := t.TempDir()
	const slice = "sys/fs/cgroup/system.slice/"
	for name, text := range map[string]string{
		"lib/systemd/system/asterisk.service":                                      "",
		"lib/systemd/system/postgresql@.service":                                   "",
		"etc/systemd/system/ended.service":                                         "",
		slice + "asterisk.service/cgroup.events":                                   "populated 1\nfrozen 0\n",
		slice + "system-postgresql.slice/postgresql@15-main.service/cgroup.events": "populated 1\n",
		slice + "ended.service/cgroup.events":                                      "populated 0\nfrozen 0\n",
	} {
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	parts, err := unitParts(root, []string{"asterisk", "postgresql@15-main.service", "ended", "none.service"})
	want := []api.Part{
		{Name: "asterisk.service", State: "running"},
		{Name: "postgresql@15-main.service", State: "running"},
		{Name: "ended.service", State: "stopped"},
		{Name: "none.service", State: "failed", Detail: "there is no such unit"},
	}
	if err != nil || len(parts) != len(want) {
		t.Fatalf("%v, %v", parts, err)
	}
	for i := range want {
		if parts[i] != want[i] {
			t.Errorf("got %+v, want %+v", parts[i], want[i])
		}
	}
	if parts, err := unitParts(root, nil); err != nil || len(parts) != 1 || parts[0].Name != usualUnit {
		t.Errorf("nobody asked: %v, %v", parts, err)
	}
	for _, name := range []string{"x.timer", "../x.service", "*.service"} {
		if _, err := unitParts(root, []string{name}); err == nil {
			t.Errorf("%s is taken for a service", name)
		}
	}
}
