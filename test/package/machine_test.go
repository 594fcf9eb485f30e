//go:build linux

package debian_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tollgate/test/asterisk/lab"
)

// suite is the Debian that the package is installed in.
const suite = "bookworm"

// patience is how long something on a machine may take.
const patience = time.Minute

// machine is a fresh Debian. Where the kernel lets us it has its own systemd,
// network and processes; elsewhere it is a directory, and what systemd would do
// with our unit is done by hand.
type machine struct {
	t      *testing.T
	root   string
	init   int // process id of its systemd; 0: a directory
	listen string
	daemon *exec.Cmd // without a systemd
}

// newMachine copies the tree and starts it.
func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t, root: filepath.Join(t.TempDir(), "root"), listen: "127.0.0.1:8443"}
	m.host("cp", "--archive", "--reflink=auto", tree(t), m.root)
	if problem := m.boot(); problem != nil {
		t.Logf("NOT COVERED: the unit under systemd. It is started by hand, for this machine cannot be booted: %v", problem)
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		m.listen = l.Addr().String()
		l.Close()
		t.Cleanup(m.stop)
	}
	return m
}

// tree is a minimal Debian, fetched once.
func tree(t *testing.T) string {
	t.Helper()
	dir := lab.CacheDir()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(dir, "debian-"+suite)
	lock, err := os.Create(root + ".lock")
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(root); err == nil {
		return root
	}
	if err := os.RemoveAll(root + ".new"); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "mmdebstrap", "--quiet", "--mode=root", "--skip=chroot/mount",
		"--variant=essential", "--components=main", "--include=adduser,systemd,systemd-sysv",
		`--aptopt=Acquire::Check-Valid-Until "false"`, `--aptopt=Acquire::Languages "none"`,
		"--dpkgopt=path-exclude=/usr/share/locale/*", "--dpkgopt=path-exclude=/usr/share/doc/*",
		"--dpkgopt=path-include=/usr/share/doc/tollgate/*", suite, root+".new").CombinedOutput()
	if err != nil {
		t.Fatalf("set up %s with mmdebstrap: %v\n%s", suite, err, out)
	}
	if err := os.Rename(root+".new", root); err != nil {
		t.Fatal(err)
	}
	return root
}

// boot starts the machine's systemd. It is an error if this place does not let
// us have namespaces and a control group; whatever fails after that is a failure.
func (m *machine) boot() error {
	group, err := newGroup(m.t)
	if err != nil {
		return err
	}
	spaces := []string{"--pid", "--mount", "--ipc", "--uts", "--net", "--cgroup", "--fork", "--kill-child"}
	probe := exec.CommandContext(m.t.Context(),
		"unshare", append(spaces, "mount", "-t", "tmpfs", "tmpfs", m.root+"/mnt")...)
	if out, err := probe.CombinedOutput(); err != nil {
		return fmt.Errorf("unshare: %w: %s", err, out)
	}
	log, err := os.Create(filepath.Join(m.t.TempDir(), "console"))
	if err != nil {
		m.t.Fatal(err)
	}
	defer log.Close()
	// Not bound to the test's context, which ends before what cleans up does.
	cmd := exec.CommandContext(context.WithoutCancel(m.t.Context()),
		"unshare", append(spaces, "sh", "testdata/boot.sh", m.root)...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(group.Fd())}
	if err := cmd.Start(); err != nil {
		return err
	}
	m.t.Cleanup(func() {
		cmd.Process.Kill() //nolint:errcheck // its systemd dies with it, and with that everything
		cmd.Wait()         //nolint:errcheck // killed
	})
	children := fmt.Sprintf("/proc/%d/task/%[1]d/children", cmd.Process.Pid)
	m.eventually("the machine comes up", func() error {
		text, err := os.ReadFile(children)
		if err != nil {
			return err
		}
		if m.init, err = strconv.Atoi(strings.TrimSpace(string(text))); err != nil {
			return err
		}
		said, err := m.try("systemctl", "is-system-running")
		if err != nil {
			console, _ := os.ReadFile(log.Name())
			return fmt.Errorf("%w: %s%s", err, said, console)
		}
		return nil
	})
	return nil
}

// newGroup makes a control group of the unified hierarchy.
func newGroup(t *testing.T) (*os.File, error) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[2] != "cgroup2" {
			continue
		}
		name := filepath.Join(fields[1], fmt.Sprintf("tollgate-test-%d", os.Getpid()))
		if err := os.Mkdir(name, 0o755); err != nil {
			return nil, err
		}
		t.Cleanup(func() { removeGroup(t, name) })
		group, err := os.Open(name)
		t.Cleanup(func() { group.Close() })
		return group, err
	}
	return nil, errors.New("there is no unified control group hierarchy")
}

// removeGroup removes a group and those that a systemd made in it, once the last
// of its processes is gone.
func removeGroup(t *testing.T, name string) {
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		var groups []string
		err := filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				groups = append(groups, path)
			}
			return nil // what has gone meanwhile is gone
		})
		for i := len(groups) - 1; i >= 0 && err == nil; i-- {
			err = os.Remove(groups[i])
		}
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return
		}
		if time.Now().After(deadline) {
			t.Error(err)
			return
		}
	}
}

