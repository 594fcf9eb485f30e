package api

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"time"

	"tollgate/access"

	"github.com/danielgtaylor/huma/v2"
)

// What one request may take.
const (
	bodyBytesMax   = 64 << 10         // of a request, where the route does not say otherwise
	longBytesMax   = 1 << 20          // of one that has a long list in it
	bodyReadMax    = 30 * time.Second // until the body has arrived
	requestTimeMax = 60 * time.Second // until the answer is written
	sheetBytesMax  = 64 << 20         // of a file of rates or attribution
	sheetTimeMax   = 5 * time.Minute  // until a long answer is written
	slowestLine    = 64 << 10         // bytes a second that a file is expected to come with
)

// How many large bodies are taken at once, and how many of them from one sender.
const (
	deliveriesMax, deliveriesOfOne = 8, 2
	sheetsMax, sheetsOfOne         = 2, 1
)

// arrives is how long a body of that many bytes may take to arrive.
func arrives(bytesMax int64) time.Duration {
	return bodyReadMax + time.Duration(bytesMax/slowestLine)*time.Second
}

// nobody is the permission of a route that anybody may use.
const nobody access.Permission = ""

// What an operation carries for the guard.
const (
	permissionKey = "permission"
	timeKey       = "time"
)

// reply is an answer with a body.
type reply[T any] struct{ Body T }

// done is an answer without one.
type done struct{}

// option changes an operation before it is registered.
type option func(*server, *huma.Operation)

// route registers one route: "GET /cdrs" for whoever has the permission. Every
// error that do returns is translated here.
func route[I, O any](s *server, pattern string, may access.Permission, id, summary string,
	do func(context.Context, *I) (*O, error), options ...option,
) {
	method, path, _ := strings.Cut(pattern, " ")
	op := huma.Operation{
		Method: method, Path: prefix + path, OperationID: id, Summary: summary,
		Tags:         []string{tagOf(path)},
		MaxBodyBytes: bodyBytesMax, BodyReadTimeout: bodyReadMax,
		Metadata:                     map[string]any{permissionKey: may, timeKey: requestTimeMax},
		RejectUnknownQueryParameters: true,
	}
	if may != nobody {
		op.Security = []map[string][]string{{schemeToken: {}}}
		op.Extensions = map[string]any{"x-permission": may}
	}
	for _, change := range options {
		change(s, &op)
	}
	s.order = append(s.order, id)
	huma.Register(s.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, in)
		if err != nil {
			return nil, s.problemOf(ctx, err)
		}
		return out, nil
	})
}

// about describes an operation beyond its summary.
func about(text string) option {
	return func(_ *server, op *huma.Operation) { op.Description = text }
}

// tagOf is the heading that a path belongs under.
func tagOf(path string) string {
	word := strings.Split(path, "/")[1]
	for _, h := range headings() {
		if h.word == word {
			return h.name
		}
	}
	return word
}

// tag files an operation under another heading than that of its path.
func tag(name string) option {
	return func(_ *server, op *huma.Operation) { op.Tags = []string{name} }
}

// created answers that something is there which was not there before.
func created(_ *server, op *huma.Operation) { op.DefaultStatus = http.StatusCreated }

// long makes the operation take a longer body than most.
func long(_ *server, op *huma.Operation) { op.MaxBodyBytes = longBytesMax }

// slow gives the operation the time of a file.
func slow(_ *server, op *huma.Operation) { op.Metadata[timeKey] = sheetTimeMax }

// orDevice lets a device in with its docking account and password.
func orDevice(_ *server, op *huma.Operation) {
	op.Security = append(op.Security, map[string][]string{schemeDevice: {}})
}

// file makes the operation take a body of so many bytes, over a slow line too.
func file(op *huma.Operation, bytesMax int64) {
	op.MaxBodyBytes, op.BodyReadTimeout = bytesMax, arrives(bytesMax)
	op.Metadata[timeKey] = arrives(bytesMax) + requestTimeMax
}

// takes makes the operation take JSON as T describes it, or CSV. The handler
// reads the body itself, so that a file of a hundred thousand lines is read once.
func takes[T any](bytesMax int64) option {
	return func(s *server, op *huma.Operation) {
		file(op, bytesMax)
		op.SkipValidateBody = true
		schema := s.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[T](), true, op.OperationID)
		schema.Nullable = false
		op.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{
			"application/json": {Schema: schema},
		}}
	}
}

// gives documents an answer that is JSON as T describes it, or CSV.
func gives[T any](s *server, op *huma.Operation) {
	schema := s.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[T](), true, op.OperationID)
	op.Responses = map[string]*huma.Response{"200": {
		Description: http.StatusText(http.StatusOK),
		Content: map[string]*huma.MediaType{
			"application/json": {Schema: schema},
			"text/csv":         {Schema: &huma.Schema{Type: huma.TypeString}},
		},
	}}
}
