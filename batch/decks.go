package batch

import (
	"context"
	"io"
	"time"

	"tollgate"
	"tollgate/rating"
	"tollgate/store"
)

// ImportRates makes the rates of a sheet the deck of a tariff from an instant
// on; the zero time is since ever. The deck that begins at the same instant is
// replaced, and what that changes is previewed. A sheet with a refused line, or
// one the tariff cannot be compiled with, changes nothing.
func ImportRates(
	ctx context.Context, db *store.DB, actor store.Actor, tariff string, effective time.Time, r io.Reader,
	dryRun bool,
) (Preview, []Reject, error) {
	rates, rejects, err := ReadRates(r)
	if err != nil || len(rejects) > 0 {
		return Preview{}, rejects, err
	}
	words, err := houseTariff(ctx, db, tariff)
	if err != nil {
		return Preview{}, nil, err
	}
	preview, err := PutDeck(ctx, db, actor, words, effective, rates, dryRun)
	return preview, nil, err
}

// PutDeck is ImportRates for rates that ReadRates has read and a tariff that is
// known already.
func PutDeck(
	ctx context.Context, db *store.DB, actor store.Actor, words tollgate.Tariff, effective time.Time,
	rates []tollgate.Rate, dryRun bool,
) (Preview, error) {
	decks, err := db.Decks(ctx, words.ID)
	if err != nil {
		return Preview{}, err
	}
	deck := tollgate.Deck{Tariff: words.ID, Effective: effective.UTC(), Rates: rates}
	var before []tollgate.Rate
	for _, d := range decks {
		if d.Effective.Equal(deck.Effective) {
			deck.ID, before = d.ID, d.Rates
		}
	}
	if _, err := rating.Compile(words, []tollgate.Deck{deck}); err != nil {
		return Preview{}, tollgate.Errorf(tollgate.CodeInvalid, "tariff %q with these rates: %w", words.Name, err)
	}
	preview, _, err := apply(ctx, db, actor, "import rates", dryRun,
		func(c *store.Change) (Preview, []Reject, error) {
			put := deck
			return compareRates(before, rates), nil, c.PutDeck(&put)
		})
	return preview, err
}

// compareRates says what becomes of each rate of a deck.
func compareRates(before, after []tollgate.Rate) (preview Preview) {
	old := make(map[tollgate.Rate]tollgate.Rate, len(before))
	key := func(r tollgate.Rate) tollgate.Rate {
		return tollgate.Rate{Prefix: r.Prefix, Number: r.Number, Class: r.Class}
	}
	for _, r := range before {
		r.Line = 0
		old[key(r)] = r
	}
	for _, r := range after {
		r.Line = 0
		was, found := old[key(r)]
		preview.count(found, was != r, r.Key()+" "+r.Name)
		delete(old, key(r))
	}
	preview.Removed = len(old)
	for _, r := range before {
		if _, gone := old[key(r)]; gone {
			preview.note("- %s %s", r.Key(), r.Name)
		}
	}
	return preview
}

// tariffNamed finds a tariff of the house with its decks.
func tariffNamed(ctx context.Context, db *store.DB, name string) (tollgate.Tariff, []tollgate.Deck, error) {
	t, err := houseTariff(ctx, db, name)
	if err != nil {
		return t, nil, err
	}
	decks, err := db.Decks(ctx, t.ID)
	return t, decks, err
}

// houseTariff finds a tariff of the house.
func houseTariff(ctx context.Context, db *store.DB, name string) (tollgate.Tariff, error) {
	tariffs, err := db.Tariffs(ctx, store.Everything)
	if err != nil {
		return tollgate.Tariff{}, err
	}
	for _, t := range tariffs {
		if t.Enterprise == 0 && t.Name == name {
			return t, nil
		}
	}
	return tollgate.Tariff{}, tollgate.Errorf(tollgate.CodeNotFound, "no tariff is named %q", name)
}

// ExportRates writes the deck of a tariff that is in force at an instant, so
// that ImportRates reads it back.
func ExportRates(ctx context.Context, db *store.DB, tariff string, at time.Time, w io.Writer) error {
	_, decks, err := tariffNamed(ctx, db, tariff)
	if err != nil {
		return err
	}
	var current *tollgate.Deck
	for i := range decks {
		if !decks[i].Effective.After(at) && (current == nil || decks[i].Effective.After(current.Effective)) {
			current = &decks[i]
		}
	}
	if current == nil {
		return tollgate.Errorf(tollgate.CodeNotFound, "tariff %q has no deck in force at that time", tariff)
	}
	return WriteRates(w, current.Rates)
}

// ImportTariff makes or changes the tariff that a tariff file describes; its
// decks stay. The preview says which.
func ImportTariff(
	ctx context.Context, db *store.DB, actor store.Actor, r io.Reader, standard, dryRun bool,
) (Preview, []Reject, error) {
	words, err := ReadTariff(r)
	if err != nil {
		return Preview{}, nil, err
	}
	words.DefaultCustomer = standard
	before, decks, err := tariffNamed(ctx, db, words.Name)
	found := err == nil
	if err != nil && tollgate.CodeOf(err) != tollgate.CodeNotFound {
		return Preview{}, nil, err
	}
	words.ID = before.ID
	words.DefaultCustomer = words.DefaultCustomer || before.DefaultCustomer
	if _, err := rating.Compile(words, decks); err != nil {
		return Preview{}, nil, tollgate.Errorf(tollgate.CodeInvalid, "tariff %q: %w", words.Name, err)
	}
	return apply(ctx, db, actor, "import tariff", dryRun,
		func(c *store.Change) (preview Preview, _ []Reject, err error) {
			put := words
			preview.count(found, true, "tariff "+words.Name)
			return preview, nil, c.PutTariff(&put)
		})
}
