package access

import (
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/storetest"
)

// door is a Gate on a real store, behind a real server, with a clock that
// the test can put forward.
type door struct {
	*Gate
	t     *testing.T
	db    *store.DB
	ahead time.Duration
	url   string
	held  *browser // whose session a test is about
}

const password = "correct horse battery"

var house = store.Actor{Name: "test"}

func newDoor(t *testing.T) *door {
	t.Helper()
	d := &door{t: t}
	start := time.Now() // the clock stands still, or a slow machine would wait in place of a guesser
	now := func() time.Time { return start.Add(d.ahead) }
	d.db = storetest.OpenAt(t, storetest.SQLite(t), now)
	var err error
	if d.Gate, err = New(d.db, Options{Now: now, Random: rand.Reader}); err != nil {
		t.Fatal(err)
	}
	d.hasher.nobody.memoryKiB, d.hasher.nobody.passes = 64, 1 // hundreds of logins in a second
	server := httptest.NewServer(d.Sessions(http.HandlerFunc(d.serve)))
	t.Cleanup(server.Close)
	d.url = server.URL
	return d
}

// serve is the smallest set of pages: it answers with who is there, or the error.
func (d *door) serve(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	var err error
	switch r.URL.Path {
	case "/in":
		_, err = d.SignIn(ctx, r.FormValue("name"), r.FormValue("password"), Address(r))
	case "/out":
		err = d.SignOut(ctx)
	case "/link":
		_, err = d.Redeem(ctx, r.FormValue("link"), r.FormValue("name"), r.FormValue("password"), Address(r))
	}
	if _, ok := errors.AsType[*Throttled](err); ok {
		http.Error(w, "throttled", http.StatusTooManyRequests)
		return
	}
	if err != nil {
		http.Error(w, string(tollgate.CodeOf(err)), http.StatusForbidden)
		return
	}
	who, found := PrincipalOf(ctx)
	if found {
		_, _ = io.WriteString(w, who.Name+" "+string(who.Role)+" "+who.Address)
	}
}

// browser keeps cookies.
type browser struct {
	d *door
	*http.Client
}

func (d *door) browser() browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.t.Fatal(err)
	}
	return browser{d, &http.Client{Jar: jar}}
}

