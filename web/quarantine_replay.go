package web

import (
	"net/http"
	"net/url"
	"strconv"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// quarantineReplay settles quarantined records again.
func (s site) quarantineReplay(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	s.Patient(w, frame.WorkMax)
	values, err := form.Posted(w, r)
	if err != nil {
		return err
	}
	var ids []tollgate.ID
	for _, text := range values["id"] {
		if id := form.IDOr0(text); id != 0 {
			ids = append(ids, id)
		}
	}
	if len(ids) > store.PageRowsMax {
		return tollgate.Errorf(tollgate.CodeInvalid, "replay at most %d records at once", store.PageRowsMax)
	}
	results, err := s.Office.Replay(r.Context(), who.Actor(), who.Scope(), ids)
	if err != nil {
		return err
	}
	settled := 0
	for _, result := range results {
		if result.Outcome != tollgate.OutcomeQuarantined {
			settled++
		}
	}
	http.Redirect(w, r, "/quarantine?"+url.Values{
		"settled": {strconv.Itoa(settled)}, "kept": {strconv.Itoa(len(results) - settled)},
	}.Encode(), http.StatusSeeOther)
	return nil
}

// replayNotice says what became of a replay; nil when there was none.
func replayNotice(query url.Values) *view.Notice {
	settled, err := strconv.Atoi(query.Get("settled"))
	if err != nil {
		return nil
	}
	kept, err := strconv.Atoi(query.Get("kept"))
	if err != nil {
		return nil
	}
	text := view.Plural(settled, "record is", "records are") + " in the books now."
	if kept > 0 {
		text += " " + view.Plural(kept, "record", "records") + " could still not be understood; the reason may have changed."
		return &view.Notice{Tone: "warn", Text: text}
	}
	return &view.Notice{Tone: "good", Text: text}
}
