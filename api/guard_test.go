package api

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/access"
)

func TestDoor(t *testing.T) {
	h := newHouse(t)
	h.run([]scenario{
		{name: "nothing here", do: "GET /api/v2/cdrs", want: 404, has: []string{"/docs"}},
		{name: "nor here", do: "GET /nothing", as: "admin", want: 404},
		{name: "another method", do: "DELETE /cdrs", as: "admin", want: 405, has: []string{"only GET"}},
		{name: "no token", do: "GET /cdrs", want: 401, has: []string{"Authorization: Bearer"}},
		{name: "a password instead", do: "GET /cdrs", as: "alpha:" + devicePassword, want: 401},
		{name: "another scheme", do: "GET /cdrs", header: map[string]string{"Authorization": "Digest x"}, want: 401},
		{
			name: "in any case", do: "GET /cdrs", header: map[string]string{"Authorization": "bearer " + h.token["reader"]},
			want: 200,
		},
		{name: "too large", do: "POST /tariffs", as: "admin", body: `{"name":"` + strings.Repeat("x", bodyBytesMax) + `"}`, want: 413},
		{
			name: "wrong type", do: "POST /operators", as: "admin",
			header: map[string]string{"Content-Type": "text/plain"}, body: "x",
			want: 415,
		},
	})
	response, _ := h.ask(scenario{do: "GET /cdrs", as: "reader"})
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
	} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	response, _ = h.ask(scenario{do: "GET /cdrs"})
	if got := response.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer") {
		t.Errorf("WWW-Authenticate: %q", got)
	}
	response, _ = h.ask(scenario{do: "DELETE /cdrs", as: "admin"})
	if got := response.Header.Get("Allow"); got != "GET" {
		t.Errorf("Allow: %q", got)
	}
}

func TestWrongTokensWait(t *testing.T) {
	h := newHouse(t)
	for range 100 {
		response, body := h.ask(scenario{do: "GET /cdrs", as: "tg_wrong"})
		if response.StatusCode == http.StatusUnauthorized {
			continue
		}
		if response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") == "" {
			t.Fatalf("%s, Retry-After %q\n%s", response.Status, response.Header.Get("Retry-After"), body)
		}
		checkProblem(t, response, body)
		h.run([]scenario{{name: "a right one comes in", do: "GET /cdrs", as: "reader", want: 200}})
		return
	}
	t.Error("a hundred wrong tokens from one address were all heard")
}

// TestProblems translates every kind of error.
func TestProblems(t *testing.T) {
	h := newHouse(t)
	secret := errors.New("dial tcp 10.0.0.7: password=hunter2")
	tests := []struct {
		err    error
		status int
		detail string
	}{
		{tollgate.Errorf(tollgate.CodeInvalid, "say how much"), 422, "say how much"},
		{tollgate.Errorf(tollgate.CodeUnauthenticated, "who?"), 401, "who?"},
		{tollgate.Errorf(tollgate.CodeForbidden, "no"), 403, "no"},
		{tollgate.Errorf(tollgate.CodeNotFound, "gone"), 404, "gone"},
		{tollgate.Errorf(tollgate.CodeConflict, "twice"), 409, "twice"},
		{tollgate.Errorf(tollgate.CodeNoCredit, "broke"), 402, "broke"},
		{tollgate.Errorf(tollgate.CodeFrozen, "cold"), 403, "cold"},
		{tollgate.Errorf(tollgate.CodeUnavailable, "database: %w", secret), 503, "not at the moment"},
		{tollgate.Errorf(tollgate.CodeInternal, "oops: %w", secret), 500, "a fault of ours"},
		{fmt.Errorf("read: %w", secret), 500, "a fault of ours"},
		{fmt.Errorf("do it: %w", tollgate.Errorf(tollgate.CodeNotFound, "gone")), 404, "do it: gone"},
		{&access.Throttled{Wait: 90 * time.Second}, 429, "too many failed logins"},
	}
	for _, test := range tests {
		p := h.server.problemOf(t.Context(), test.err)
		if p.Status != test.status || !strings.HasPrefix(p.Detail, test.detail) || strings.Contains(p.Detail, "hunter2") {
			t.Errorf("%v: %d %q, want %d %q", test.err, p.Status, p.Detail, test.status, test.detail)
		}
	}
}

func TestPanicIsAnError(t *testing.T) {
	h := newHouse(t)
	h.server.mux.HandleFunc("GET /api/panic", func(http.ResponseWriter, *http.Request) { panic("hunter2") })
	w := httptest.NewRecorder()
	h.server.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/panic", nil))
	response := w.Result()
	defer response.Body.Close()
	if response.StatusCode != http.StatusInternalServerError || strings.Contains(w.Body.String(), "hunter2") {
		t.Errorf("%s %s", response.Status, w.Body)
	}
	checkProblem(t, answer{response.Status, response.StatusCode, response.Header}, w.Body.String())
}

// TestValidationQuotesNoSecret sends a password where it is refused.
func TestValidationQuotesNoSecret(t *testing.T) {
	h := newHouse(t)
	h.run([]scenario{{
		name: "too long", do: "POST /devices", as: "admin", want: 422, has: []string{"body.password"},
		body:   `{"name":"x","kind":"push","timezone":"UTC","enabled":true,"password":"` + strings.Repeat("hunter2", 200) + `"}`,
		hasNot: []string{"hunter2"},
	}})
}

// TestGivenUp answers a request that takes longer than it may.
func TestGivenUp(t *testing.T) {
	h := newHouse(t)
	op := h.operations()["GET /accounts"]
	op.Metadata[timeKey] = time.Nanosecond
	response, body := h.ask(scenario{do: "GET /accounts", as: "reader"})
	if response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%s %s", response.Status, body)
	}
}

// TestSlowBody hangs up on a sender that takes too long.
func TestSlowBody(t *testing.T) {
	h := newHouse(t)
	op := h.operations()["POST /operators"]
	op.BodyReadTimeout = 50 * time.Millisecond
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(h.url, "http://"))
	h.must(err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "POST %s/operators HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{", prefix, h.token["admin"])
	h.must(err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	h.must(err)
	defer response.Body.Close()
	if response.StatusCode != http.StatusRequestTimeout {
		t.Errorf("%s, want 408", response.Status)
	}
}
