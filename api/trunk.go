package api

import (
	"context"

	"tollgate"
	"tollgate/store"
)

// Trunk maps a line into the public network to its operator.
type Trunk struct {
	Name string `json:"name" example:"PJSIP/provider"`
	TrunkForm
}

// TrunkForm is what can be said about a trunk.
type TrunkForm struct {
	Operator tollgate.ID `json:"operator,omitzero" example:"48230118400001" doc:"absent: its calls have no cost side"`
	Account  tollgate.ID `json:"account,omitzero" doc:"gateway billing: pays for what takes this trunk"`
}

func trunkView(t *tollgate.Trunk) Trunk {
	return Trunk{Name: t.Name, TrunkForm: TrunkForm{Operator: t.Operator, Account: t.Account}}
}

func (s *server) listTrunks(ctx context.Context, in *DeviceNamed) (*reply[list[Trunk]], error) {
	p := who(ctx)
	d, err := s.device(ctx, p.Scope(), in.Device)
	if err != nil {
		return nil, err
	}
	all, err := s.Store.Trunks(ctx, p.Scope())
	if err != nil {
		return nil, err
	}
	var found []tollgate.Trunk
	for _, t := range all {
		if t.Device == d.ID {
			found = append(found, t)
		}
	}
	return listOf(found, trunkView), nil
}

// TrunkNamed is a path that names a trunk of a device.
type TrunkNamed struct {
	DeviceNamed
	Trunk string `path:"trunk" maxLength:"200" example:"PJSIP%2Fprovider"`
}

type trunkUpdate struct {
	TrunkNamed
	Body TrunkForm
}

func (s *server) putTrunk(ctx context.Context, in *trunkUpdate) (*reply[Trunk], error) {
	d, err := s.device(ctx, who(ctx).Scope(), in.Device)
	if err != nil {
		return nil, err
	}
	t := tollgate.Trunk{
		Device: d.ID, Name: in.Trunk, Operator: in.Body.Operator, Account: in.Body.Account,
	}
	if _, err := s.change(ctx, "put trunk", func(c *store.Change) error { return c.PutTrunk(t) }); err != nil {
		return nil, err
	}
	return &reply[Trunk]{Body: trunkView(&t)}, nil
}

func (s *server) deleteTrunk(ctx context.Context, in *TrunkNamed) (*done, error) {
	d, err := s.device(ctx, who(ctx).Scope(), in.Device)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, "delete trunk", func(c *store.Change) error { return c.DeleteTrunk(d.ID, in.Trunk) })
}
