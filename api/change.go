package api

import (
	"context"

	"tollgate"
	"tollgate/store"
)

// change makes one change that answers with nothing.
func (s *server) change(ctx context.Context, action string, do func(*store.Change) error) (*done, error) {
	if err := s.Store.Change(ctx, who(ctx).Actor(), action, do); err != nil {
		return nil, err
	}
	return &done{}, nil
}

// asInvalid gives an error about the request its code, where it has none.
func asInvalid(err error) error {
	if tollgate.CodeOf(err) == tollgate.CodeInternal {
		return tollgate.Errorf(tollgate.CodeInvalid, "%w", err)
	}
	return err
}
