package web

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
)

func TestLiveKeepsTheNewest(t *testing.T) {
	l := &liveStream{who: access.Principal{Enterprise: 7, Role: access.RoleReader}}
	var commit []tollgate.CDR
	for i := range 3 * liveRowsMax {
		commit = append(commit, tollgate.CDR{ID: tollgate.ID(i), Enterprise: tollgate.ID(7 + i%2)})
	}
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	l.take(commit, now)
	l.take(commit[1:2], now.Add(time.Hour)) // not for these eyes
	l.take(commit[:1], now)
	if len(l.pending) != liveRowsMax || l.pending[liveRowsMax-1].ID != 0 || !l.changed.Equal(now) {
		t.Errorf("%d pending, the newest is %d", len(l.pending), l.pending[len(l.pending)-1].ID)
	}
	for _, c := range l.pending {
		if c.Enterprise != 7 {
			t.Errorf("call %d is of another company", c.ID)
		}
	}
}

// TestLiveEndsWithItsReader makes sure that a closed page leaves nothing behind
// and that an event is one event however many lines its rows have.
func TestLiveEndsWithItsReader(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	v := h.login("admin")
	live := v.follow("/live")
	if got := live.header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatal(got)
	}
	lines := bufio.NewScanner(live.lines)
	lines.Scan() // retry
	id := h.call("201", "030555123", 34*time.Second).String()
	var rows strings.Builder
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "event: calls") {
		continue
	}
	for lines.Scan() && lines.Text() != "" {
		line, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			t.Errorf("a line that is no data: %q", lines.Text())
		}
		rows.WriteString(line)
	}
	if !strings.Contains(rows.String(), `id="call-`+id) || !strings.Contains(rows.String(), "Northern Carrier") {
		t.Error(rows.String())
	}
}

// TestLivePagesOfOnePerson: more than so many are not served, until one is
// closed; others have their own.
func TestLivePagesOfOnePerson(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	h.user("hotel", access.RoleReader, h.hotel.ID)
	ann, bob := h.login("admin"), h.login("hotel")
	paths := []string{"/live", "/calls/live", "/accounts/" + h.hotel.ID.String() + "/live"}
	var last *following
	for i := range 32 {
		if last = ann.follow(paths[i%len(paths)]); last.status != http.StatusOK {
			t.Fatalf("page %d: %d", i, last.status)
		}
	}
	refused := ann.follow("/live")
	said, err := io.ReadAll(refused.lines)
	if refused.status != http.StatusServiceUnavailable || err != nil ||
		!strings.Contains(string(said), "You have 32 live pages open") {
		t.Errorf("one too many: %d %s (%v)", refused.status, said, err)
	}
	if other := bob.follow("/live"); other.status != http.StatusOK {
		t.Errorf("somebody else: %d", other.status)
	}
	last.leave()
	for ann.follow("/live").status != http.StatusOK {
		time.Sleep(10 * time.Millisecond)
	}
}

// TestLivePagesEndWithTheSession: whoever logs out, or gets another password,
// follows no longer.
func TestLivePagesEndWithTheSession(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	ends := func(v *visitor, change func()) {
		t.Helper()
		live := v.follow("/live")
		change()
		if _, err := io.Copy(io.Discard, live.lines); err != nil || live.status != http.StatusOK {
			t.Error(live.status, err)
		}
	}
	v, other := h.login("admin"), h.login("admin")
	ends(v, func() { v.post("/logout", nil).want(t, http.StatusSeeOther) })
	ends(other, func() {
		err := h.db.Change(t.Context(), store.Actor{Name: "test"}, "disable", func(c *store.Change) error {
			u, err := h.db.UserByName(t.Context(), "admin")
			u.Disabled = true
			return errors.Join(err, c.PutUser(&u))
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// TestEventsAreNotForged: a carriage return in what a telephone system says
// begins no event of its own.
func TestEventsAreNotForged(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	lines := h.login("admin").follow("/live").lines
	if _, err := lines.ReadString('\n'); err != nil { // retry
		t.Fatal(err)
	}
	h.call("9\revent: figures\rdata: forged\r\r", "030555123", time.Second)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(line, "\r") {
			t.Fatalf("%q", line)
		}
		if strings.Contains(line, "forged") {
			return
		}
	}
}
