//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Suite is the Debian release that an Asterisk is taken from.
type Suite string

// The suites: the newest Asterisk that Debian has, and the oldest that is still kept.
const (
	Newest Suite = "sid"
	Oldest Suite = "bullseye"
)

// CacheDir is where unpacked packages are kept between runs: the environment
// variable TOLLGATE_LAB, or a folder among the user's or the system's caches.
func CacheDir() string {
	if dir := os.Getenv("TOLLGATE_LAB"); dir != "" {
		return dir
	}
	if dir := os.Getenv("XDG_CACHE_HOME"); dir == "" && os.Getuid() == 0 {
		return "/var/cache/tollgate-lab"
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "tollgate-lab")
}

// tree is an Asterisk with its libraries, unpacked and not installed. It runs
// through its own dynamic linker, so it needs nothing of the host's system.
type tree struct {
	root    string
	linker  string
	modules string
}

// unpack returns the tree of a suite below dir, fetching it if it is not there.
// Several processes may ask at once.
func unpack(ctx context.Context, dir string, suite Suite) (*tree, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	lock, err := os.Create(filepath.Join(dir, string(suite)+".lock"))
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return nil, fmt.Errorf("lock %s: %w", lock.Name(), err)
	}
	root := filepath.Join(dir, string(suite))
	if _, err := os.Stat(root); errors.Is(err, os.ErrNotExist) {
		if err := fetch(ctx, root, suite); err != nil {
			return nil, err
		}
	}
	return openTree(root)
}

// fetch downloads and unpacks Asterisk and what it depends on. A tree that is
// there is whole: it gets its name last.
func fetch(ctx context.Context, root string, suite Suite) error {
	unfinished := root + ".new"
	if err := os.RemoveAll(unfinished); err != nil {
		return err
	}
	// A mirror may lag behind the date until which a release file is valid.
	cmd := exec.CommandContext(ctx, "mmdebstrap", "--quiet", "--mode=chrootless", "--variant=extract", "--components=main",
		"--include=asterisk", `--aptopt=Acquire::Check-Valid-Until "false"`, `--aptopt=Acquire::Languages "none"`,
		string(suite), unfinished)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("unpack the packages of %s with mmdebstrap: %w\n%s", suite, err, out)
	}
	return os.Rename(unfinished, root)
}

// openTree finds what differs between releases.
func openTree(root string) (*tree, error) {
	linker, err := first(root, "usr/lib/*/ld-linux-*.so.*", "lib/*/ld-2.*.so")
	if err != nil {
		return nil, err
	}
	modules, err := first(root, "usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules")
	if err != nil {
		return nil, err
	}
	return &tree{root: root, linker: linker, modules: modules}, nil
}

// first returns the first path below root that matches one of the patterns.
func first(root string, patterns ...string) (string, error) {
	for _, p := range patterns {
		found, err := filepath.Glob(filepath.Join(root, p))
		if err != nil {
			return "", err
		}
		if len(found) > 0 {
			return found[0], nil
		}
	}
	return "", fmt.Errorf("%s has none of %q: remove it, it will be fetched again", root, patterns)
}

// command is an asterisk of the tree with arguments.
func (t *tree) command(ctx context.Context, args ...string) *exec.Cmd {
	triplet := filepath.Base(filepath.Dir(t.linker))
	libraries := filepath.Join(t.root, "usr/lib", triplet) + ":" + filepath.Join(t.root, "lib", triplet) + ":" +
		filepath.Join(t.root, "usr/lib")
	return exec.CommandContext(ctx, t.linker,
		append([]string{"--library-path", libraries, filepath.Join(t.root, "usr/sbin/asterisk")}, args...)...)
}
