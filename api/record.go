package api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"tollgate"
	"tollgate/batch"
)

// What a device may deliver at once.
const (
	recordsMax     = 10_000
	recordBytesMax = 16 << 20
)

// RecordForm is one finished call as a device delivers it: what a sheet of
// calls has as columns. Values may be text, numbers or truths.
type RecordForm struct {
	UniqueID    string `json:"unique_id" example:"1772625600.17" doc:"the device's own name of the call, the key against charging twice"`
	Leg         int    `json:"leg,omitempty" doc:"of several with the same unique_id"`
	Direction   string `json:"direction,omitempty" enum:"outbound,inbound,internal" default:"outbound"`
	Start       string `json:"start" example:"2026-03-04T12:00:00Z" doc:"RFC 3339, or 2026-03-04 12:00:00 in the device's zone, or seconds since 1970"`
	Answer      string `json:"answer,omitempty" doc:"absent: not answered, unless there is a duration"`
	End         string `json:"end,omitempty" doc:"end or duration is needed"`
	Duration    string `json:"duration,omitempty" example:"61.24" doc:"answered seconds"`
	Extension   string `json:"extension,omitempty" example:"101" doc:"who started the call"`
	Originator  string `json:"originator,omitempty" doc:"whose line put the call into the public network"`
	Caller      string `json:"caller,omitempty"`
	Dialed      string `json:"dialed" example:"0301234567"`
	Trunk       string `json:"trunk,omitempty" example:"PJSIP/provider"`
	AccountCode string `json:"account_code,omitempty"`
	Private     bool   `json:"private,omitempty"`
	Cause       int    `json:"cause,omitempty" example:"16" doc:"Q.850 cause value"`
}

// Delivery says what became of delivered calls.
type Delivery struct {
	batch.RecordSummary
	Items []Settled `json:"items" nullable:"false" doc:"of a JSON list every call, in its order; of CSV those that were not stored"`
}

type recordUpload struct {
	DeviceNamed
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte `contentType:"text/csv"`
}

func (s *server) pushRecords(ctx context.Context, in *recordUpload) (*reply[Delivery], error) {
	d, err := s.pusher(ctx, in.Device)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(d.Timezone)
	if err != nil {
		return nil, fmt.Errorf("device %q: %w", d.Name, err)
	}
	m := batch.RecordImport{Device: d.ID, Source: tollgate.SourceHTTP, Zone: zone, Charger: s.Office}
	isCSV, err := (&Upload{ContentType: in.ContentType}).isCSV()
	if err != nil {
		return nil, err
	}
	out := &reply[Delivery]{}
	if isCSV {
		err = importSheet(ctx, m, in.RawBody, &out.Body)
	} else {
		err = s.importRecords(ctx, m, in.RawBody, &out.Body)
	}
	return out, err
}

// pusher is the device whose calls are delivered: itself, or one that the
// principal may speak for.
func (s *server) pusher(ctx context.Context, name string) (tollgate.Device, error) {
	d, docked := ctx.Value(dockedKey{}).(tollgate.Device)
	if !docked {
		return s.device(ctx, who(ctx).Scope(), name)
	}
	if d.Name != name {
		return d, tollgate.Errorf(tollgate.CodeForbidden,
			"this account is that of device %q, not of %q", d.Name, name)
	}
	return d, nil
}

// importSheet settles a sheet of calls.
func importSheet(ctx context.Context, m batch.RecordImport, body []byte, out *Delivery) error {
	if bytes.Count(body, []byte("\n")) > recordsMax+1 {
		return tollgate.Errorf(tollgate.CodeInvalid, "at most %d calls at once", recordsMax)
	}
	out.Items = []Settled{}
	m.Reject = func(r batch.RecordReject) { out.Items = append(out.Items, rejectedView(r)) }
	var err error
	out.RecordSummary, err = m.Run(ctx, bytes.NewReader(body))
	return err
}

// outcomeRejected is said of a call that could not be read.
const outcomeRejected = "rejected"

// rejectedView shows why a call was not stored.
func rejectedView(r batch.RecordReject) Settled {
	v := Settled{
		UniqueID: r.UniqueID, Outcome: outcomeRejected, Line: r.Line, Column: r.Column, Value: r.Value,
		Reason: r.Reason,
	}
	if r.Quarantined {
		v.Outcome, v.Value = string(tollgate.OutcomeQuarantined), ""
	}
	return v
}

// importRecords settles a JSON list of calls, or one call.
func (s *server) importRecords(ctx context.Context, m batch.RecordImport, body []byte, out *Delivery) error {
	var records []tollgate.Record
	var places []int
	out.Items = []Settled{}
	err := readCalls(body, func(call *batch.Fields) {
		record, reject := m.Record(*call)
		if reject != nil {
			out.Rejected++
			rejected := batch.RecordReject{Reject: *reject, UniqueID: (*call)["unique_id"]}
			out.Items = append(out.Items, rejectedView(rejected))
			return
		}
		records, places = append(records, record), append(places, len(out.Items))
		out.Items = append(out.Items, Settled{})
	})
	if err != nil {
		return err
	}
	results, err := s.Office.Finish(ctx, records)
	if err != nil {
		return err
	}
	for i := range results {
		out.Items[places[i]] = settledView(&results[i])
		switch results[i].Outcome {
		case tollgate.OutcomeStored:
			out.Stored++
		case tollgate.OutcomeDuplicate:
			out.Duplicate++
		case tollgate.OutcomeQuarantined:
			out.Quarantined++
		}
	}
	return nil
}

// readCalls reads JSON objects of plain values, a list or one, and hands each to use as
// fields of a sheet.
func readCalls(body []byte, use func(*batch.Fields)) error {
	list := io.Reader(bytes.NewReader(body))
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '{' {
		list = io.MultiReader(strings.NewReader("["), list, strings.NewReader("]"))
	}
	if err := batch.ReadList(list, recordsMax, use); err != nil {
		return asList(err)
	}
	return nil
}
