package api

import (
	"context"
	"slices"

	"tollgate"
	"tollgate/rating"
	"tollgate/store"
)

// Tariff is a rate group or billing table without its rates.
type Tariff struct {
	ID       tollgate.ID `json:"id" example:"48230118400001"`
	Revision int64       `json:"revision" doc:"grows with every change of the tariff or its rates"`
	TariffForm
}

// TariffForm is what can be said about a tariff.
type TariffForm struct {
	Enterprise       tollgate.ID               `json:"enterprise,omitzero" doc:"whose it is; absent: the house's"`
	Name             string                    `json:"name" minLength:"1" maxLength:"200" example:"retail"`
	Description      string                    `json:"description,omitempty" maxLength:"2000"`
	Currency         tollgate.Currency         `json:"currency" maxLength:"12" example:"EUR"`
	Timezone         string                    `json:"timezone" maxLength:"64" example:"Europe/Berlin" doc:"of peak windows and holidays"`
	Per              int64                     `json:"per" minimum:"1" example:"60" doc:"seconds a price is for"`
	Decimals         int                       `json:"decimals" minimum:"0" maximum:"6" example:"6" doc:"of the amount"`
	Rounding         tollgate.Rounding         `json:"rounding,omitempty" enum:"half_up,half_even,up,down" default:"half_up" doc:"of the amount, once"`
	DurationRounding tollgate.DurationRounding `json:"duration_rounding,omitempty" enum:"up,nearest,down" default:"up" doc:"of the duration to whole seconds, once"`
	Grace            int64                     `json:"grace,omitempty" minimum:"0" doc:"seconds; a call not longer is free"`
	MinCharge        string                    `json:"min_charge,omitempty" maxLength:"32" doc:"smallest charge of an answered call"`
	MaxCharge        string                    `json:"max_charge,omitempty" maxLength:"32" doc:"largest charge of a call"`
	Default          Rate                      `json:"default" doc:"what a rate inherits and what numbers without a rate cost; without prefix, number and class"`
	Peak             Peak                      `json:"peak,omitzero"`
	DefaultCustomer  bool                      `json:"default_customer,omitempty" doc:"prices customers that have no tariff of their own"`
}

// Peak is when the peak price applies.
type Peak struct {
	From     string   `json:"from,omitempty" example:"08:00" doc:"HH:MM; absent: never"`
	To       string   `json:"to,omitempty" example:"18:00" doc:"HH:MM; before from: past midnight"`
	Weekend  []string `json:"weekend,omitempty" nullable:"false" maxItems:"7" example:"[\"saturday\",\"sunday\"]" doc:"days that are off-peak throughout"`
	Holidays []string `json:"holidays,omitempty" nullable:"false" maxItems:"400" example:"[\"12-25\",\"easter_monday\"]" doc:"MM-DD, YYYY-MM-DD, easter_monday, good_friday, or a calendar such as de or de-by"`
}

func tariffView(t *tollgate.Tariff) Tariff {
	return Tariff{
		ID: t.ID, Revision: t.Revision,
		TariffForm: TariffForm{
			Enterprise: t.Enterprise, Name: t.Name, Description: t.Description, Currency: t.Currency,
			Timezone: t.Timezone, Per: t.Per, Decimals: t.Decimals, Rounding: t.Rounding,
			DurationRounding: t.DurationRounding, Grace: t.Grace, MinCharge: t.MinCharge,
			MaxCharge: t.MaxCharge, Default: rateView(&t.Default), Peak: Peak(t.Peak),
			DefaultCustomer: t.DefaultCustomer,
		},
	}
}

func (f *TariffForm) tariff(id tollgate.ID) tollgate.Tariff {
	return tollgate.Tariff{
		ID: id, Enterprise: f.Enterprise, Name: f.Name, Description: f.Description, Currency: f.Currency,
		Timezone: f.Timezone, Per: f.Per, Decimals: f.Decimals, Rounding: f.Rounding,
		DurationRounding: f.DurationRounding, Grace: f.Grace, MinCharge: f.MinCharge,
		MaxCharge: f.MaxCharge, Default: f.Default.rate(), Peak: tollgate.PeakWindow(f.Peak),
		DefaultCustomer: f.DefaultCustomer,
	}
}

func (s *server) listTariffs(ctx context.Context, _ *struct{}) (*reply[list[Tariff]], error) {
	found, err := s.Store.Tariffs(ctx, who(ctx).Scope())
	if err != nil {
		return nil, err
	}
	return listOf(found, tariffView), nil
}

// tariff finds a tariff of the principal's scope.
func (s *server) tariff(ctx context.Context, tariff tollgate.ID) (tollgate.Tariff, error) {
	found, err := s.Store.Tariffs(ctx, who(ctx).Scope())
	if err != nil {
		return tollgate.Tariff{}, err
	}
	i := slices.IndexFunc(found, func(t tollgate.Tariff) bool { return t.ID == tariff })
	if i < 0 {
		return tollgate.Tariff{}, tollgate.Errorf(tollgate.CodeNotFound, "tariff %d does not exist", tariff)
	}
	return found[i], nil
}

func (s *server) getTariff(ctx context.Context, in *Named) (*reply[Tariff], error) {
	t, err := s.tariff(ctx, in.ID.ID)
	if err != nil {
		return nil, err
	}
	return &reply[Tariff]{Body: tariffView(&t)}, nil
}

func (s *server) createTariff(ctx context.Context, in *reply[TariffForm]) (*reply[Tariff], error) {
	return s.putTariff(ctx, "create tariff", in.Body.tariff(0), nil)
}

type tariffUpdate struct {
	Named
	Body TariffForm
}

func (s *server) updateTariff(ctx context.Context, in *tariffUpdate) (*reply[Tariff], error) {
	if _, err := s.tariff(ctx, in.ID.ID); err != nil {
		return nil, err
	}
	decks, err := s.Store.Decks(ctx, in.ID.ID)
	if err != nil {
		return nil, err
	}
	return s.putTariff(ctx, "update tariff", in.Body.tariff(in.ID.ID), decks)
}

// putTariff stores a tariff that compiles with its decks; another is refused
// with what is wrong, so that no call ever meets it.
func (s *server) putTariff(
	ctx context.Context, action string, t tollgate.Tariff, decks []tollgate.Deck,
) (*reply[Tariff], error) {
	if _, err := rating.Compile(t, decks); err != nil {
		return nil, asInvalid(err)
	}
	var stored tollgate.Tariff
	err := s.Store.Change(ctx, who(ctx).Actor(), action, func(c *store.Change) error {
		stored = t
		return c.PutTariff(&stored)
	})
	if err != nil {
		return nil, err
	}
	return &reply[Tariff]{Body: tariffView(&stored)}, nil
}

func (s *server) deleteTariff(ctx context.Context, in *Named) (*done, error) {
	if _, err := s.tariff(ctx, in.ID.ID); err != nil {
		return nil, err
	}
	return s.change(ctx, "delete tariff", func(c *store.Change) error { return c.DeleteTariff(in.ID.ID) })
}
