// Package ucware is the programming interface of UCware's billing service:
// JSON-RPC 2.0 (https://www.jsonrpc.org/specification) over HTTP at
// /api/2/<namespace>/<interface>/, with its reference page. Someone who uses
// UCware's points their program here and changes nothing but the host and the token.
package ucware

import (
	"context"
	"encoding/json"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"tollgate/access"
	"tollgate/store"
)

// Options is what the interface is handed. All but Log and Version are required.
type Options struct {
	Store   *store.DB
	Access  *access.Gate
	Now     func() time.Time
	Log     *slog.Logger // nil: silent
	Version string
}

const (
	pathPrefix      = "/api/2/"
	referencePrefix = "/apidoc/"
	billingPage     = referencePrefix + "classes/api-admin-Billing.html"
)

// Paths lists the patterns under which New's handler is to be mounted.
func Paths() []string { return []string{pathPrefix, referencePrefix} }

// server is the interface with what it needs.
type server struct {
	Options
	classes            []class
	page               *template.Template
	readTime, pageTime time.Duration // the constants; tests lower them
	large              *access.Turnstile
}

// New returns the interface as one handler.
func New(o Options) (http.Handler, error) { return newServer(o) }

func newServer(o Options) (*server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &server{
		Options: o, readTime: readTimeMax, pageTime: pageTimeMax, large: access.NewTurnstile(largeMax, largeOfOne),
	}
	s.classes = []class{s.billing(), s.authentication()}
	var err error
	s.page, err = template.New("reference").Parse(referenceHTML)
	return s, err
}

// class is one interface of the API, as its reference shows it and as it runs.
type class struct {
	name    string   // of its page
	paths   []string // below /api/2/, in small letters
	summary string
	about   []string // paragraphs
	open    bool     // its methods are asked to say who is there
	methods []method
}

// method is one entry of the table from which requests are served and the
// reference is made.
type method struct {
	name     string
	summary  string
	about    []string          // paragraphs
	may      access.Permission // empty: whoever has a token
	open     bool              // needs no valid token
	params   []param
	variadic bool // its one parameter may also be given as many
	returns  string
	examples []example
	faults   []fault // that it may answer with beside those of every method
	run      func(context.Context, *call) (any, error)
}

type param struct{ name, kind, about string }

type example struct{ say, params, result string }

// call is a request on its way.
type call struct {
	who    access.Principal
	secret string // the token it came with
	denied error  // why that is none; only open methods see it
	args   []json.RawMessage
	page   func() // gives the next page of an answer its time
}

// find returns the class at a path, written in any case, with or without a
// slash at its end.
func (s *server) find(path string) *class {
	name := strings.ToLower(strings.Trim(strings.TrimPrefix(path, pathPrefix), "/"))
	for i := range s.classes {
		for _, p := range s.classes[i].paths {
			if p == name {
				return &s.classes[i]
			}
		}
	}
	return nil
}

func (c *class) method(name string) *method {
	for i := range c.methods {
		if c.methods[i].name == name {
			return &c.methods[i]
		}
	}
	return nil
}
