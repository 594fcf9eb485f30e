package ledger

import (
	"context"

	"tollgate"
	"tollgate/store/audit"
)

// Audit checks the invariants of the books while they are in use, without
// Run; see package audit. It needs books that were opened with New.
func (b *Book) Audit(ctx context.Context) (audit.Report, error) {
	if b.db == nil {
		return audit.Report{}, tollgate.Errorf(tollgate.CodeInvalid, "these books have no audit")
	}
	if err := b.CatchUp(ctx); err != nil {
		return audit.Report{}, err
	}
	return audit.Run(ctx, b.db)
}
