package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/charging"
	"tollgate/store"
)

// LiveCall is a call in progress.
type LiveCall struct {
	ID          string             `json:"id" example:"1772625600.17#1" doc:"as the device calls it"`
	Device      string             `json:"device" example:"hq"`
	Leg         int                `json:"leg"`
	Enterprise  tollgate.ID        `json:"enterprise,omitzero"`
	Extension   string             `json:"extension,omitempty" example:"101"`
	Originator  string             `json:"originator,omitempty"`
	Caller      string             `json:"caller,omitempty"`
	Number      string             `json:"number" example:"49301234567" doc:"E.164 digits without plus; of a private call without the last"`
	Class       tollgate.Class     `json:"class,omitempty" example:"domestic"`
	Destination string             `json:"destination,omitempty" example:"Berlin"`
	Private     bool               `json:"private"`
	Trunk       string             `json:"trunk,omitempty"`
	Payer       tollgate.ID        `json:"payer,omitzero" doc:"the account that pays"`
	PaidBy      tollgate.PayerRule `json:"paid_by,omitempty"`
	Tariff      tollgate.ID        `json:"tariff,omitzero"`
	Rule        string             `json:"rule,omitempty" doc:"the call rule that fitted"`
	Started     time.Time          `json:"started"`
	Answered    *time.Time         `json:"answered,omitempty" doc:"absent: it rings"`
	Seconds     int64              `json:"seconds" doc:"talk time held so far"`
	Affords     int64              `json:"affords" example:"1260" doc:"talk time that the money lasts for in all, when last asked, in seconds; 0: without end"`
	Unlimited   bool               `json:"unlimited"`
	Final       bool               `json:"final" doc:"the money ends at seconds"`
	Currency    tollgate.Currency  `json:"currency,omitempty" example:"EUR"`
	Reserved    amount             `json:"reserved" doc:"held for it"`
	Price       amount             `json:"price" doc:"so far"`
	Left        amount             `json:"left" doc:"can be spent beyond what is held, when last asked"`
	Cancellable bool               `json:"cancellable" doc:"its device can end it"`
}

func (s *server) listCalls(ctx context.Context, _ *struct{}) (*reply[list[LiveCall]], error) {
	names, err := s.deviceNames(ctx)
	if err != nil {
		return nil, err
	}
	p := who(ctx)
	return listOf(s.Live(p.Enterprise), func(c *tollgate.LiveCall) LiveCall {
		if !p.May(access.ReadHouse) {
			c.Trunk = ""
		}
		return LiveCall{
			ID: c.Call.UniqueID, Device: names[c.Call.Device], Leg: c.Call.Leg, Enterprise: c.Enterprise,
			Extension: c.Extension, Originator: c.Originator, Caller: c.Caller, Number: shownNumber(&c.Number),
			Class: c.Number.Class, Destination: c.Number.Destination, Private: c.Number.Private, Trunk: c.Trunk,
			Payer: c.Payer, PaidBy: c.PaidBy, Tariff: c.Tariff, Rule: c.Rule, Started: c.Started,
			Answered: optional(c.Answered), Seconds: wholeSeconds(c.Granted), Affords: wholeSeconds(c.Affords),
			Unlimited: c.Unlimited, Final: c.Final, Currency: c.Currency, Reserved: amount{c.Reserved},
			Price: amount{c.Price}, Left: amount{c.Left}, Cancellable: c.Cancellable,
		}
	}), nil
}

// deviceNames names every device: whoever may see a call may see where it was made.
func (s *server) deviceNames(ctx context.Context) (map[tollgate.ID]string, error) {
	devices, err := s.Store.Devices(ctx, store.Everything)
	names := make(map[tollgate.ID]string, len(devices))
	for i := range devices {
		names[devices[i].ID] = devices[i].Name
	}
	return names, err
}

