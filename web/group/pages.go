// Package group is the pages of groups: sets of a company's users that
// permissions are given to.
package group

import (
	"net/http"
	"slices"

	"tollgate"
	"tollgate/access"
	"tollgate/web/frame"
)

// Pages answers the requests; web lists which, and for whom.
type Pages struct{ *frame.Site }

// find returns the group of the path.
func (s Pages) find(r *http.Request, who access.Principal) (tollgate.Group, error) {
	id, err := frame.PathID(r)
	if err != nil {
		return tollgate.Group{}, err
	}
	groups, err := s.Store.Groups(r.Context(), who.Scope())
	if err != nil {
		return tollgate.Group{}, err
	}
	i := slices.IndexFunc(groups, func(g tollgate.Group) bool { return g.ID == id })
	if i < 0 {
		return tollgate.Group{}, tollgate.Errorf(tollgate.CodeNotFound, "group %d does not exist", id)
	}
	return groups[i], nil
}

func path(id tollgate.ID) string { return "/groups/" + id.String() }
