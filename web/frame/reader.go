package frame

import (
	"context"
	"net/http"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/view"
)

// Names returns the names in force and reads them anew when they changed.
func (s *Site) Names(ctx context.Context) (*view.Names, error) {
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

// Reader is a request with what nearly every page needs to answer it.
type Reader struct {
	Names *view.Names
	Told  view.Clockwork
	House bool // may see what calls cost
	Scope store.Scope
}

// Reader reads what a page needs for whom it is shown to.
func (s *Site) Reader(r *http.Request, who access.Principal) (*Reader, error) {
	n, err := s.Names(r.Context())
	if err != nil {
		return nil, err
	}
	return &Reader{
		Names: n, Told: view.Clockwork{Zone: s.zone(n, who), Now: s.Now()},
		House: who.May(access.ReadHouse), Scope: who.Scope(),
	}, nil
}

// zone is where the times of a page are told: the zone of the enterprise that
// somebody belongs to, else the site's.
func (s *Site) zone(n *view.Names, who access.Principal) *time.Location {
	if a := n.Accounts[who.Enterprise]; a != nil && a.Timezone != "" {
		if zone, err := time.LoadLocation(a.Timezone); err == nil {
			return zone
		}
	}
	return s.Zone
}

// CallsOf says how the calls of an account are found: those of a company are
// its users' and gateways' too.
func (v *Reader) CallsOf(account tollgate.ID) (store.Scope, tollgate.ID) {
	a := v.Names.Accounts[account]
	if a == nil || a.ID != a.Enterprise || v.Scope != store.Everything && v.Scope != store.Scope(a.ID) {
		return v.Scope, account
	}
	return store.Scope(a.ID), 0
}

// Rows makes the views of calls.
func (v *Reader) Rows(calls []tollgate.CDR) []view.Call {
	out := make([]view.Call, len(calls))
	for i := range calls {
		out[i] = view.NewCall(&calls[i], v.Names, v.Told, v.House)
	}
	return out
}

// PathID reads the id in the path; CodeNotFound for what is none.
func PathID(r *http.Request) (tollgate.ID, error) {
	var id tollgate.ID
	if err := id.UnmarshalText([]byte(r.PathValue("id"))); err != nil {
		return 0, tollgate.Errorf(tollgate.CodeNotFound, "there is no page %s", r.URL.Path)
	}
	return id, nil
}
