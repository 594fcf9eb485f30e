package web

import (
	"encoding/json"
	"net/http"
	"net/url"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// quarantineListPage lists records that were not understood.
type quarantineListPage struct {
	frame.Page
	MayChange bool
	Records   []quarantineRow
	Pager     view.Pager
}

type quarantineRow struct {
	ID                      tollgate.ID
	At, Device, Reason, Raw string
}

func (s site) quarantineList(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	after := r.URL.Query().Get("after")
	found, err := s.Store.Quarantine(r.Context(), v.Scope, store.Paging{After: after})
	if err != nil {
		return err
	}
	p := &quarantineListPage{
		Page: frame.Page{Title: "Quarantine", Section: "Quarantine"}, MayChange: who.May(access.SetTerms),
	}
	p.Notice = replayNotice(r.URL.Query())
	for _, q := range found.Items {
		p.Records = append(p.Records, quarantineRow{
			ID: q.ID, At: view.Instant(q.Received, v.Told.Zone), Device: view.OrDash(v.Names.Device(q.Record.Call.Device)),
			Reason: q.Reason, Raw: rawText(&q.Record),
		})
	}
	p.Pager.Text = view.Plural(len(p.Records), "record", "records") + " on this page"
	if found.Next != "" {
		p.Pager.Next = "/quarantine?after=" + url.QueryEscape(found.Next)
	}
	if after != "" {
		p.Pager.Back = "/quarantine"
	}
	return s.Send(w, r, http.StatusOK, "quarantine_list", p)
}

// rawText is a record as it was received, else as it was read.
func rawText(record *tollgate.Record) string {
	if record.Raw != "" {
		return record.Raw
	}
	text, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(text)
}