// Refusal is a call that was asked for and not allowed.
type Refusal struct {
	At         time.Time          `json:"at"`
	ID         string             `json:"id" doc:"as its device names it"`
	Device     string             `json:"device,omitempty" example:"hq"`
	Enterprise tollgate.ID        `json:"enterprise,omitzero" doc:"absent: the house's"`
	Account    tollgate.ID        `json:"account,omitzero" doc:"that would have paid; absent: none was found"`
	Extension  string             `json:"extension,omitempty"`
	Originator string             `json:"originator,omitempty"`
	Caller     string             `json:"caller,omitempty"`
	Number     string             `json:"number" example:"4930123456" doc:"masked when private"`
	Code       tollgate.ErrorCode `json:"code" example:"no_credit" doc:"no_credit, frozen, forbidden, invalid, not_found, conflict"`
	Reason     string             `json:"reason"`
}

func (s *server) listRefusals(ctx context.Context, _ *struct{}) (*reply[list[Refusal]], error) {
	names, err := s.deviceNames(ctx)
	if err != nil {
		return nil, err
	}
	return listOf(s.Office.Refusals(who(ctx).Enterprise), func(c *charging.Refusal) Refusal {
		return Refusal{
			At: c.At, ID: c.Call.UniqueID, Device: names[c.Call.Device], Enterprise: c.Enterprise, Account: c.Account,
			Extension: c.Extension, Originator: c.Originator, Caller: c.Caller,
			Number: cmp.Or(shownNumber(&c.Number), c.Number.Raw), Code: c.Code, Reason: c.Reason,
		}
	}), nil
}

// shownNumber is a number as everybody may see it.
func shownNumber(n *tollgate.Number) string {
	if n.Private {
		return n.Masked()
	}
	return n.E164
}

type callCancel struct {
	Call   string `path:"id" maxLength:"200" doc:"as GET /calls lists it; a slash is written %2F, a # is written %23"`
	Device string `query:"device" maxLength:"64" example:"hq" doc:"name of the device, where two have a call of that id"`
}

// cancelCall ends a call in progress of the principal's scope. It is done when
// the device says that the call has ended.
func (s *server) cancelCall(ctx context.Context, in *callCancel) (*done, error) {
	p := who(ctx)
	device := tollgate.ID(0)
	if in.Device != "" {
		d, err := s.device(ctx, store.Everything, in.Device)
		if tollgate.CodeOf(err) == tollgate.CodeNotFound { // whether it exists is not everybody's
			return nil, tollgate.Errorf(tollgate.CodeNotFound, "call %q is not in progress", in.Call)
		}
		if err != nil {
			return nil, err
		}
		device = d.ID
	}
	live := slices.DeleteFunc(s.Live(p.Enterprise), func(c tollgate.LiveCall) bool {
		return c.Call.UniqueID != in.Call || device != 0 && c.Call.Device != device
	})
	switch {
	case len(live) == 0:
		return nil, tollgate.Errorf(tollgate.CodeNotFound, "call %q is not in progress", in.Call)
	case live[0].Call.Device != live[len(live)-1].Call.Device:
		return nil, tollgate.Errorf(tollgate.CodeInvalid, "device: two have a call %q, say which", in.Call)
	case s.Cancel == nil || !live[0].Cancellable:
		return nil, tollgate.Errorf(tollgate.CodeConflict, "the device of call %q ends none at our word", in.Call)
	}
	for _, c := range live {
		if err := s.logCancel(ctx, p, &c); err != nil {
			return nil, err
		}
		if err := s.Cancel(ctx, c.Call, causeNormal); err != nil {
			return nil, err
		}
	}
	return &done{}, nil
}

// logCancel says in the operation log who ends a call, before it ends.
func (s *server) logCancel(ctx context.Context, p access.Principal, c *tollgate.LiveCall) error {
	return s.Store.Post(ctx, func(books *store.Posting) error {
		return books.Log(p.Actor(), "hang up call", "call "+c.Call.String(), map[string]any{
			"account": c.Payer, "number": shownNumber(&c.Number), "started": c.Started,
		})
	})
}
