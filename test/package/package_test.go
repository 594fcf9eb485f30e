//go:build linux

// Package debian_test builds the Debian package and lets it live: in a fresh
// Debian it is installed, takes calls, is brought to a new version, removed and
// purged, under a real systemd where the kernel lets us have one.
package debian_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// need ends the test if we are not root or a program is absent; in CI that is a failure.
func need(t *testing.T, programs ...string) {
	t.Helper()
	problem := ""
	if os.Getuid() != 0 {
		problem = "a machine is set up by root"
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			problem = p + " is not installed: run make setup"
		}
	}
	if problem != "" && os.Getenv("CI") != "" {
		t.Fatal(problem)
	}
	if problem != "" {
		t.Skip(problem)
	}
}

// build builds the package of a version and returns its file.
func build(t *testing.T, version string) string {
	t.Helper()
	dist := t.TempDir()
	arch, err := exec.CommandContext(t.Context(), "dpkg", "--print-architecture").Output()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(),
		"sh", "../../packaging/build.sh", version, strings.TrimSpace(string(arch)), dist)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", version, err, out)
	}
	files, err := filepath.Glob(filepath.Join(dist, "tollgate_*.deb"))
	if err != nil || len(files) != 1 {
		t.Fatalf("built %q, %v", files, err)
	}
	return files[0]
}

func TestPackage(t *testing.T) {
	need(t, "mmdebstrap", "unshare", "nsenter", "curl", "dpkg", "lintian", "systemd-analyze")
	before, after := build(t, "0.0.9"), build(t, "0.1.0-test")
	t.Run("is sound", func(t *testing.T) { testSound(t, after) })
	t.Run("lives", func(t *testing.T) { testLife(t, before, after) })
}

