package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"tollgate"
	"tollgate/access"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// The ways to say who is asking, as the OpenAPI document names them.
const (
	schemeToken  = "token"
	schemeDevice = "device"
)

// guard stands before every operation: it finds out who asks, whether they may,
// and gives the request its time.
func (s *server) guard(hc huma.Context, next func(huma.Context)) {
	op := hc.Operation()
	limit := op.Metadata[timeKey].(time.Duration)
	ctx, cancel := context.WithTimeout(hc.Context(), limit)
	defer cancel()
	started := s.Now()
	defer func() { s.metrics.request(op, hc.Status(), s.Now().Sub(started)) }()

	if may := op.Metadata[permissionKey].(access.Permission); may != nobody {
		var err error
		if ctx, err = s.authenticate(ctx, hc, may); err != nil {
			s.refuse(ctx, hc, err)
			return
		}
	}
	leave, err := s.admit(ctx, hc)
	if err != nil {
		s.refuse(ctx, hc, err)
		return
	}
	defer leave()
	if deadline, ok := ctx.Deadline(); ok {
		_, w := humago.Unwrap(hc)
		// Not every ResponseWriter has deadlines; the server's own limits remain, as for who
		// was refused. It is lifted by the server, once the last of the answer is out.
		_ = http.NewResponseController(w).SetWriteDeadline(deadline)
	}
	next(huma.WithContext(hc, ctx))
}

// admit lets few large bodies in at once. Small ones, of one call or a few hundred, need not wait.
func (s *server) admit(ctx context.Context, hc huma.Context) (leave func(), err error) {
	r, _ := humago.Unwrap(hc)
	op := hc.Operation()
	if op.MaxBodyBytes <= longBytesMax || r.ContentLength >= 0 && r.ContentLength <= bodyBytesMax {
		return func() {}, nil
	}
	door := s.deliveries
	if op.MaxBodyBytes >= sheetBytesMax {
		door = s.sheets
	}
	if d, docked := ctx.Value(dockedKey{}).(tollgate.Device); docked {
		return door.Enter("device " + d.Name)
	}
	return door.Enter(who(ctx).Key())
}

// guarded is guard for a handler that is no operation.
func (s *server) guarded(may access.Permission, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, err := s.bearer(r.Context(), r, may)
		if err != nil {
			s.writeProblem(w, s.problemOf(ctx, err))
			return
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// authenticate finds the principal of a request and returns a context with it.
func (s *server) authenticate(
	ctx context.Context, hc huma.Context, may access.Permission,
) (context.Context, error) {
	r, _ := humago.Unwrap(hc)
	account, password, basic := r.BasicAuth()
	if !basic || len(hc.Operation().Security) == 1 {
		return s.bearer(ctx, r, may)
	}
	device, err := s.Access.Dock(ctx, account, password, access.Address(r))
	if err != nil {
		return ctx, err
	}
	return context.WithValue(ctx, dockedKey{}, device), nil
}

// bearer finds the principal of a token and returns a context with it.
func (s *server) bearer(ctx context.Context, r *http.Request, may access.Permission) (context.Context, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ctx, tollgate.Errorf(tollgate.CodeUnauthenticated,
			"send a token in the header Authorization: Bearer tg_…")
	}
	who, err := s.Access.Token(ctx, strings.TrimSpace(token), access.Address(r))
	if err != nil {
		return ctx, err
	}
	if err := who.Require(may); err != nil {
		return ctx, err
	}
	return access.WithPrincipal(ctx, who), nil
}

// dockedKey finds the device that authenticated itself in a context.
type dockedKey struct{}

// who is the principal of a request that the guard let through.
func who(ctx context.Context) access.Principal {
	p, _ := access.PrincipalOf(ctx)
	return p
}

// refuse answers a request that no handler sees.
func (s *server) refuse(ctx context.Context, hc huma.Context, err error) {
	p := s.problemOf(ctx, err)
	for name, values := range p.headers {
		for _, v := range values {
			hc.AppendHeader(name, v)
		}
	}
	hc.SetHeader("Content-Type", contentProblem)
	hc.SetStatus(p.Status)
	_ = json.NewEncoder(hc.BodyWriter()).Encode(p) // a reader that has gone away is no fault
}

// ServeHTTP answers with the headers that every answer carries, and turns a
// panic into an error of ours.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(v)
		}
		s.writeProblem(w, s.problemOf(r.Context(), tollgate.Errorf(tollgate.CodeInternal, "panic: %v", v)))
	}()
	s.mux.ServeHTTP(w, r)
}

// unknown answers what no route matches: 405 where the path has other methods, else 404.
func (s *server) unknown(w http.ResponseWriter, r *http.Request) {
	var methods []string
	for _, method := range []string{
		http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete,
	} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := s.mux.Handler(other); pattern != "" && pattern != unknownPattern {
			methods = append(methods, method)
		}
	}
	if len(methods) == 0 {
		s.writeProblem(w, newProblem(http.StatusNotFound, tollgate.CodeNotFound,
			"there is nothing at this address; "+docsPath+" lists what there is"))
		return
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	s.writeProblem(w, newProblem(http.StatusMethodNotAllowed, tollgate.CodeInvalid,
		r.Method+" is not possible here, only "+strings.Join(methods, ", ")))
}