// post sends a form and returns what came back.
func (b browser) post(path string, form ...string) string {
	b.d.t.Helper()
	values := url.Values{}
	for pair := range slices.Chunk(form, 2) {
		values.Set(pair[0], pair[1])
	}
	request, err := http.NewRequestWithContext(b.d.t.Context(), http.MethodPost, b.d.url+path,
		strings.NewReader(values.Encode()))
	if err != nil {
		b.d.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r, err := b.Do(request)
	if err != nil {
		b.d.t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		b.d.t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// token is the browser's session token.
func (b browser) token() string {
	u, err := url.Parse(b.d.url)
	if err != nil {
		b.d.t.Fatal(err)
	}
	for _, c := range b.Jar.Cookies(u) {
		return c.Value
	}
	return ""
}

func (b browser) want(path, want string, form ...string) {
	b.d.t.Helper()
	if got := b.post(path, form...); got != want {
		b.d.t.Errorf("%s %q: %q, want %q", path, form, got, want)
	}
}

// user adds a person with the test's password.
func (d *door) user(name string, role Role) store.User {
	d.t.Helper()
	u, err := d.AddUser(d.t.Context(), house, store.User{Name: name, Role: string(role)}, password)
	if err != nil {
		d.t.Fatal(err)
	}
	return u
}

func TestSignIn(t *testing.T) {
	d := newDoor(t)
	d.user("Anna", RoleOperator)
	b := d.browser()
	b.want("/", "")
	b.want("/in", "unauthenticated", "name", "anna", "password", "wrong password!")
	b.want("/in", "unauthenticated", "name", "nobody", "password", password)
	b.want("/in", "", "name", " ANNA ", "password", password)
	b.want("/", "anna operator 127.0.0.1")
	b.want("/out", "anna operator 127.0.0.1")
	b.want("/", "")

	log, err := d.db.LoginLog(t.Context(), store.Everything, store.Paging{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range log.Items {
		got = append(got, strings.Join([]string{l.Name, l.Address, l.Reason, map[bool]string{true: "in"}[l.Success]}, "|"))
	}
	want := []string{"anna|127.0.0.1||in", "nobody|127.0.0.1|unknown name|", "anna|127.0.0.1|wrong password|"}
	if !slices.Equal(got, want) {
		t.Errorf("login log %q, want %q", got, want)
	}
}

func TestSessionToken(t *testing.T) {
	d := newDoor(t)
	d.user("anna", RoleAdmin)
	b := d.browser()
	b.post("/in", "name", "anna", "password", password)
	before := b.token()
	if before == "" {
		t.Fatal("no cookie after signing in")
	}
	if _, err := d.db.Session(t.Context(), before); tollgate.CodeOf(err) != tollgate.CodeNotFound {
		t.Errorf("the store knows the token itself: %v", err)
	}
	if _, err := d.db.Session(t.Context(), fingerprint(before)); err != nil {
		t.Errorf("the store does not know the token's hash: %v", err)
	}
	b.post("/in", "name", "anna", "password", password)
	if after := b.token(); after == before {
		t.Error("the token stayed the same over a login")
	}
	if _, err := d.db.Session(t.Context(), fingerprint(before)); tollgate.CodeOf(err) != tollgate.CodeNotFound {
		t.Errorf("the token of before the login still works: %v", err)
	}
}

func TestSessionCookie(t *testing.T) {
	for _, secure := range []bool{false, true} {
		d := newDoor(t)
		d.user("anna", RoleAdmin)
		var err error
		d.Gate, err = New(d.db, Options{Now: time.Now, Random: rand.Reader, Secure: secure})
		if err != nil {
			t.Fatal(err)
		}
		form := strings.NewReader(url.Values{"name": {"anna"}, "password": {password}}.Encode())
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/in", form)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		d.Sessions(http.HandlerFunc(d.serve)).ServeHTTP(w, r)
		response := w.Result()
		defer response.Body.Close()
		if len(response.Cookies()) != 1 {
			t.Fatalf("%d cookies, want 1", len(response.Cookies()))
		}
		c := response.Cookies()[0]
		if c.Secure != secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" ||
			strings.HasPrefix(c.Name, "__Host-") != secure {
			t.Errorf("secure %v: cookie %v", secure, c)
		}
	}
}

func TestSessionEnds(t *testing.T) {
	tests := []struct {
		name string
		do   func(*door, store.User)
		want string
	}{
		{"nothing happens", func(*door, store.User) {}, "anna admin 127.0.0.1"},
		{"a short rest", func(d *door, _ store.User) { d.ahead = sessionIdleMax - time.Minute }, "anna admin 127.0.0.1"},
		{"too long a rest", func(d *door, _ store.User) { d.ahead = sessionIdleMax }, ""},
		{"a week of work", func(d *door, _ store.User) {
			for d.ahead < sessionLifeMax-time.Minute {
				d.ahead += sessionIdleMax - time.Minute
				if d.ahead < sessionLifeMax {
					d.held.post("/")
				}
			}
			d.ahead = sessionLifeMax
		}, ""},
		{"disabled", func(d *door, u store.User) {
			u.Disabled = true
			d.change(func(c *store.Change) error { return c.PutUser(&u) })
		}, ""},
		{"deleted", func(d *door, u store.User) {
			d.change(func(c *store.Change) error { return c.DeleteUser(u.ID) })
		}, ""},
		{"a new password", func(d *door, _ store.User) {
			link, err := d.NewLink(d.t.Context(), house, "anna")
			if err != nil {
				d.t.Fatal(err)
			}
			d.browser().want("/link", "", "link", link, "password", "another password")
		}, ""},
		{"a lesser role", func(d *door, u store.User) {
			u.Role = string(RoleReader)
			d.change(func(c *store.Change) error { return c.PutUser(&u) })
		}, "anna reader 127.0.0.1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDoor(t)
			u := d.user("anna", RoleAdmin)
			b := d.browser()
			d.held = &b
			b.want("/in", "", "name", "anna", "password", password)
			test.do(d, u)
			b.want("/", test.want)
		})
	}
}

func (d *door) change(do func(*store.Change) error) {
	d.t.Helper()
	if err := d.db.Change(d.t.Context(), house, "test", do); err != nil {
		d.t.Fatal(err)
	}
}

func TestSignInIsThrottled(t *testing.T) {
	d := newDoor(t)
	d.user("anna", RoleAdmin)
	b := d.browser()
	for range failuresFreePair {
		b.want("/in", "unauthenticated", "name", "anna", "password", "wrong password!")
	}
	b.want("/in", "throttled", "name", "anna", "password", password)
	d.ahead += waitMin
	b.want("/in", "", "name", "anna", "password", password)
	b.want("/in", "anna admin 127.0.0.1", "name", "anna", "password", password)
}

func TestNames(t *testing.T) {
	d := newDoor(t)
	d.user("anna", RoleAdmin)
	tests := []struct {
		name, as string
		role     Role
		password string
		want     tollgate.ErrorCode
	}{
		{"taken", "ANNA", RoleAdmin, password, tollgate.CodeConflict},
		{"empty", "", RoleAdmin, password, tollgate.CodeInvalid},
		{"spaces inside", "an na", RoleAdmin, password, tollgate.CodeInvalid},
		{"markup", "<b>", RoleAdmin, password, tollgate.CodeInvalid},
		{"too long", strings.Repeat("a", 65), RoleAdmin, password, tollgate.CodeInvalid},
		{"no such role", "bert", "root", password, tollgate.CodeInvalid},
		{"short password", "bert", RoleReader, "short", tollgate.CodeInvalid},
		{"no password yet", "bert", RoleReader, "", ""},
		{"a mail address", "c.d@example.org", RoleReader, password, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			u := store.User{Name: test.as, Role: string(test.role)}
			_, err := d.AddUser(t.Context(), house, u, test.password)
			if got := tollgate.CodeOf(err); got != test.want {
				t.Errorf("%v, want code %q", err, test.want)
			}
		})
	}
	d.browser().want("/in", "unauthenticated", "name", "bert", "password", "")
}

func TestAddress(t *testing.T) {
	tests := []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"direct", "192.0.2.1:1234", nil, "192.0.2.1"},
		{"a stranger says so", "192.0.2.1:1234", []string{"198.51.100.1"}, "192.0.2.1"},
		{"local", "127.0.0.1:1234", nil, "127.0.0.1"},
		{"through a local proxy", "127.0.0.1:1234", []string{"198.51.100.1"}, "198.51.100.1"},
		{"and others before it", "[::1]:1234", []string{"10.0.0.1, 198.51.100.1", "10.0.0.2, 2001:db8::1"}, "2001:db8::1"},
		{"that says nonsense", "127.0.0.1:1234", []string{"198.51.100.1, unknown"}, "127.0.0.1"},
		{"no port", "pipe", nil, "pipe"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: test.peer, Header: http.Header{"X-Forwarded-For": test.forwarded}}
			if got := Address(r); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}
