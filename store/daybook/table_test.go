package daybook_test

import (
	"errors"
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/daybook"
	"tollgate/store/storetest"
)

// beside does nothing beside the daybook of somebody else.
func (c clerk) beside() error { return c.db.Post(c.Context(), daybook.Beside) }

func (c clerk) disowns() {
	c.Helper()
	if err := c.Disown(c.Context()); err != nil {
		c.Fatal(err)
	}
}

// fails to own, because others are there.
func (c clerk) fails() {
	c.Helper()
	if owned, found := c.tries(); owned || found != nil {
		c.Fatalf("owned %v with %v", owned, found)
	}
}

func (c clerk) wanted() bool {
	c.Helper()
	wanted, err := c.Wanted(c.Context())
	if err != nil {
		c.Fatal(err)
	}
	return wanted
}

// waits until somebody waits for the daybook, which he is not done with.
func (c clerk) waits(done <-chan bool) {
	c.Helper()
	for !c.wanted() {
		select {
		case <-done:
			c.Fatal("it did not wait")
		case <-time.After(time.Millisecond):
		}
	}
}

// terminated has the server end the session that keeps the daybook.
func (c clerk) terminated() {
	c.Helper()
	change(c.T, c.db, `SELECT pg_terminate_backend(pid, 10000) FROM pg_locks
		WHERE locktype = 'advisory' AND granted AND mode = 'ExclusiveLock' AND objsubid = 2
		AND objid = hashtext(current_schema())::bigint & 4294967295`)
}

func TestTakingTurns(t *testing.T) {
	url := storetest.Postgres(t)
	first, second := open(t, url), open(t, url)
	first.owns(1, 0)
	second.fails()
	first.writes(2)
	if first.wanted() {
		t.Error("nobody wants it")
	}
	done := make(chan bool)
	go func() {
		defer close(done)
		if err := second.beside(); err != nil {
			t.Error(err)
		}
	}()
	first.waits(done)
	first.posts(0, 2)
	first.disowns()
	<-done
	wantLost(t, first.fence(2)) // no more
	first.fails()               // both work in the tables
	second.fails()
	if err := errors.Join(first.beside(), second.beside()); err != nil {
		t.Error(err)
	}
	first.ends()
	second.owns(3, 2)
	second.writes(3)
	second.ends()
	open(t, url).owns(3, 3)
}

// What somebody left is posted before anybody works in the tables.
func TestLeft(t *testing.T) {
	url := storetest.Postgres(t)
	first, second := open(t, url), open(t, url)
	first.owns(1, 0)
	second.left(false)
	first.writes(2)
	first.ends()
	second.left(true)
	if err := second.beside(); !errors.Is(err, daybook.ErrLeft) {
		t.Errorf("%v, want that something was left", err)
	}
	second.owns(1, 2)
	second.posts(0, 2)
	second.left(false)
	second.disowns()
	if err := second.beside(); err != nil {
		t.Error(err)
	}
}

// It is posted however many servers are there, by one of them, who waits for it.
func TestLeftWhileOthersAreThere(t *testing.T) {
	url := storetest.Postgres(t)
	first, second, third := open(t, url), open(t, url), open(t, url)
	first.owns(1, 0)
	second.fails()
	third.fails()
	first.writes(2)
	done := make(chan bool)
	go func() {
		defer close(done)
		owned, posted, err := second.Own(t.Context(), none)
		if !owned || posted != 0 || second.Last() != 2 || err != nil {
			t.Errorf("owned %v with %d posted and the last %d, %v", owned, posted, second.Last(), err)
		}
	}()
	first.waits(done)
	first.ends()
	<-done
	second.posts(0, 2)
	third.fails()
	second.disowns()
	second.fails()
	third.fails()
}

// Whose session the server ended keeps nothing any more, and finds that out
// whatever it does.
func TestTerminated(t *testing.T) {
	url := storetest.Postgres(t)
	first, second := open(t, url), open(t, url)
	first.owns(1, 0)
	first.writes(3)
	first.posts(0, 1)
	second.terminated()
	second.owns(2, 3)
	wantLost(t, first.mark(1, 3)) // it does not know yet
	wantLost(t, first.fence(1))
	wantCode(t, first.Write(t.Context(), 4, body(4)), tollgate.CodeUnavailable)
	wantCode(t, first.Write(t.Context(), 4, body(4)), tollgate.CodeUnavailable)
	wantLost(t, first.mark(1, 3)) // now it does
	first.disowns()
	second.writes(4)
	second.posts(1, 4)
	first.fails()
	second.ends()
	first.owns(5, 4)
}

// It may keep the daybook again, if nobody else does.
func TestTerminatedAndBack(t *testing.T) {
	c := open(t, storetest.Postgres(t))
	c.owns(1, 0)
	c.writes(3)
	c.terminated()
	wantCode(t, c.Write(t.Context(), 4, body(4)), tollgate.CodeUnavailable)
	c.disowns()
	c.owns(1, 3)
	c.writes(4)
	c.posts(0, 4)
}

// Another schema of the database is another daybook.
func TestEachSchemaHasItsOwn(t *testing.T) {
	one, other := open(t, storetest.Postgres(t)), open(t, storetest.Postgres(t))
	one.owns(1, 0)
	one.writes(1)
	other.owns(1, 0)
	other.left(false)
	if one.wanted() {
		t.Error("nobody wants it")
	}
	if one.db.Engine() != store.PostgreSQL {
		t.Error(one.db.Engine())
	}
}
