package frame

import (
	"net/http"
	"net/url"
	"strings"

	"tollgate"
	"tollgate/access"
	"tollgate/web/form"
)

// Policy lets a page load our own files and nothing else, and run no script or
// style that is written into it: W3C Content Security Policy Level 3.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// Guard sets the headers of every answer and refuses requests that another
// site's page made a browser send.
func Guard(next http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", Policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if err := crossOrigin.Check(r); err != nil {
			http.Error(w, "This request came from another site and was refused.", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Handler answers a request of somebody who may make it.
type Handler func(w http.ResponseWriter, r *http.Request, who access.Principal) error

// Allow lets in who is logged in and has the permission.
func (s *Site) Allow(needs access.Permission, next Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, ok := access.PrincipalOf(r.Context())
		if !ok {
			s.toLogin(w, r)
			return
		}
		err := who.Require(needs)
		if err == nil {
			err = next(w, r, who)
		}
		if err != nil {
			s.fail(w, r, err)
		}
	})
}

// Open answers requests of anybody.
func (s *Site) Open(next func(w http.ResponseWriter, r *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := next(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

// toLogin sends somebody unknown to log in, and back to where they wanted to go.
func (s *Site) toLogin(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		http.Error(w, "Please log in.", http.StatusUnauthorized)
		return
	}
	target := "/login"
	if r.URL.Path != "/" {
		target += "?next=" + url.QueryEscape(r.URL.RequestURI())
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
}

// errorPage says that something went wrong and what to do.
type errorPage struct {
	Page
	Message string
}

// fail shows an error as a page. Faults of ours are logged and not shown.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, err error) {
	code := tollgate.CodeOf(err)
	p := errorPage{Page: Page{Title: "Something went wrong"}, Message: form.Sentence(err.Error())}
	switch code {
	case tollgate.CodeNotFound:
		p.Title = "Not found"
	case tollgate.CodeForbidden:
		p.Title = "Not allowed"
	case tollgate.CodeInternal:
		if r.Context().Err() != nil {
			return // the reader is gone
		}
		s.Log.Error("page failed", "method", r.Method, "path", r.URL.Path, "error", err)
		p.Message = "The fault is ours and has been logged. Nothing was changed. Please try again."
	default:
	}
	if err := s.Send(w, r, statusOf(code), "error_show", &p); err != nil {
		s.Log.Error("error page failed", "path", r.URL.Path, "error", err)
		http.Error(w, "Something went wrong.", http.StatusInternalServerError)
	}
}
