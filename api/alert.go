package api

import (
	"context"
	"time"

	"tollgate"
)

// Alert is what somebody should look at.
type Alert struct {
	ID         tollgate.ID        `json:"id" example:"48230118400001"`
	Kind       tollgate.AlertKind `json:"kind" example:"low_credit" doc:"low_credit, no_credit, cut_failed, orphan, not_private, duplicate"`
	Enterprise tollgate.ID        `json:"enterprise,omitzero" doc:"absent: the house's"`
	Account    tollgate.ID        `json:"account,omitzero"`
	Device     tollgate.ID        `json:"device,omitzero" doc:"of the call"`
	UniqueID   string             `json:"unique_id,omitempty" doc:"of the call"`
	Text       string             `json:"text"`
	At         time.Time          `json:"at"`
}

func alertView(a *tollgate.Alert) Alert {
	return Alert{
		ID: a.ID, Kind: a.Kind, Enterprise: a.Enterprise, Account: a.Account, Device: a.Call.Device,
		UniqueID: a.Call.UniqueID, Text: a.Text, At: a.At,
	}
}

func (s *server) listAlerts(ctx context.Context, q *Paging) (*reply[page[Alert]], error) {
	found, err := s.Store.Alerts(ctx, who(ctx).Scope(), q.store())
	if err != nil {
		return nil, err
	}
	return pageOf(found, alertView), nil
}
