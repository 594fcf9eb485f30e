package daybook_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/daybook"
	"tollgate/store/internal/engine"
	"tollgate/store/storetest"
)

// killVariable says to the process that is killed which store it writes for.
const killVariable = "TOLLGATE_TEST_DAYBOOK"

// TestMain is also the process that is killed: it writes on and on, and says what
// is durable.
func TestMain(m *testing.M) {
	if url := os.Getenv(killVariable); url != "" {
		fmt.Println("failed", writeOn(context.Background(), url))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func writeOn(ctx context.Context, url string) error {
	db, err := store.Open(ctx, url, store.Options{Now: time.Now})
	if err != nil {
		return err
	}
	d, err := daybook.Open(ctx, db)
	if err != nil {
		return err
	}
	owned, _, err := d.Own(ctx, func(int64, []byte) error { return nil })
	for err == nil && owned {
		seq := d.Last() + 1
		if err = d.Write(ctx, seq, body(seq)); err == nil {
			fmt.Println(seq)
		}
	}
	return fmt.Errorf("owned %v, %w", owned, err)
}

// body is what an entry says: from nothing to some blocks.
func body(seq int64) []byte {
	return bytes.Repeat([]byte(strconv.FormatInt(seq, 10)+" "), int(seq*seq*37%5000))
}

// clerk keeps a daybook, as one process does.
type clerk struct {
	*testing.T
	*daybook.Daybook
	db *store.DB
}

func open(t *testing.T, url string) clerk {
	t.Helper()
	db := storetest.Open(t, url)
	d, err := daybook.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() }) // most tests have
	return clerk{t, d, db}
}

// tries to own, and returns the numbers of what is there.
func (c clerk) tries() (owned bool, found []int64) {
	c.Helper()
	owned, posted, err := c.Own(c.Context(), func(seq int64, b []byte) error {
		if !bytes.Equal(b, body(seq)) {
			c.Errorf("entry %d has %d bytes, want %d, or others", seq, len(b), len(body(seq)))
		}
		found = append(found, seq)
		return nil
	})
	if err != nil {
		c.Fatal(err)
	}
	if owned != c.Owned() {
		c.Errorf("owned %v, and then %v", owned, c.Owned())
	}
	if owned && posted+int64(len(found)) != c.Last() {
		c.Errorf("%d posted and %d entries, and the last is %d", posted, len(found), c.Last())
	}
	return owned, found
}

// owns what has exactly these entries, as soon as the server has noticed that who
// had it is gone.
func (c clerk) owns(first, last int64) {
	c.Helper()
	owned, found := c.tries()
	for patience := 1000; !owned && patience > 0; patience-- {
		time.Sleep(10 * time.Millisecond)
		owned, found = c.tries()
	}
	if !owned || !slices.Equal(found, numbers(first, last)) {
		c.Fatalf("owned %v with entries %v, want %d to %d", owned, found, first, last)
	}
}

func numbers(first, last int64) (list []int64) {
	for ; first <= last; first++ {
		list = append(list, first)
	}
	return list
}

// writes entries up to one.
func (c clerk) writes(last int64) {
	c.Helper()
	for seq := c.Last() + 1; seq <= last; seq++ {
		if err := c.Write(c.Context(), seq, body(seq)); err != nil {
			c.Fatal(err)
		}
	}
}

func (c clerk) mark(after, upTo int64) error {
	return c.db.Post(c.Context(), func(p *store.Posting) error { return c.Mark(p, after, upTo) })
}

func (c clerk) fence(posted int64) error {
	return c.db.Post(c.Context(), func(p *store.Posting) error { return c.Fence(p, posted) })
}

func (c clerk) posts(after, upTo int64) {
	c.Helper()
	if err := c.mark(after, upTo); err != nil {
		c.Fatal(err)
	}
	c.Posted(upTo)
}

// ends as a process does, with whatever is in its daybook.
func (c clerk) ends() {
	c.Helper()
	if err := c.Close(); err != nil {
		c.Fatal(err)
	}
}

func (c clerk) left(want bool) {
	c.Helper()
	if left, err := daybook.Left(c.Context(), c.db); err != nil || left != want {
		c.Errorf("left %v, %v, want %v", left, err, want)
	}
}

func wantCode(t *testing.T, err error, want tollgate.ErrorCode) {
	t.Helper()
	if tollgate.CodeOf(err) != want {
		t.Errorf("%v, want code %q", err, want)
	}
}

// wantLost wants what is told to whom posts what is posted, or is not his any more.
func wantLost(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, daybook.ErrLost) {
		t.Errorf("%v, want that the daybook is lost", err)
	}
}

