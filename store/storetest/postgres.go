package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// errAbsent says that there is no PostgreSQL to test with.
var errAbsent = errors.New("no PostgreSQL: install the package postgresql, or set TOLLGATE_TEST_POSTGRES")

// cluster is a PostgreSQL server with a database in which schemas may be made.
type cluster struct {
	url string
	// What the server waits to end with this process; were it not kept, it would
	// be closed as soon as memory is cleared up.
	alive io.Closer
}

// started starts the server once for all tests of the process.
var started = sync.OnceValues(func() (cluster, error) {
	if url := os.Getenv("TOLLGATE_TEST_POSTGRES"); url != "" { //nolint:forbidigo // for tests alone
		return cluster{url: url}, nil
	}
	return start()
})

func server(t testing.TB) cluster {
	t.Helper()
	c, err := started()
	if errors.Is(err, errAbsent) && os.Getenv("CI") == "" { //nolint:forbidigo // for tests alone
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (c cluster) exec(ctx context.Context, text string) error {
	conn, err := pgx.Connect(ctx, c.url)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, text)
	return errors.Join(err, conn.Close(ctx))
}

// schema returns the URL of a schema of the server's database.
func (c cluster) schema(name string) string {
	u, err := url.Parse(c.url)
	if err != nil {
		panic(err) // it was good enough to connect with
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

// binaries returns the folder of the newest PostgreSQL of the system.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(found) == 0 {
		return "", errAbsent
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(path))) // what is no number comes first
		return n
	}
	return slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }), nil
}

// servant returns whom the server runs as: it refuses to run as root.
func servant() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			uid, _ := strconv.ParseUint(u.Uid, 10, 32)
			gid, _ := strconv.ParseUint(u.Gid, 10, 32)
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("no user postgres or nobody to run PostgreSQL as")
}

// serve runs the server until its standard input ends, which is when this
// process does, however it ends; then it clears up.
const serve = `"$0/postgres" -D "$1/data" -k "$1" -c listen_addresses= -c fsync=off \
	-c synchronous_commit=off -c full_page_writes=off -c max_connections=200 &
read _; kill -INT $!; wait $!; rm -rf "$1"`

// start makes a cluster that listens on a socket in a folder of its own. It is
// not durable: what is tested is this program, not PostgreSQL.
func start() (cluster, error) {
	bin, err := binaries()
	if err != nil {
		return cluster{}, err
	}
	as, err := servant()
	if err != nil {
		return cluster{}, err
	}
	dir, err := os.MkdirTemp("", "tollgate-postgres-")
	if err != nil {
		return cluster{}, err
	}
	if as != nil {
		if err := os.Chown(dir, int(as.Uid), int(as.Gid)); err != nil {
			return cluster{}, err
		}
	}
	run := func(name string, args ...string) *exec.Cmd {
		c := exec.Command(name, args...) //nolint:noctx // it outlives every test
		c.Dir = dir
		c.SysProcAttr = &syscall.SysProcAttr{Credential: as, Setpgid: true}
		return c
	}
	out, err := run(bin+"/initdb", "-D", dir+"/data", "-U", "tollgate", "-A", "trust",
		"-E", "UTF8", "--locale=C.UTF-8", "--no-sync").CombinedOutput()
	if err != nil {
		return cluster{}, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	child := run("/bin/sh", "-c", serve, bin, dir)
	alive, err := child.StdinPipe()
	if err != nil {
		return cluster{}, err
	}
	if err := child.Start(); err != nil {
		return cluster{}, err
	}
	c := cluster{
		url:   fmt.Sprintf("postgres://tollgate@/postgres?host=%s&sslmode=disable", url.QueryEscape(dir)),
		alive: alive,
	}
	for range 100 {
		if err = c.exec(context.Background(), "SELECT 1"); err == nil {
			return c, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return cluster{}, fmt.Errorf("PostgreSQL in %s does not answer: %w", dir, err)
}
