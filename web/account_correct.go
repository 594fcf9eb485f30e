package web

import (
	"net/http"

	"tollgate/access"
)

// accountCorrect posts a correction: money is never changed, only moved.
func (s *site) accountCorrect(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	return s.move(w, r, who, "correct", correctionForm, s.Book.Correct)
}
