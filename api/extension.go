package api

import (
	"context"

	"tollgate"
	"tollgate/store"
)

// Extension maps a number on a device to the account that pays for it.
type Extension struct {
	Number string `json:"number" example:"101"`
	ExtensionForm
}

// ExtensionForm is what can be said about an extension.
type ExtensionForm struct {
	Account tollgate.ID `json:"account" example:"48230118400001"`
	Name    string      `json:"name,omitempty" maxLength:"200" example:"Anna Vogel"`
}

func extensionView(e *tollgate.Extension) Extension {
	return Extension{Number: e.Number, ExtensionForm: ExtensionForm{Account: e.Account, Name: e.Name}}
}

type extensionQuery struct {
	DeviceNamed
	Paging
}

func (s *server) listExtensions(ctx context.Context, q *extensionQuery) (*reply[page[Extension]], error) {
	p := who(ctx)
	d, err := s.device(ctx, p.Scope(), q.Device)
	if err != nil {
		return nil, err
	}
	found, err := s.Store.Extensions(ctx, p.Scope(), d.ID, q.store())
	if err != nil {
		return nil, err
	}
	return pageOf(found, extensionView), nil
}

// ExtensionNamed is a path that names an extension of a device.
type ExtensionNamed struct {
	DeviceNamed
	Number string `path:"number" maxLength:"64" example:"101"`
}

type extensionUpdate struct {
	ExtensionNamed
	Body ExtensionForm
}

func (s *server) putExtension(ctx context.Context, in *extensionUpdate) (*reply[Extension], error) {
	p := who(ctx)
	d, err := s.device(ctx, p.Scope(), in.Device)
	if err != nil {
		return nil, err
	}
	if _, err := s.Store.Account(ctx, p.Scope(), in.Body.Account); err != nil {
		return nil, err
	}
	e := tollgate.Extension{
		Device: d.ID, Number: in.Number, Account: in.Body.Account, Name: in.Body.Name,
	}
	if _, err := s.change(ctx, "put extension", func(c *store.Change) error {
		return c.PutExtension(e)
	}); err != nil {
		return nil, err
	}
	return &reply[Extension]{Body: extensionView(&e)}, nil
}

func (s *server) deleteExtension(ctx context.Context, in *ExtensionNamed) (*done, error) {
	d, err := s.device(ctx, who(ctx).Scope(), in.Device)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, "delete extension", func(c *store.Change) error {
		return c.DeleteExtension(d.ID, in.Number)
	})
}
