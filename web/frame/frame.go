// Package frame is what all pages share: who may open one, what stands around
// it, how a form is saved, how an error is shown, and what a reader may see.
package frame

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/charging"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/web/view"
)

// Options is what the pages are handed. Devices, Live, Cancel, Zone, Version and
// Log may be left out.
type Options struct {
	Store   *store.DB
	Book    *ledger.Book
	Office  *charging.Office
	Access  *access.Gate
	Devices func() []tollgate.DeviceStatus // how the connectors are doing; nil: nobody knows
	// Live lists the calls in progress of an enterprise, 0 for all, oldest first;
	// nil: those of Office. Pages look through Site.Calls.
	Live func(owner tollgate.ID) []tollgate.LiveCall
	// Cancel ends a call in progress: see tollgate.Canceler; nil: no page can.
	Cancel  func(ctx context.Context, call tollgate.CallID, cause tollgate.Cause) error
	Zone    *time.Location // of times shown to people of no enterprise; nil: UTC
	Now     func() time.Time
	Log     *slog.Logger // nil: silent
	Version string
}

// Site is the pages with what they need.
type Site struct {
	Options
	Assets    *view.Assets
	Views     *view.Pages
	known     atomic.Pointer[view.Names]
	board     switchboard
	tally     tally
	followers followers
}

// New makes a site. It fails only for a fault in the embedded templates.
func New(o Options) (*Site, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Devices == nil {
		o.Devices = func() []tollgate.DeviceStatus { return nil }
	}
	if o.Live == nil {
		o.Live = o.Office.Live
	}
	a, err := view.NewAssets()
	if err != nil {
		return nil, err
	}
	v, err := view.NewPages(a)
	if err != nil {
		return nil, err
	}
	return &Site{Options: o, Assets: a, Views: v}, nil
}
