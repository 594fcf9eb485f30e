package ucware

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/store/outbox"
)

// Limits of what a request may take.
const (
	bodyBytesMax     = 32 << 20 // the names of a million calls
	openBodyBytesMax = 64 << 10 // of whoever has not shown a token
	readTimeMax      = 2 * time.Minute
	runTimeMax       = 10 * time.Minute
	pageTimeMax      = time.Minute // for a reader to take one page of a stream
	unknownShownMax  = 1_000       // ids in an error
	largeMax         = 4           // bodies longer than what strangers may send, at once
	largeOfOne       = 2           // of them from one sender
)

// ServeHTTP answers with the headers that every answer carries.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if strings.HasPrefix(r.URL.Path, referencePrefix) {
		s.reference(w, r)
		return
	}
	h.Set("Content-Type", "application/json")
	c := s.find(r.URL.Path)
	switch {
	case c == nil:
		refuse(w, http.StatusNotFound, faultf(codeMethod, "there is no such interface; see %s", billingPage))
	case r.Method != http.MethodPost:
		h.Set("Allow", http.MethodPost)
		refuse(w, http.StatusMethodNotAllowed, faultf(codeRequest, "send requests by POST; see %s", billingPage))
	default:
		s.serve(w, r, c)
	}
}

// serve answers a body of requests.
func (s *server) serve(w http.ResponseWriter, r *http.Request, c *class) {
	ctx, cancel := context.WithTimeout(r.Context(), runTimeMax)
	defer cancel()
	rc := http.NewResponseController(w)
	after := func(d time.Duration) time.Time {
		limit, done := context.WithTimeout(ctx, d)
		defer done()
		at, _ := limit.Deadline()
		return at
	}
	// Not every ResponseWriter has deadlines; the server's own limits remain. The library
	// lifts them at the end of the body and of the request.
	in := &call{page: func() { _ = rc.SetWriteDeadline(after(s.pageTime)) }}
	if in.secret, in.who, in.denied = s.bearer(ctx, r); in.denied != nil && !c.open {
		s.deny(ctx, w, in.denied)
		return
	}
	most := int64(bodyBytesMax)
	if c.open {
		most = openBodyBytesMax
	} else if r.ContentLength < 0 || r.ContentLength > openBodyBytesMax {
		leave, err := s.large.Enter(in.who.Key())
		if err != nil {
			w.Header().Set("Retry-After", "5")
			refuse(w, http.StatusServiceUnavailable, s.faultOf(ctx, err))
			return
		}
		defer leave()
	}
	if in.denied == nil { // who is not known has the server's
		_ = rc.SetReadDeadline(after(s.readTime))
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		refuse(w, http.StatusRequestEntityTooLarge, faultf(codeRequest, "a body has at most %d bytes", most))
		return
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, faultf(codeParse, "the body could not be read to its end"))
		return
	}
	requests, batch, wrong := parse(body)
	if wrong != nil {
		refuse(w, http.StatusOK, wrong)
		return
	}
	for _, q := range requests {
		if m := c.method(q.method); in.denied != nil && (m == nil || !m.open) {
			s.deny(ctx, w, in.denied)
			return
		}
	}
	out := bufio.NewWriter(w)
	if err := s.answer(ctx, out, c, in, requests, batch); err != nil {
		s.Log.WarnContext(ctx, "an answer broke off", "error", err)
		panic(http.ErrAbortHandler) // so that the reader does not take it for whole
	}
}

// answer runs the requests one after the other and writes the answers of those
// that want one.
func (s *server) answer(
	ctx context.Context, out *bufio.Writer, c *class, in *call, requests []request, batch bool,
) error {
	before, after := "", ""
	if batch {
		before, after = "[", "]"
	}
	answered := false
	for _, q := range requests {
		result, wrong := s.run(ctx, c, in, &q)
		if q.id == nil && q.wrong == nil {
			continue
		}
		if answered {
			before = ","
		}
		answered = true
		in.page()
		if _, err := out.WriteString(before); err != nil {
			return err
		}
		if err := respond(out, q.id, result, wrong); err != nil {
			return err
		}
	}
	if !answered {
		return nil // only notifications: an empty body
	}
	_, err := out.WriteString(after)
	return errors.Join(err, out.Flush())
}

