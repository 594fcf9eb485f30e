// Package web is the pages: server-rendered HTML, one stylesheet, one small
// script, and server-sent events for the live ticker. Pages work without the
// script, except that nothing moves. Each page or action is one file,
// noun_verb.go, with a typed struct that holds what the page shows; what all
// share is in frame, and subjects with many pages are packages of their own.
// This file lists them all. Everybody sees what their principal's scope lets them see,
// and only the house sees what calls cost it.
package web

import (
	"net/http"

	"tollgate"
	"tollgate/access"
	"tollgate/web/account"
	"tollgate/web/card"
	"tollgate/web/device"
	"tollgate/web/frame"
	"tollgate/web/group"
	"tollgate/web/live"
	"tollgate/web/tariff"
)

// Options is what the pages are handed.
type Options = frame.Options

// site is the pages that have no package of their own.
type site struct{ *frame.Site }

// New returns the pages as one handler. It fails only for a fault in the
// embedded templates.
func New(o Options) (http.Handler, error) {
	f, err := frame.New(o)
	if err != nil {
		return nil, err
	}
	return frame.Guard(o.Access.Sessions(site{f}.routes())), nil
}

// routes is every page and action there is.
func (s site) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /assets/{name}", s.Assets.Serve)
	mux.HandleFunc("GET /favicon.ico", s.favicon)

	mux.Handle("GET /setup/{secret}", s.Open(s.setupShow))
	mux.Handle("POST /setup/{secret}", s.Open(s.setupSave))
	mux.Handle("GET /login", s.Open(s.loginShow))
	mux.Handle("POST /login", s.Open(s.loginSave))
	mux.Handle("POST /logout", s.Open(s.logout))

	s.calls(mux)
	s.payers(mux)
	s.prices(mux)
	s.systems(mux)
	mux.Handle("GET /alerts", s.Allow(access.ReadCalls, s.alertList))
	mux.Handle("GET /quarantine", s.Allow(access.ReadHouse, s.quarantineList))
	mux.Handle("POST /quarantine/replay", s.Allow(access.SetTerms, s.quarantineReplay))
	mux.Handle("GET /log", s.Allow(access.Administer, s.operationList))
	mux.Handle("GET /log/logins", s.Allow(access.Administer, s.loginList))
	mux.Handle("/", s.Open(s.nowhere))
	return mux
}

// calls is the pages of calls, in progress and over.
func (s site) calls(mux *http.ServeMux) {
	calls := live.Pages{Site: s.Site}
	mux.Handle("GET /{$}", s.Allow(access.ReadCalls, s.overviewShow))
	mux.Handle("GET /live", s.Follow(access.ReadCalls, s.overviewLive))
	mux.Handle("GET /calls", s.Allow(access.ReadCalls, calls.List))
	mux.Handle("GET /calls/live", s.Follow(access.ReadCalls, calls.Stream))
	mux.Handle("GET /calls/refused", s.Allow(access.ReadCalls, calls.Refused))
	mux.Handle("POST /calls/hangup", s.Allow(access.Change, calls.Hangup))
	mux.Handle("GET /cdrs", s.Allow(access.ReadCalls, s.cdrList))
	mux.Handle("GET /cdrs.csv", s.Allow(access.ReadCalls, s.cdrExport))
	mux.Handle("POST /cdrs/price", s.Allow(access.SetTerms, s.cdrPrice))
	mux.Handle("POST /cdrs/charge", s.Allow(access.SetTerms, s.cdrCharge))
	mux.Handle("GET /cdrs/{id}", s.Allow(access.ReadCalls, s.cdrShow))
}

// payers is the pages of who pays.
func (s site) payers(mux *http.ServeMux) {
	accounts, groups, cards := account.Pages{Site: s.Site}, group.Pages{Site: s.Site}, card.Pages{Site: s.Site}
	mux.Handle("GET /accounts", s.Allow(access.ReadCalls, accounts.List))
	mux.Handle("GET /accounts/new", s.Allow(access.SetTerms, accounts.Edit))
	mux.Handle("POST /accounts", s.Allow(access.SetTerms, accounts.Save))
	mux.Handle("GET /accounts/{id}", s.Allow(access.ReadCalls, accounts.Show))
	mux.Handle("GET /accounts/{id}/live", s.Follow(access.ReadCalls, accounts.Follow))
	mux.Handle("GET /accounts/{id}/edit", s.Allow(access.SetTerms, accounts.Edit))
	mux.Handle("POST /accounts/{id}", s.Allow(access.SetTerms, accounts.Save))
	mux.Handle("POST /accounts/{id}/recharge", s.Allow(access.SetTerms, accounts.Recharge))
	mux.Handle("POST /accounts/{id}/correct", s.Allow(access.SetTerms, accounts.Correct))
	mux.Handle("POST /accounts/{id}/used", s.Allow(access.SetTerms, accounts.Used))
	mux.Handle("POST /accounts/{id}/freeze", s.Allow(access.Change, accounts.Freeze))

	mux.Handle("GET /groups", s.Allow(access.ReadCalls, groups.List))
	mux.Handle("POST /groups", s.Allow(access.SetTerms, groups.Add))
	mux.Handle("GET /groups/{id}", s.Allow(access.ReadCalls, groups.Show))
	mux.Handle("POST /groups/{id}/members", s.Allow(access.SetTerms, groups.Member))
	mux.Handle("POST /groups/{id}/leave", s.Allow(access.SetTerms, groups.Leave))
	mux.Handle("POST /groups/{id}/delete", s.Allow(access.SetTerms, groups.Delete))

	mux.Handle("GET /cards", s.Allow(access.ReadCalls, cards.List))
	mux.Handle("GET /cards/new", s.Allow(access.SetTerms, cards.New))
	mux.Handle("POST /cards", s.Allow(access.SetTerms, cards.Issue))
	mux.Handle("POST /cards/{id}/unlock", s.Allow(access.Change, cards.Unlock))
	mux.Handle("POST /cards/{id}/block", s.Allow(access.Change, cards.Block))
}

