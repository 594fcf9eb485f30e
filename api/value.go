package api

import (
	"time"

	"tollgate"
	"tollgate/store"

	"github.com/danielgtaylor/huma/v2"
)

// Formats of text in the OpenAPI document.
const (
	formatID      = "id"
	formatDecimal = "decimal"
)

// id is an ID in a path or query: in JSON and in addresses it is text.
type id struct{ tollgate.ID }

// Schema describes an id.
func (id) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeString, Format: formatID, Pattern: "^[0-9]{1,19}$", PatternDescription: "decimal number",
	}
}

// amount is money as a decimal number in text, so that no reader makes a
// binary fraction of it.
type amount struct{ micro int64 }

// MarshalText writes the amount with six decimals.
func (a amount) MarshalText() ([]byte, error) { return tollgate.AppendMicro(nil, a.micro), nil }

// UnmarshalText reads a decimal number with at most six decimals.
func (a *amount) UnmarshalText(text []byte) error {
	micro, err := tollgate.ParseMicro(string(text))
	a.micro = micro
	return err
}

// Schema describes an amount.
func (amount) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeString, Format: formatDecimal, Pattern: `^-?[0-9]+(\.[0-9]{1,6})?$`,
		PatternDescription: "decimal number with at most six decimals",
	}
}

// optional returns a pointer to t, nil for the zero time.
func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Paging is how a list is read page by page.
type Paging struct {
	Cursor string `query:"cursor" maxLength:"200" doc:"next of the page before; without it the list starts at its beginning"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"rows of a page"`
}

// store is what the store is asked for.
func (p Paging) store() store.Paging { return store.Paging{After: p.Cursor, Rows: p.Limit} }

// Named is a path that ends in an id.
type Named struct {
	ID id `path:"id" doc:"as lists and creations answer it"`
}

// list is a whole list.
type list[T any] struct {
	Items []T `json:"items" nullable:"false"`
}

// page is a part of a list.
type page[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"send it as cursor to read on; absent on the last page"`
}

// pageOf shows a page of the store.
func pageOf[W, V any](p store.Page[W], view func(*W) V) *reply[page[V]] {
	return &reply[page[V]]{Body: page[V]{Items: views(p.Items, view), Next: p.Next}}
}

// listOf shows a whole list.
func listOf[W, V any](words []W, view func(*W) V) *reply[list[V]] {
	return &reply[list[V]]{Body: list[V]{Items: views(words, view)}}
}

func views[W, V any](words []W, view func(*W) V) []V {
	out := make([]V, len(words))
	for i := range words {
		out[i] = view(&words[i])
	}
	return out
}
