package web

import (
	"net/http"
	"net/url"

	"tollgate"
	"tollgate/access"
	"tollgate/web/form"
	"tollgate/web/frame"
)

// setupPage asks for a password behind a one-time link: the first
// administrator's, with a name, or that of somebody who is known.
type setupPage struct {
	frame.Page
	Whose string // empty: the first administrator
	Form  *form.Form
}

// setupClosedPage says that a one-time link opens nothing.
type setupClosedPage struct {
	frame.Page
	Message string
}

func (s site) setupShow(w http.ResponseWriter, r *http.Request) error {
	whose, err := s.Access.Link(r.Context(), r.PathValue("secret"))
	if err != nil {
		return s.setupClosed(w, r, err)
	}
	return s.setupForm(w, r, whose, setupForm(r, whose, url.Values{"user": {"admin"}}))
}

func setupForm(r *http.Request, whose string, values url.Values) *form.Form {
	f := form.New("/setup/"+url.PathEscape(r.PathValue("secret")), "Create administrator", values)
	var fields []*form.Field
	if whose == "" {
		fields = append(fields, &form.Field{
			Name: "user", Label: "Name", Required: true, Autocomplete: "username", Focus: true,
			Hint: "Small letters, digits and . _ @ -",
		})
	} else {
		f.Submit = "Set password"
	}
	f.Ask("", "", append(fields,
		&form.Field{
			Name: "password", Label: "Password", Type: "password", Required: true, Focus: whose != "",
			Autocomplete: "new-password", Hint: "At least 12 characters. A few words do well.",
		},
		&form.Field{
			Name: "again", Label: "Password again", Type: "password", Required: true,
			Autocomplete: "new-password",
		})...).Single = true
	return f
}

func (s site) setupForm(w http.ResponseWriter, r *http.Request, whose string, f *form.Form) error {
	p := &setupPage{Page: frame.Page{Title: "Welcome"}, Whose: whose, Form: f}
	return s.Send(w, r, f.Status(), "setup_show", p)
}

// setupClosed explains why a link opens nothing; other errors are returned.
func (s site) setupClosed(w http.ResponseWriter, r *http.Request, err error) error {
	if tollgate.CodeOf(err) != tollgate.CodeNotFound {
		return err
	}
	p := &setupClosedPage{Page: frame.Page{Title: "Welcome"}, Message: form.Sentence(err.Error())}
	return s.Send(w, r, http.StatusNotFound, "setup_closed", p)
}

// setupSave uses the link up and lets its holder in.
func (s site) setupSave(w http.ResponseWriter, r *http.Request) error {
	values, err := form.Posted(w, r)
	if err != nil {
		return err
	}
	secret := r.PathValue("secret")
	whose, err := s.Access.Link(r.Context(), secret)
	if err != nil {
		return s.setupClosed(w, r, err)
	}
	f := setupForm(r, whose, values)
	password := values.Get("password")
	switch {
	case whose == "" && f.Get("user") == "":
		f.Fail("user", "Choose a name to log in with.")
	case len([]rune(password)) < access.PasswordCharactersMin:
		f.Fail("password", "Use at least 12 characters.")
	case password != values.Get("again"):
		f.Fail("again", "The two passwords differ.")
	}
	if !f.Failed {
		_, err := s.Access.Redeem(r.Context(), secret, f.Get("user"), password, access.Address(r))
		if err == nil {
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return nil
		}
		if tollgate.CodeOf(err) == tollgate.CodeNotFound {
			return s.setupClosed(w, r, err)
		}
		if err := f.Refuse(err); err != nil {
			return err
		}
	}
	return s.setupForm(w, r, whose, f)
}
