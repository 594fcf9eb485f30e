package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"tollgate"
	"tollgate/access"

	"github.com/danielgtaylor/huma/v2"
)

// problem is how an error leaves the API: problem details of RFC 9457 with the
// error's code as an extension member.
type problem struct {
	huma.ErrorModel
	Code    tollgate.ErrorCode `json:"code"`
	headers http.Header
}

// GetHeaders returns the headers that go with the error.
func (p *problem) GetHeaders() http.Header { return p.headers }

// statusOf translates a code to an HTTP status.
func statusOf(code tollgate.ErrorCode) int {
	switch code {
	case tollgate.CodeInvalid:
		return http.StatusUnprocessableEntity
	case tollgate.CodeUnauthenticated:
		return http.StatusUnauthorized
	case tollgate.CodeForbidden, tollgate.CodeFrozen:
		return http.StatusForbidden
	case tollgate.CodeNotFound:
		return http.StatusNotFound
	case tollgate.CodeConflict:
		return http.StatusConflict
	case tollgate.CodeNoCredit:
		return http.StatusPaymentRequired
	case tollgate.CodeUnavailable:
		return http.StatusServiceUnavailable
	case tollgate.CodeInternal:
	}
	return http.StatusInternalServerError
}

// codeOf is what an HTTP status that the HTTP library chose means in our words.
func codeOf(status int) tollgate.ErrorCode {
	switch {
	case status == http.StatusUnauthorized:
		return tollgate.CodeUnauthenticated
	case status == http.StatusForbidden:
		return tollgate.CodeForbidden
	case status == http.StatusNotFound:
		return tollgate.CodeNotFound
	case status == http.StatusRequestTimeout, status == http.StatusServiceUnavailable:
		return tollgate.CodeUnavailable
	case status < http.StatusInternalServerError:
		return tollgate.CodeInvalid
	}
	return tollgate.CodeInternal
}

func newProblem(status int, code tollgate.ErrorCode, detail string) *problem {
	return &problem{
		ErrorModel: huma.ErrorModel{
			Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail,
		},
		Code: code, headers: http.Header{},
	}
}

// problemOf translates an error of ours. What went wrong inside is logged under
// the instance that the caller is shown, and never told to the caller.
func (s *server) problemOf(ctx context.Context, err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if t, ok := errors.AsType[*access.Throttled](err); ok {
		p := newProblem(http.StatusTooManyRequests, tollgate.CodeUnavailable, t.Error())
		p.headers.Set("Retry-After", strconv.Itoa(int(t.Wait.Seconds())+1))
		return p
	}
	if ctx.Err() != nil {
		p := newProblem(http.StatusServiceUnavailable, tollgate.CodeUnavailable,
			"the request took too long and was given up: ask for less, or try again later")
		p.headers.Set("Retry-After", "5")
		return p
	}
	code := tollgate.CodeOf(err)
	p := newProblem(statusOf(code), code, err.Error())
	switch code {
	case tollgate.CodeInternal:
		p.Instance = "urn:tollgate:fault:" + s.Store.NewID().String()
		p.Detail = "a fault of ours; the log has it under " + p.Instance
		s.Log.ErrorContext(ctx, "request failed", "instance", p.Instance, "error", err)
	case tollgate.CodeUnauthenticated:
		p.headers.Add("WWW-Authenticate", `Bearer realm="tollgate"`)
	case tollgate.CodeUnavailable:
		p.Detail = "not at the moment: try again"
		p.headers.Set("Retry-After", "5")
		s.Log.WarnContext(ctx, "request could not be served", "error", err)
	case tollgate.CodeInvalid, tollgate.CodeForbidden, tollgate.CodeNotFound,
		tollgate.CodeConflict, tollgate.CodeNoCredit, tollgate.CodeFrozen:
	}
	return p
}

// translate gives the errors that the HTTP library makes the shape of ours, and
// takes out the values it quotes: one of them could be a password.
func translate(_ huma.Context, _ string, v any) (any, error) {
	model, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := newProblem(model.Status, codeOf(model.Status), model.Detail)
	if model.Status < http.StatusInternalServerError {
		for _, e := range model.Errors {
			p.Errors = append(p.Errors, &huma.ErrorDetail{Message: e.Message, Location: e.Location})
		}
	}
	return p, nil
}

// writeProblem sends an error outside of an operation.
func (s *server) writeProblem(w http.ResponseWriter, p *problem) {
	for name, values := range p.headers {
		for _, v := range values {
			w.Header().Add(name, v)
		}
	}
	w.Header().Set("Content-Type", contentProblem)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // a reader that has gone away is no fault
}