// prices is the pages of what calls cost.
func (s site) prices(mux *http.ServeMux) {
	tariffs := tariff.Pages{Site: s.Site}
	mux.Handle("GET /tariffs", s.Allow(access.ReadHouse, tariffs.List))
	mux.Handle("GET /tariffs/new", s.Allow(access.SetTerms, tariffs.Edit))
	mux.Handle("POST /tariffs", s.Allow(access.SetTerms, tariffs.Save))
	mux.Handle("GET /tariffs/{id}", s.Allow(access.ReadHouse, tariffs.Show))
	mux.Handle("GET /tariffs/{id}/edit", s.Allow(access.SetTerms, tariffs.Edit))
	mux.Handle("POST /tariffs/{id}", s.Allow(access.SetTerms, tariffs.Save))
	mux.Handle("POST /tariffs/{id}/decks", s.Allow(access.SetTerms, tariffs.DeckImport))
	mux.Handle("GET /tariffs/{id}/rates.csv", s.Allow(access.ReadHouse, tariffs.DeckExport))
	mux.Handle("GET /simulator", s.Allow(access.ReadCalls, s.simulatorShow))
	mux.Handle("GET /operators", s.Allow(access.ReadHouse, s.operatorList))
	mux.Handle("POST /operators", s.Allow(access.SetTerms, s.operatorSave))
}

// systems is the pages of telephone systems.
func (s site) systems(mux *http.ServeMux) {
	devices := device.Pages{Site: s.Site}
	mux.Handle("GET /devices", s.Allow(access.ReadHouse, devices.List))
	mux.Handle("GET /devices/new", s.Allow(access.SetTerms, devices.Edit))
	mux.Handle("POST /devices", s.Allow(access.SetTerms, devices.Save))
	mux.Handle("GET /devices/{id}", s.Allow(access.ReadHouse, devices.Show))
	mux.Handle("GET /devices/{id}/edit", s.Allow(access.SetTerms, devices.Edit))
	mux.Handle("POST /devices/{id}", s.Allow(access.SetTerms, devices.Save))
	mux.Handle("POST /devices/{id}/password", s.Allow(access.SetTerms, devices.Password))
	mux.Handle("POST /devices/{id}/trunks", s.Allow(access.SetTerms, devices.TrunkSave))
	mux.Handle("POST /devices/{id}/trunks/delete", s.Allow(access.SetTerms, devices.TrunkDelete))
	mux.Handle("POST /devices/{id}/extensions", s.Allow(access.SetTerms, devices.ExtensionSave))
	mux.Handle("POST /devices/{id}/extensions/delete", s.Allow(access.SetTerms, devices.ExtensionDelete))

	mux.Handle("POST /devices/{id}/permits", s.Allow(access.SetTerms, devices.PermitSave))
	mux.Handle("POST /devices/{id}/permits/delete", s.Allow(access.SetTerms, devices.PermitDelete))
	mux.Handle("GET /devices/{id}/rules/new", s.Allow(access.SetTerms, devices.RuleEdit))
	mux.Handle("GET /devices/{id}/rules/{at}", s.Allow(access.SetTerms, devices.RuleEdit))
	mux.Handle("POST /devices/{id}/rules", s.Allow(access.SetTerms, devices.RuleSave))
	mux.Handle("POST /devices/{id}/rules/move", s.Allow(access.SetTerms, devices.RuleMove))
	mux.Handle("POST /devices/{id}/rules/delete", s.Allow(access.SetTerms, devices.RuleDelete))
}

func (s site) favicon(w http.ResponseWriter, r *http.Request) {
	path, err := s.Assets.Path("logo.svg")
	if err != nil {
		http.NotFound(w, r)
		return
	}
	http.Redirect(w, r, path, http.StatusFound)
}

func (s site) nowhere(_ http.ResponseWriter, r *http.Request) error {
	return tollgate.Errorf(tollgate.CodeNotFound, "there is no page %s", r.URL.Path)
}