// run runs one request.
func (s *server) run(ctx context.Context, c *class, in *call, q *request) (any, *fault) {
	if q.wrong != nil {
		return nil, q.wrong
	}
	m := c.method(q.method)
	if m == nil {
		return nil, faultf(codeMethod, "%.80q is no method of this interface; see %s", q.method, billingPage)
	}
	if m.may != "" {
		if err := in.who.Require(m.may); err != nil {
			return nil, s.faultOf(ctx, err)
		}
	}
	args, err := m.bind(q.params)
	if err != nil {
		return nil, s.faultOf(ctx, err)
	}
	mine := *in
	mine.args = args
	result, err := m.run(ctx, &mine)
	if err != nil {
		return nil, s.faultOf(ctx, err)
	}
	return result, nil
}

// bearer finds out who asks.
func (s *server) bearer(ctx context.Context, r *http.Request) (secret string, who access.Principal, err error) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", who, tollgate.Errorf(tollgate.CodeUnauthenticated,
			"send a token in the header Authorization: Bearer tg_…")
	}
	secret = strings.TrimSpace(secret)
	who, err = s.Access.Token(ctx, secret, access.Address(r))
	return secret, who, err
}

// deny answers whoever has no valid token.
func (s *server) deny(ctx context.Context, w http.ResponseWriter, err error) {
	status := http.StatusServiceUnavailable
	if t, ok := errors.AsType[*access.Throttled](err); ok {
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", strconv.Itoa(int(t.Wait.Seconds())+1))
	} else if tollgate.CodeOf(err) == tollgate.CodeUnauthenticated {
		status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", `Bearer realm="tollgate"`)
	}
	refuse(w, status, s.faultOf(ctx, err))
}

// refuse answers a body as a whole.
func refuse(w http.ResponseWriter, status int, wrong *fault) {
	w.WriteHeader(status)
	_ = respond(w, json.RawMessage(noID), nil, wrong) // a reader that has gone away is no fault
}

// faultOf translates an error. What went wrong inside is logged and not told.
func (s *server) faultOf(ctx context.Context, err error) *fault {
	if f, ok := errors.AsType[*fault](err); ok {
		return f
	}
	if t, ok := errors.AsType[*access.Throttled](err); ok {
		return faultf(codeUnauthenticated, "%v", t)
	}
	if u, ok := errors.AsType[*outbox.Unknown](err); ok {
		return unknownCalls(u)
	}
	switch tollgate.CodeOf(err) {
	case tollgate.CodeInvalid, tollgate.CodeNotFound, tollgate.CodeConflict:
		return faultf(codeParams, "%v", err)
	case tollgate.CodeUnauthenticated:
		return faultf(codeUnauthenticated, "%v", err)
	case tollgate.CodeForbidden:
		return faultf(codeForbidden, "%v", err)
	default:
	}
	if ctx.Err() != nil || tollgate.CodeOf(err) == tollgate.CodeUnavailable {
		s.Log.WarnContext(ctx, "request could not be served", "error", err)
		return faultf(codeUnavailable, "not at the moment: try again")
	}
	name := "urn:tollgate:fault:" + s.Store.NewID().String()
	s.Log.ErrorContext(ctx, "request failed", "instance", name, "error", err)
	return &fault{
		Code: codeInternal, Message: "a fault of ours; the log has it under " + name,
		Data: map[string]string{"instance": name},
	}
}

// unknownCalls names calls that could not be marked.
func unknownCalls(u *outbox.Unknown) *fault {
	names := []any{}
	for _, id := range u.IDs {
		names = append(names, id)
	}
	for _, name := range u.UniqueIDs {
		names = append(names, name)
	}
	data := map[string]any{"unknown": names[:min(len(names), unknownShownMax)], "count": len(names)}
	message := fmt.Sprintf("%d calls do not exist or are deleted already: none was marked", len(names))
	if n := len(u.Ambiguous); n > 0 {
		data["ambiguous"] = u.Ambiguous[:min(n, unknownShownMax)]
		message += fmt.Sprintf("; %d uniqueids are those of calls on several devices: name them by id", n)
	}
	return &fault{Code: codeParams, Message: message, Data: data}
}