// host runs a program beside the machine.
func (m *machine) host(args ...string) string {
	m.t.Helper()
	out, err := exec.CommandContext(m.t.Context(), args[0], args[1:]...).CombinedOutput()
	if err != nil {
		m.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// try runs a program on the machine as root and returns what it said.
func (m *machine) try(args ...string) (string, error) {
	inside := []string{"chroot", m.root}
	if m.init != 0 {
		inside = []string{"nsenter", "--target", strconv.Itoa(m.init), "--all", "--wdns=/"}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(m.t.Context()), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, inside[0], append(inside[1:], args...)...)
	cmd.Env = []string{
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive",
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// run is try that must succeed.
func (m *machine) run(args ...string) string {
	m.t.Helper()
	out, err := m.try(args...)
	if err != nil {
		m.t.Fatalf("%s: %v\n%s%s", strings.Join(args, " "), err, out, m.journal())
	}
	return out
}

// journal is what the service said.
func (m *machine) journal() string {
	if m.init == 0 {
		return ""
	}
	out, _ := m.try("journalctl", "--unit=tollgate", "--no-pager", "--output=cat", "--lines=40")
	return out
}

// has reports whether a path exists on the machine.
func (m *machine) has(path string) bool {
	_, err := os.Lstat(filepath.Join(m.root, path))
	return err == nil
}

// eventually waits until something is so.
func (m *machine) eventually(what string, so func() error) {
	m.t.Helper()
	deadline := time.Now().Add(patience)
	for err := so(); err != nil; err = so() {
		if time.Now().After(deadline) {
			m.t.Fatalf("%s: %v\n%s", what, err, m.journal())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// dpkg puts a package on the machine, or takes it off. Nobody answers questions.
func (m *machine) dpkg(args ...string) {
	m.t.Helper()
	m.t.Log(strings.TrimSpace(m.run(append([]string{"dpkg"}, args...)...)))
}

// install installs a package file and waits for the service.
func (m *machine) install(file string) {
	m.t.Helper()
	m.host("cp", file, filepath.Join(m.root, "tmp", "tollgate.deb"))
	m.stop()
	m.dpkg("--install", "/tmp/tollgate.deb")
	m.start()
}

// start does by hand what systemd does when it reads the unit: directories, user,
// environment, command. Under a systemd there is nothing to do.
func (m *machine) start() {
	m.t.Helper()
	if m.init != 0 || m.daemon != nil {
		return
	}
	for _, dir := range []string{"/var/lib/tollgate", "/run/tollgate"} {
		m.run("install", "--directory", "--owner=tollgate", "--group=tollgate", dir)
	}
	unit, err := os.ReadFile(filepath.Join(m.root, "usr/lib/systemd/system/tollgate.service"))
	if err != nil {
		m.t.Fatal(err)
	}
	env := []string{"RUNTIME_DIRECTORY=/run/tollgate"}
	var command []string
	for line := range strings.Lines(string(unit)) {
		switch key, value, _ := strings.Cut(strings.TrimSpace(line), "="); key {
		case "Environment":
			env = append(env, value)
		case "EnvironmentFile":
			text, err := os.ReadFile(filepath.Join(m.root, value))
			if err != nil {
				m.t.Fatal(err)
			}
			for line := range strings.Lines(string(text)) {
				if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
					env = append(env, line)
				}
			}
		case "ExecStart":
			command = strings.Fields(value)
		}
	}
	env = append(env, "TOLLGATE_LISTEN="+m.listen, "TOLLGATE_AGI=127.0.0.1:0")
	m.daemon = exec.CommandContext(context.WithoutCancel(m.t.Context()), command[0], command[1:]...)
	m.daemon.Env = env
	m.daemon.Dir = "/"
	m.daemon.SysProcAttr = &syscall.SysProcAttr{Chroot: m.root, Credential: m.credential("tollgate")}
	var said bytes.Buffer
	m.daemon.Stderr = &said
	if err := m.daemon.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.eventually("the server answers", func() error {
		if out, err := m.try("tollgate", "health"); err != nil {
			return fmt.Errorf("%w\n%s\n%s", err, out, said.String())
		}
		return nil
	})
}

// stop ends what start began.
func (m *machine) stop() {
	if m.daemon == nil {
		return
	}
	if err := errors.Join(m.daemon.Process.Signal(syscall.SIGTERM), m.daemon.Wait()); err != nil {
		m.t.Errorf("the server ended with %v", err)
	}
	m.daemon = nil
}

// service starts or stops the service.
func (m *machine) service(verb string) {
	m.t.Helper()
	switch {
	case m.init != 0:
		m.run("systemctl", verb, "tollgate")
	case verb == "start":
		m.start()
	default:
		m.stop()
	}
}

// credential is a user of the machine.
func (m *machine) credential(name string) *syscall.Credential {
	m.t.Helper()
	text, err := os.ReadFile(filepath.Join(m.root, "etc/passwd"))
	if err != nil {
		m.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Split(line, ":"); fields[0] == name {
			uid, err := strconv.ParseUint(fields[2], 10, 32)
			gid, also := strconv.ParseUint(fields[3], 10, 32)
			if err := errors.Join(err, also); err != nil {
				m.t.Fatal(err)
			}
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	m.t.Fatal(user.UnknownUserError(name))
	return nil
}
