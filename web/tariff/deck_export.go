package tariff

import (
	"net/http"

	"tollgate"
	"tollgate/access"
	"tollgate/batch"
	"tollgate/web/form"
)

// DeckExport writes the rates in force as a sheet that imports again.
func (s Pages) DeckExport(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, t, err := s.find(r, who)
	if err != nil {
		return err
	}
	decks, err := s.Store.Decks(r.Context(), t.ID)
	if err != nil {
		return err
	}
	shown := -1
	asked := form.IDOr0(r.URL.Query().Get("deck"))
	for i := range decks {
		if decks[i].ID == asked || asked == 0 && !decks[i].Effective.After(v.Told.Now) {
			shown = i
		}
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", `attachment; filename="rates-`+t.ID.String()+`.csv"`)
	var rates []tollgate.Rate
	if shown >= 0 {
		rates = decks[shown].Rates
	}
	if err := batch.WriteRates(s.Export(w), rates); err != nil {
		s.Log.Warn("download of rates ended", "tariff", t.Name, "error", err)
	}
	return nil
}
