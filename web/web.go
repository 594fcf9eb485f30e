// Package web is the pages: server-rendered HTML, one stylesheet, one small
// script, and server-sent events for the live ticker. Pages work without the
// script, except that nothing moves. Each page or action is one file,
// noun_verb.go, with a typed struct that holds what the page shows; this file
// lists them all. Everybody sees what their principal's scope lets them see,
// and only the house sees what calls cost it.
package web

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/charging"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/web/view"
)

// Options is what the pages are handed. All but Devices, Zone, Version and Log
// are required.
type Options struct {
	Store   *store.DB
	Book    *ledger.Book
	Office  *charging.Office
	Access  *access.Gate
	Devices func() []tollgate.DeviceStatus // how the connectors are doing; nil: nobody knows
	Zone    *time.Location                 // of times shown to people of no enterprise; nil: UTC
	Now     func() time.Time
	Log     *slog.Logger // nil: silent
	Version string
}

// site is the pages with what they need.
type site struct {
	Options
	assets *view.Assets
	views  *view.Pages
	known  atomic.Pointer[view.Names]
}

// New returns the pages as one handler. It fails only for a fault in the
// embedded templates.
func New(o Options) (http.Handler, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Devices == nil {
		o.Devices = func() []tollgate.DeviceStatus { return nil }
	}
	a, err := view.NewAssets()
	if err != nil {
		return nil, err
	}
	v, err := view.NewPages(a)
	if err != nil {
		return nil, err
	}
	s := &site{Options: o, assets: a, views: v}
	return guard(o.Access.Sessions(s.routes())), nil
}

// routes is every page and action there is.
func (s *site) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /assets/{name}", s.assets.Serve)
	mux.HandleFunc("GET /favicon.ico", s.favicon)

	mux.Handle("GET /setup/{secret}", s.open(s.setupShow))
	mux.Handle("POST /setup/{secret}", s.open(s.setupSave))
	mux.Handle("GET /login", s.open(s.loginShow))
	mux.Handle("POST /login", s.open(s.loginSave))
	mux.Handle("POST /logout", s.open(s.logout))

	mux.Handle("GET /{$}", s.allow(access.ReadCalls, s.overviewShow))
	mux.Handle("GET /live", s.allow(access.ReadCalls, s.overviewLive))
	mux.Handle("GET /cdrs", s.allow(access.ReadCalls, s.cdrList))
	mux.Handle("GET /cdrs.csv", s.allow(access.ReadCalls, s.cdrExport))
	mux.Handle("POST /cdrs/price", s.allow(access.SetTerms, s.cdrPrice))
	mux.Handle("GET /cdrs/{id}", s.allow(access.ReadCalls, s.cdrShow))

	mux.Handle("GET /accounts", s.allow(access.ReadCalls, s.accountList))
	mux.Handle("GET /accounts/new", s.allow(access.SetTerms, s.accountEdit))
	mux.Handle("POST /accounts", s.allow(access.SetTerms, s.accountSave))
	mux.Handle("GET /accounts/{id}", s.allow(access.ReadCalls, s.accountShow))
	mux.Handle("GET /accounts/{id}/edit", s.allow(access.SetTerms, s.accountEdit))
	mux.Handle("POST /accounts/{id}", s.allow(access.SetTerms, s.accountSave))
	mux.Handle("POST /accounts/{id}/recharge", s.allow(access.SetTerms, s.accountRecharge))
	mux.Handle("POST /accounts/{id}/correct", s.allow(access.SetTerms, s.accountCorrect))
	mux.Handle("POST /accounts/{id}/freeze", s.allow(access.Change, s.accountFreeze))

	mux.Handle("GET /tariffs", s.allow(access.ReadHouse, s.tariffList))
	mux.Handle("GET /tariffs/new", s.allow(access.SetTerms, s.tariffEdit))
	mux.Handle("POST /tariffs", s.allow(access.SetTerms, s.tariffSave))
	mux.Handle("GET /tariffs/{id}", s.allow(access.ReadHouse, s.tariffShow))
	mux.Handle("GET /tariffs/{id}/edit", s.allow(access.SetTerms, s.tariffEdit))
	mux.Handle("POST /tariffs/{id}", s.allow(access.SetTerms, s.tariffSave))
	mux.Handle("POST /tariffs/{id}/decks", s.allow(access.SetTerms, s.deckImport))
	mux.Handle("GET /tariffs/{id}/rates.csv", s.allow(access.ReadHouse, s.deckExport))
	mux.Handle("GET /simulator", s.allow(access.ReadCalls, s.simulatorShow))

	mux.Handle("GET /devices", s.allow(access.ReadHouse, s.deviceList))
	mux.Handle("GET /devices/new", s.allow(access.SetTerms, s.deviceEdit))
	mux.Handle("POST /devices", s.allow(access.SetTerms, s.deviceSave))
	mux.Handle("GET /devices/{id}", s.allow(access.ReadHouse, s.deviceShow))
	mux.Handle("GET /devices/{id}/edit", s.allow(access.SetTerms, s.deviceEdit))
	mux.Handle("POST /devices/{id}", s.allow(access.SetTerms, s.deviceSave))
	mux.Handle("POST /devices/{id}/password", s.allow(access.SetTerms, s.devicePassword))
	mux.Handle("POST /devices/{id}/trunks", s.allow(access.SetTerms, s.trunkSave))
	mux.Handle("POST /devices/{id}/trunks/delete", s.allow(access.SetTerms, s.trunkDelete))
	mux.Handle("POST /devices/{id}/extensions", s.allow(access.SetTerms, s.extensionSave))
	mux.Handle("POST /devices/{id}/extensions/delete", s.allow(access.SetTerms, s.extensionDelete))

	mux.Handle("GET /operators", s.allow(access.ReadHouse, s.operatorList))
	mux.Handle("POST /operators", s.allow(access.SetTerms, s.operatorSave))
	mux.Handle("GET /quarantine", s.allow(access.ReadHouse, s.quarantineList))
	mux.Handle("POST /quarantine/replay", s.allow(access.SetTerms, s.quarantineReplay))
	mux.Handle("GET /log", s.allow(access.Administer, s.operationList))
	mux.Handle("GET /log/logins", s.allow(access.Administer, s.loginList))
	mux.Handle("/", s.open(s.nowhere))
	return mux
}

func (s *site) favicon(w http.ResponseWriter, r *http.Request) {
	path, err := s.assets.Path("logo.svg")
	if err != nil {
		http.NotFound(w, r)
		return
	}
	http.Redirect(w, r, path, http.StatusFound)
}

func (s *site) nowhere(_ http.ResponseWriter, r *http.Request) error {
	return tollgate.Errorf(tollgate.CodeNotFound, "there is no page %s", r.URL.Path)
}
