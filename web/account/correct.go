package account

import (
	"net/http"

	"tollgate/access"
)

// Correct posts a correction: money is never changed, only moved.
func (s Pages) Correct(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	return s.move(w, r, who, "correct", correctionForm, posting(s.Book.Correct))
}
