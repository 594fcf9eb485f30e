package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// loginPage asks who somebody is.
type loginPage struct {
	frame.Page
	Form *form.Form
}

func loginForm(values url.Values) *form.Form {
	f := form.New("/login", "Log in", values)
	known := values.Get("user") != ""
	f.Ask("", "",
		&form.Field{Name: "next", Type: "hidden"},
		&form.Field{Name: "user", Label: "Name", Required: true, Autocomplete: "username", Focus: !known},
		&form.Field{
			Name: "password", Label: "Password", Type: "password", Required: true, Focus: known,
			Autocomplete: "current-password",
		}).Single = true
	return f
}

func (s site) loginShow(w http.ResponseWriter, r *http.Request) error {
	next := ownPath(r.URL.Query().Get("next"))
	if _, ok := access.PrincipalOf(r.Context()); ok {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return nil
	}
	p := &loginPage{Page: frame.Page{Title: "Log in"}, Form: loginForm(url.Values{"next": {next}})}
	if r.URL.Query().Get("done") == "logout" {
		p.Notice = &view.Notice{Tone: "info", Text: "You are logged out."}
	}
	return s.Send(w, r, http.StatusOK, "login_show", p)
}

func (s site) loginSave(w http.ResponseWriter, r *http.Request) error {
	values, err := form.Posted(w, r)
	if err != nil {
		return err
	}
	f := loginForm(values)
	_, err = s.Access.SignIn(r.Context(), f.Get("user"), values.Get("password"), access.Address(r))
	if err == nil {
		http.Redirect(w, r, ownPath(f.Get("next")), http.StatusSeeOther)
		return nil
	}
	f.Failed = true
	status := http.StatusUnauthorized
	throttled, slow := errors.AsType[*access.Throttled](err)
	switch {
	case slow:
		status = http.StatusTooManyRequests
		f.Error = "Too many failed attempts. Try again in " + throttled.Wait.Round(time.Second).String() + "."
	case tollgate.CodeOf(err) == tollgate.CodeUnauthenticated:
		f.Error = form.Sentence(err.Error())
	default:
		return err
	}
	return s.Send(w, r, status, "login_show", &loginPage{Page: frame.Page{Title: "Log in"}, Form: f})
}

// ownPath keeps a way back only if it stays on this site.
func ownPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/") ||
		strings.HasPrefix(next, "//") || strings.Contains(next, `\`) {
		return "/"
	}
	return next
}

// logout ends the session.
func (s site) logout(w http.ResponseWriter, r *http.Request) error {
	if err := s.Access.SignOut(r.Context()); err != nil {
		return err
	}
	http.Redirect(w, r, "/login?done=logout", http.StatusSeeOther)
	return nil
}
