package ledger

import (
	"context"

	"tollgate"
	"tollgate/store"
)

// Operation is what waits for a commit.
type Operation = operation

// The operations, as the methods of Book make them once what they were given
// is sound.
func OpSettle(s []Settlement) *Operation { return &operation{settle: s} }
func OpHold(h Hold) *Operation           { return &operation{hold: &h} }
func OpRelease(enterprise, id tollgate.ID) *Operation {
	return &operation{release: &store.Reservation{Enterprise: enterprise, ID: id}}
}

// Together commits operations in one commit, in their order.
func (b *Book) Together(ctx context.Context, operations ...*Operation) {
	for _, o := range operations {
		o.ctx, o.done = ctx, make(chan struct{})
	}
	b.commit(operations)
}

// Answer is what the caller of an operation was told.
func Answer(o *Operation) ([]tollgate.Result, Held, bool, error) {
	return o.answer.results, o.answer.held, o.answer.done, o.answer.err
}