// testSound asks Debian's own judges.
func testSound(t *testing.T, file string) {
	for name, command := range map[string][]string{
		"lintian": {"lintian", "--allow-root", "--fail-on", "error,warning", file},
		// Tenths of the measure that ends at 10, which is a service that may do everything.
		"security": {
			"systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=20",
			"../../packaging/tollgate.service",
		},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}

// server is a Tollgate on a machine.
type server struct {
	*machine
	token string
}

// curl asks the server and returns the body.
func (s *server) curl(args ...string) string {
	s.t.Helper()
	return s.host(s.curling(args...)...)
}

// curling is the command for it.
func (s *server) curling(args ...string) []string {
	command := []string{
		"curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "20", "--noproxy", "*",
		"--cacert", filepath.Join(s.root, "var/lib/tollgate/certificates/self-signed.pem"),
	}
	if s.init != 0 {
		command = append([]string{"nsenter", "--target", strconv.Itoa(s.init), "--net"}, command...)
	}
	return append(command, args...)
}

func (s *server) url() string { return "https://" + s.listen }

// ask calls the API and reads the answer into a value, if one is given.
func (s *server) ask(method, path, body string, into any) {
	s.t.Helper()
	out := s.curl("--request", method, "--header", "Authorization: Bearer "+s.token,
		"--header", "Content-Type: application/json", "--data", body, s.url()+"/api/v1"+path)
	if into == nil {
		return
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		s.t.Fatalf("%s: %v: %s", path, err, out)
	}
}

// login gives the test a token, made by root as a person would.
func (s *server) login() {
	s.t.Helper()
	for line := range strings.Lines(s.run("tollgate", "token", "add", "test", "--role", "admin")) {
		if strings.HasPrefix(line, "tg_") {
			s.token = strings.TrimSpace(line)
		}
	}
	if s.token == "" {
		s.t.Fatal("no token was made")
	}
}

// open makes a tariff, a company and a device that pushes its calls.
func (s *server) open() {
	s.t.Helper()
	s.ask("POST", "/tariffs", `{"name":"retail","currency":"EUR","timezone":"Europe/Berlin","per":60,"decimals":6,
		"default_customer":true,"default":{"price":"0.60","first_interval":"1","next_interval":"1"}}`, nil)
	var company struct{ ID string }
	s.ask("POST", "/accounts",
		`{"kind":"enterprise","name":"Acme","currency":"EUR","mode":"postpaid","timezone":"Europe/Berlin"}`, &company)
	s.ask("POST", "/devices", fmt.Sprintf(`{"name":"hq","kind":"push","timezone":"Europe/Berlin","default_account":%q,
		"plan":{"country":"DE","area_code":"30"},"account":"hq","password":"a long password","enabled":true}`,
		company.ID), nil)
}

// call pushes a call as a PBX does.
func (s *server) call(id string) {
	s.t.Helper()
	out := s.curl("--user", "hq:a long password", "--header", "Content-Type: application/json", "--data",
		fmt.Sprintf(`[{"unique_id":%q,"start":"2026-11-22T10:00:00Z","dialed":"0301234567","duration":"65"}]`, id),
		s.url()+"/api/v1/devices/hq/records")
	if !strings.Contains(out, `"stored":1`) {
		s.t.Fatalf("the call %s: %s", id, out)
	}
}

// calls wants exactly these calls, each charged, and books that are right.
func (s *server) calls(want ...string) {
	s.t.Helper()
	var cdrs struct {
		Items []struct {
			ID       string `json:"unique_id"`
			Customer struct{ Amount string }
		}
	}
	s.ask("GET", "/cdrs", "", &cdrs)
	got := map[string]string{}
	for _, c := range cdrs.Items {
		got[c.ID] = c.Customer.Amount
	}
	for _, id := range want {
		if got[id] != "0.650000" {
			s.t.Errorf("the call %s costs %q", id, got[id])
		}
	}
	if len(cdrs.Items) != len(want) {
		s.t.Errorf("calls %v, want %v", got, want)
	}
	s.run("tollgate", "audit")
}

// healthy wants a version that runs, seen by root and by anybody.
func (s *server) healthy(version string) {
	s.t.Helper()
	title := "Tollgate " + version
	title += "\n" + strings.Repeat("=", len(title)) + "\n"
	for _, as := range [][]string{nil, {"setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"}} {
		out := s.run(append(as, "tollgate", "health")...)
		for _, part := range []string{"• server       running", "• database     running", "• certificate  running"} {
			if !strings.HasPrefix(out, title) || !strings.Contains(out, part) {
				s.t.Errorf("%q: health says\n%s", as, out)
			}
		}
	}
}

// testLife is the life of a package.
func testLife(t *testing.T, before, after string) {
	s := &server{machine: newMachine(t)}

	s.install(before)
	s.healthy("0.0.9")
	s.setupLink()
	s.login()
	s.open()
	s.call("first")
	s.calls("first")

	const settings = "/etc/tollgate/tollgate.env"
	s.run("sh", "-c", "echo TOLLGATE_ZONE=Asia/Tokyo >>"+settings)
	s.install(after)
	s.healthy("0.1.0-test")
	s.call("second")
	s.calls("first", "second")
	if !strings.HasSuffix(s.run("cat", settings), "Asia/Tokyo\n") {
		t.Error("the new version took the settings away")
	}

	s.migrate(after)
	if s.init != 0 {
		s.underSystemd()
	}

	s.stop()
	s.dpkg("--remove", "tollgate")
	gone := s.curling(s.url() + "/healthz")
	if out, err := exec.CommandContext(t.Context(), gone[0], gone[1:]...).CombinedOutput(); err == nil ||
		!strings.Contains(string(out), "Failed to connect") && !strings.Contains(string(out), "Couldn't connect") {
		t.Errorf("removed, %v, it answers %s", err, out)
	}
	if s.has("/usr/bin/tollgate") || !s.has("/var/lib/tollgate/tollgate.db") || !s.has(settings) {
		t.Error("removed, the program must go, books and settings must stay")
	}
	s.dpkg("--purge", "tollgate")
	for _, path := range []string{
		"/var/lib/tollgate", "/etc/tollgate", "/etc/systemd/system/multi-user.target.wants/tollgate.service",
		"/etc/systemd/system/tollgate.service", "/usr/lib/systemd/system/tollgate.service",
	} {
		if s.has(path) {
			t.Errorf("purged, %s is still there", path)
		}
	}
	s.run("getent", "passwd", "tollgate")

	s.install(after)
	s.healthy("0.1.0-test")
	s.login()
	s.calls()
}

// setupLink wants the first administrator to find the link, and the link to work.
func (s *server) setupLink() {
	s.t.Helper()
	out := s.run("tollgate", "admin", "link")
	_, secret, found := strings.Cut(out, "/setup/")
	if !found || !strings.Contains(out, "https://") {
		s.t.Fatalf("admin link says %s", out)
	}
	if page := s.curl(s.url() + "/setup/" + strings.TrimSpace(secret)); !strings.Contains(page, "<form") {
		s.t.Errorf("the link leads to\n%s", page)
	}
	if s.init != 0 && !strings.Contains(s.journal(), "Make the first administrator, once, within a day: https://") {
		s.t.Errorf("the journal has no link:\n%s", s.journal())
	}
}

// migrate brings books of the first release's schema to the new version: the
// file was written by the commit before calls were controlled live.
func (s *server) migrate(after string) {
	s.t.Helper()
	s.service("stop")
	s.run("sh", "-c", "rm /var/lib/tollgate/tollgate.db*")
	packed, err := os.Open("testdata/schema-5.db.gz")
	if err != nil {
		s.t.Fatal(err)
	}
	defer packed.Close()
	text, err := gzip.NewReader(packed)
	if err != nil {
		s.t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(s.root, "var/lib/tollgate/tollgate.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer file.Close()
	if _, err := io.Copy(file, text); err != nil {
		s.t.Fatal(err)
	}
	s.run("chown", "tollgate:tollgate", "/var/lib/tollgate/tollgate.db")
	s.install(after)
	s.healthy("0.1.0-test")
	s.login()
	s.call("after")
	s.calls("before-1", "after")
}

// underSystemd is what only a systemd can show.
func (s *server) underSystemd() {
	s.t.Helper()
	s.run("systemctl", "is-enabled", "tollgate")
	if _, err := s.try("setpriv", "--reuid=nobody", "ls", "/var/lib/tollgate"); err == nil {
		s.t.Error("anybody may look into the books")
	}
	s.run("systemd-analyze", "security", "--no-pager", "--threshold=20", "tollgate.service")

	s.run("systemctl", "kill", "--signal=KILL", "tollgate")
	s.eventually("it comes back after it was killed", func() error {
		_, err := s.try("tollgate", "health")
		return err
	})
	s.calls("before-1", "after")

	s.run("systemctl", "stop", "tollgate")
	out, err := s.try("tollgate", "health", "--unit", "tollgate", "--unit", "systemd-journald")
	if err == nil || !strings.Contains(out, "• tollgate.service          stopped") ||
		!strings.Contains(out, "• systemd-journald.service  running") {
		s.t.Errorf("stopped, health says, %v,\n%s", err, out)
	}

	s.run("sh", "-ec", `d=/etc/systemd/system/tollgate.service.d
		mkdir $d; cp /usr/share/doc/tollgate/examples/port-443.conf $d
		sed -i s/:8443/:443/ /etc/tollgate/tollgate.env
		systemctl daemon-reload; systemctl start tollgate`)
	s.listen = "127.0.0.1:443"
	s.healthy("0.1.0-test")
	s.calls("before-1", "after")
	s.listen = "127.0.0.1:8443"
	s.run("rm", "-r", "/etc/systemd/system/tollgate.service.d")
}
