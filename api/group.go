package api

import (
	"context"
	"slices"

	"tollgate"
	"tollgate/store"
)

// Group is a named set of accounts of one enterprise.
type Group struct {
	ID tollgate.ID `json:"id" example:"48230118400001"`
	GroupForm
}

// GroupForm is what can be said about a group.
type GroupForm struct {
	Enterprise tollgate.ID   `json:"enterprise,omitzero" doc:"whose group it is; absent: the token's; never changes"`
	Name       string        `json:"name" minLength:"1" maxLength:"200" example:"sales"`
	Members    []tollgate.ID `json:"members" nullable:"false" maxItems:"10000" doc:"accounts of the enterprise"`
}

func groupView(g *tollgate.Group) Group {
	return Group{ID: g.ID, GroupForm: GroupForm{Enterprise: g.Enterprise, Name: g.Name, Members: g.Members}}
}

func (s *server) listGroups(ctx context.Context, _ *struct{}) (*reply[list[Group]], error) {
	found, err := s.Store.Groups(ctx, who(ctx).Scope())
	if err != nil {
		return nil, err
	}
	return listOf(found, groupView), nil
}

// group finds a group of the principal's scope.
func (s *server) group(ctx context.Context, id tollgate.ID) (tollgate.Group, error) {
	found, err := s.Store.Groups(ctx, who(ctx).Scope())
	if err != nil {
		return tollgate.Group{}, err
	}
	i := slices.IndexFunc(found, func(g tollgate.Group) bool { return g.ID == id })
	if i < 0 {
		return tollgate.Group{}, tollgate.Errorf(tollgate.CodeNotFound, "group %d does not exist", id)
	}
	return found[i], nil
}

func (s *server) createGroup(ctx context.Context, in *reply[GroupForm]) (*reply[Group], error) {
	p, enterprise := who(ctx), in.Body.Enterprise
	if enterprise == 0 {
		enterprise = p.Enterprise
	}
	if p.Enterprise != 0 && enterprise != p.Enterprise {
		return nil, tollgate.Errorf(tollgate.CodeForbidden, "the group would be another enterprise's")
	}
	return s.putGroup(ctx, "create group", tollgate.Group{
		Enterprise: enterprise, Name: in.Body.Name, Members: in.Body.Members,
	})
}

type groupUpdate struct {
	Named
	Body GroupForm
}

func (s *server) updateGroup(ctx context.Context, in *groupUpdate) (*reply[Group], error) {
	g, err := s.group(ctx, in.ID.ID)
	if err != nil {
		return nil, err
	}
	if in.Body.Enterprise != 0 && in.Body.Enterprise != g.Enterprise {
		return nil, tollgate.Errorf(tollgate.CodeConflict, "a group's enterprise never changes")
	}
	g.Name, g.Members = in.Body.Name, in.Body.Members
	return s.putGroup(ctx, "update group", g)
}

func (s *server) putGroup(ctx context.Context, action string, g tollgate.Group) (*reply[Group], error) {
	var stored tollgate.Group
	_, err := s.change(ctx, action, func(c *store.Change) error {
		stored = g
		stored.Members = append([]tollgate.ID{}, g.Members...)
		return c.PutGroup(&stored)
	})
	if err != nil {
		return nil, err
	}
	return &reply[Group]{Body: groupView(&stored)}, nil
}

func (s *server) deleteGroup(ctx context.Context, in *Named) (*done, error) {
	g, err := s.group(ctx, in.ID.ID)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, "delete group", func(c *store.Change) error { return c.DeleteGroup(g.ID) })
}

// permit gives a permission over a device to an account or a group.
type permit struct {
	Permission string      `json:"permission" enum:"private_call" doc:"private_call: mark calls as private by key code"`
	Account    tollgate.ID `json:"account,omitzero" doc:"a user's account; else group"`
	Group      tollgate.ID `json:"group,omitzero"`
}

func permitView(p *tollgate.Permit) permit {
	return permit{Permission: p.Permission, Account: p.Account, Group: p.Group}
}

func (s *server) listPermits(ctx context.Context, in *DeviceNamed) (*reply[list[permit]], error) {
	scope := who(ctx).Scope()
	d, err := s.device(ctx, scope, in.Device)
	if err != nil {
		return nil, err
	}
	found, err := s.Store.Permits(ctx, scope)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(p tollgate.Permit) bool { return p.Device != d.ID })
	return listOf(found, permitView), nil
}

type permitUpdate struct {
	DeviceNamed
	Body permit
}

func (s *server) putPermit(ctx context.Context, in *permitUpdate) (*done, error) {
	d, err := s.device(ctx, who(ctx).Scope(), in.Device)
	if err != nil {
		return nil, err
	}
	given := tollgate.Permit{
		Permission: in.Body.Permission, Device: d.ID, Account: in.Body.Account, Group: in.Body.Group,
	}
	return s.change(ctx, "give permission", func(c *store.Change) error { return c.PutPermit(given) })
}

type permitNamed struct {
	DeviceNamed
	Permission string `query:"permission" required:"true" enum:"private_call"`
	Account    id     `query:"account" doc:"whose it is; else group"`
	Group      id     `query:"group"`
}

func (s *server) deletePermit(ctx context.Context, in *permitNamed) (*done, error) {
	d, err := s.device(ctx, who(ctx).Scope(), in.Device)
	if err != nil {
		return nil, err
	}
	taken := tollgate.Permit{
		Permission: in.Permission, Device: d.ID, Account: in.Account.ID, Group: in.Group.ID,
	}
	return s.change(ctx, "take permission away", func(c *store.Change) error { return c.DeletePermit(taken) })
}