// change changes the tables behind everybody's back.
func change(t *testing.T, db *store.DB, text string) {
	t.Helper()
	err := db.Write(t.Context(), func(tx *engine.Tx) error {
		_, err := tx.Exec(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsWrittenIsFound(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		c := open(t, url)
		c.owns(1, 0)
		c.writes(250)
		c.posts(0, 3)
		c.posts(3, 20)
		c.ends()
		c = open(t, url)
		c.owns(21, 250)
		c.writes(260)
		c.posts(20, 260)
		c.ends()
		c = open(t, url)
		c.owns(261, 260)
		c.writes(261)
		if err := c.Disown(t.Context()); err != nil || c.Owned() {
			t.Errorf("owned %v, %v", c.Owned(), err)
		}
		c.owns(261, 261) // again
		if posted, err := daybook.Marked(t.Context(), c.db); posted != 260 || err != nil {
			t.Errorf("posted up to %d, %v", posted, err)
		}
	})
}

// An entry may be larger than what the file grows by.
func TestLargeEntry(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		large := bytes.Repeat([]byte("large"), 4<<20)
		c := open(t, url)
		c.owns(1, 0)
		for seq := range int64(2) {
			if err := c.Write(t.Context(), seq+1, large); err != nil {
				t.Fatal(err)
			}
		}
		c.ends()
		found := 0
		owned, _, err := open(t, url).Own(t.Context(), func(_ int64, b []byte) error {
			if found++; !bytes.Equal(b, large) {
				t.Errorf("%d bytes, want %d, or others", len(b), len(large))
			}
			return nil
		})
		if !owned || err != nil || found != 2 {
			t.Errorf("owned %v, %v, with %d entries", owned, err, found)
		}
	})
}

func TestWhatIsRefused(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		c := open(t, url)
		wantCode(t, c.Write(t.Context(), 1, nil), tollgate.CodeConflict) // nobody keeps it
		c.owns(1, 0)
		c.writes(2)
		for _, seq := range []int64{0, 2, 4} {
			wantCode(t, c.Write(t.Context(), seq, body(seq)), tollgate.CodeInvalid)
		}
		wantCode(t, c.Write(t.Context(), 3, make([]byte, daybook.EntryBytesMax+1)), tollgate.CodeInvalid)
		c.writes(3)
		boom := errors.New("boom")
		_, _, err := c.Own(t.Context(), func(int64, []byte) error { return boom })
		if !errors.Is(err, boom) || c.Owned() {
			t.Errorf("owned %v, %v", c.Owned(), err)
		}
		c.owns(1, 3)
	})
}

// Where an entry is missing, what comes after it is not posted.
func TestGapIsRefused(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		c := open(t, url)
		c.owns(1, 0)
		c.writes(3)
		if c.db.Engine() == store.SQLite {
			overwrite(t, c.db, 4096, "no entry") // the first
		} else {
			change(t, c.db, "DELETE FROM daybook WHERE seq = 1")
		}
		c.ends()
		c = open(t, url)
		for range 2 {
			owned, _, err := c.Own(t.Context(), func(seq int64, _ []byte) error {
				t.Errorf("there is entry %d", seq)
				return nil
			})
			if wantCode(t, err, tollgate.CodeConflict); owned || c.Owned() {
				t.Error("it is owned")
			}
		}
	})
}

func TestPostedOnce(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		c := open(t, url)
		c.owns(1, 0)
		c.writes(4)
		c.posts(0, 2)
		wantLost(t, c.mark(0, 2))
		wantLost(t, c.mark(0, 4))
		wantCode(t, c.fence(2), "")
		boom := errors.New("boom")
		err := c.db.Post(t.Context(), func(p *store.Posting) error { return errors.Join(c.Mark(p, 2, 4), boom) })
		if !errors.Is(err, boom) {
			t.Error(err)
		}
		c.ends()
		open(t, url).owns(3, 4)
	})
}

// A process that writes is killed without warning, over and over. What it said is
// durable is there, in order, and after that at most what it was about to say.
func TestKilled(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		var posted int64
		for _, more := range []int64{1, 40, 7} {
			written := killedAfter(t, url, more)
			c := open(t, url)
			owned, found := c.tries()
			for range 1000 { // PostgreSQL takes a moment to notice that it is gone
				if owned {
					break
				}
				time.Sleep(10 * time.Millisecond)
				owned, found = c.tries()
			}
			if last := c.Last(); !owned || last < written || last > written+1 {
				t.Fatalf("owned %v up to entry %d, and %d was written", owned, last, written)
			}
			if !slices.Equal(found, numbers(posted+1, c.Last())) {
				t.Fatalf("entries %v, want %d to %d", found, posted+1, c.Last())
			}
			c.posts(posted, posted+more/2)
			posted += more / 2
			c.ends()
		}
	})
}

// killedAfter kills the process once it has written so many entries, and returns
// up to which it had.
func killedAfter(t *testing.T, url string, enough int64) (written int64) {
	t.Helper()
	ctx, kill := context.WithCancel(t.Context()) // kills with the signal that cannot be caught
	defer kill()
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), killVariable+"="+url)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); enough-- {
		if written, err = strconv.ParseInt(strings.TrimSpace(lines.Text()), 10, 64); err != nil {
			t.Fatal(lines.Text())
		}
		if enough == 1 {
			kill()
		}
	}
	_ = child.Wait() // it was killed
	return written
}
