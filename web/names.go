package web

import (
	"context"
	"net/http"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/view"
)

// names returns the names in force and reads them anew when they changed.
func (s *site) names(ctx context.Context) (*view.Names, error) {
	version, err := s.Store.ConfigVersion(ctx)
	if err != nil {
		return nil, err
	}
	if n := s.known.Load(); n != nil && n.Version == version {
		return n, nil
	}
	d, err := s.Store.Directory(ctx)
	if err != nil {
		return nil, err
	}
	n := view.NewNames(d)
	s.known.Store(n)
	return n, nil
}

// reader is a request with what nearly every page needs to answer it.
type reader struct {
	names *view.Names
	told  view.Clockwork
	house bool // may see what calls cost
	scope store.Scope
}

func (s *site) reader(r *http.Request, who access.Principal) (*reader, error) {
	n, err := s.names(r.Context())
	if err != nil {
		return nil, err
	}
	return &reader{
		names: n, told: view.Clockwork{Zone: s.zone(n, who), Now: s.Now()},
		house: who.May(access.ReadHouse), scope: who.Scope(),
	}, nil
}

// callsOf says how the calls of an account are found: those of a company are
// its users' and gateways' too.
func (v *reader) callsOf(account tollgate.ID) (store.Scope, tollgate.ID) {
	a := v.names.Accounts[account]
	if a == nil || a.ID != a.Enterprise || v.scope != store.Everything && v.scope != store.Scope(a.ID) {
		return v.scope, account
	}
	return store.Scope(a.ID), 0
}

// rows makes the views of calls.
func (v *reader) rows(calls []tollgate.CDR) []view.Call {
	out := make([]view.Call, len(calls))
	for i := range calls {
		out[i] = view.NewCall(&calls[i], v.names, v.told, v.house)
	}
	return out
}

// id reads the id in the path.
func pathID(r *http.Request) (tollgate.ID, error) {
	var id tollgate.ID
	if err := id.UnmarshalText([]byte(r.PathValue("id"))); err != nil {
		return 0, tollgate.Errorf(tollgate.CodeNotFound, "there is no page %s", r.URL.Path)
	}
	return id, nil
}
