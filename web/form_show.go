package web

import (
	"net/http"

	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/view"
)

// formPage is a page that is one form.
type formPage struct {
	page
	Back *view.Link
	Lead string
	Form *form.Form
}

// save makes the change of a form that has no fault. What the store refuses
// is shown in the form; other errors are returned.
func (s *site) save(
	r *http.Request, who access.Principal, f *form.Form, action string, change func(*store.Change) error,
) (saved bool, err error) {
	if f.Failed {
		return false, nil
	}
	if err := s.Store.Change(r.Context(), who.Actor(), action, change); err != nil {
		return false, f.Refuse(err)
	}
	return true, nil
}
