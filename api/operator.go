package api

import (
	"context"

	"tollgate"
	"tollgate/store"
)

// Operator is a carrier: what a call costs us.
type Operator struct {
	ID tollgate.ID `json:"id" example:"48230118400001"`
	OperatorForm
}

// OperatorForm is what can be said about an operator.
type OperatorForm struct {
	Name   string      `json:"name" minLength:"1" maxLength:"200" example:"Carrier One"`
	Tariff tollgate.ID `json:"tariff,omitzero" doc:"what it takes; absent: its calls have no cost side"`
}

func operatorView(o *tollgate.Operator) Operator {
	return Operator{ID: o.ID, OperatorForm: OperatorForm{Name: o.Name, Tariff: o.Tariff}}
}

func (s *server) listOperators(ctx context.Context, _ *struct{}) (*reply[list[Operator]], error) {
	found, err := s.Store.Operators(ctx, who(ctx).Scope())
	if err != nil {
		return nil, err
	}
	return listOf(found, operatorView), nil
}

func (s *server) createOperator(ctx context.Context, in *reply[OperatorForm]) (*reply[Operator], error) {
	return s.putOperator(ctx, "create operator", 0, in.Body)
}

type operatorUpdate struct {
	Named
	Body OperatorForm
}

func (s *server) updateOperator(ctx context.Context, in *operatorUpdate) (*reply[Operator], error) {
	return s.putOperator(ctx, "update operator", in.ID.ID, in.Body)
}

func (s *server) putOperator(
	ctx context.Context, action string, id tollgate.ID, f OperatorForm,
) (*reply[Operator], error) {
	var stored tollgate.Operator
	_, err := s.change(ctx, action, func(c *store.Change) error {
		stored = tollgate.Operator{ID: id, Name: f.Name, Tariff: f.Tariff}
		return c.PutOperator(&stored)
	})
	if err != nil {
		return nil, err
	}
	return &reply[Operator]{Body: operatorView(&stored)}, nil
}

func (s *server) deleteOperator(ctx context.Context, in *Named) (*done, error) {
	return s.change(ctx, "delete operator", func(c *store.Change) error { return c.DeleteOperator(in.ID.ID) })
}
