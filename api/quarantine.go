package api

import (
	"context"
	"time"

	"tollgate"
	"tollgate/store"
)

// Quarantined is a reported call that could not be understood.
type Quarantined struct {
	ID       tollgate.ID     `json:"id" example:"48230118400001"`
	Reason   string          `json:"reason" example:"the call ends before it starts"`
	Device   tollgate.ID     `json:"device"`
	Received time.Time       `json:"received"`
	Record   QuarantinedCall `json:"record"`
}

// QuarantinedCall is the call as it was reported.
type QuarantinedCall struct {
	UniqueID    string             `json:"unique_id" example:"1772625600.17"`
	Leg         int                `json:"leg"`
	Source      tollgate.Source    `json:"source" enum:"ami,cel,cdr,import,http"`
	Direction   tollgate.Direction `json:"direction"`
	Extension   string             `json:"extension,omitempty"`
	Originator  string             `json:"originator,omitempty"`
	Caller      string             `json:"caller,omitempty"`
	Dialed      string             `json:"dialed"`
	Trunk       string             `json:"trunk,omitempty"`
	AccountCode string             `json:"account_code,omitempty"`
	Start       *time.Time         `json:"start,omitempty"`
	Answer      *time.Time         `json:"answer,omitempty"`
	End         *time.Time         `json:"end,omitempty"`
	Cause       tollgate.Cause     `json:"cause"`
}

func quarantinedView(q *store.Quarantined) Quarantined {
	r := &q.Record
	return Quarantined{
		ID: q.ID, Reason: q.Reason, Device: r.Call.Device, Received: q.Received,
		Record: QuarantinedCall{
			UniqueID: r.Call.UniqueID, Leg: r.Call.Leg, Source: r.Source, Direction: r.Direction,
			Extension: r.Extension, Originator: r.Originator, Caller: r.Caller, Dialed: r.Dialed,
			Trunk: r.Trunk, AccountCode: r.AccountCode, Start: optional(r.Start),
			Answer: optional(r.Answer), End: optional(r.End), Cause: r.Cause,
		},
	}
}

func (s *server) listQuarantine(ctx context.Context, q *Paging) (*reply[page[Quarantined]], error) {
	found, err := s.Store.Quarantine(ctx, who(ctx).Scope(), q.store())
	if err != nil {
		return nil, err
	}
	return pageOf(found, quarantinedView), nil
}

// ReplayForm names what to settle again.
type ReplayForm struct {
	IDs []tollgate.ID `json:"ids" nullable:"false" minItems:"1" maxItems:"1000"`
}

// Settled says what became of one reported call.
type Settled struct {
	UniqueID string      `json:"unique_id,omitempty" example:"1772625600.17"`
	Leg      int         `json:"leg,omitempty"`
	Outcome  string      `json:"outcome" enum:"stored,duplicate,quarantined,rejected" doc:"rejected: could not even be read"`
	CDR      tollgate.ID `json:"cdr,omitzero" example:"48230118400001"`
	Line     int         `json:"line,omitempty" doc:"of a sheet; its header is line 1"`
	Column   string      `json:"column,omitempty" example:"start" doc:"what it was rejected for; absent: the line as a whole"`
	Value    string      `json:"value,omitempty" example:"yesterday" doc:"what stands there, shortened"`
	Reason   string      `json:"reason,omitempty" doc:"why it was quarantined or rejected"`
}

func settledView(r *tollgate.Result) Settled {
	return Settled{
		UniqueID: r.Call.UniqueID, Leg: r.Call.Leg, Outcome: string(r.Outcome), CDR: r.CDR, Reason: r.Reason,
	}
}

func (s *server) replayQuarantine(ctx context.Context, in *reply[ReplayForm]) (*reply[list[Settled]], error) {
	p := who(ctx)
	results, err := s.Office.Replay(ctx, p.Actor(), p.Scope(), in.Body.IDs)
	if err != nil {
		return nil, err
	}
	return listOf(results, settledView), nil
}
