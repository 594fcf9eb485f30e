package frame

import (
	"net/http"

	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/view"
)

// FormPage is a page that is one form. Its template is form_show.
type FormPage struct {
	Page
	Back *view.Link
	Lead string
	Form *form.Form
}

// Apply makes the change of a form that has no fault. What the store refuses
// is shown in the form; other errors are returned.
func (s *Site) Apply(
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
