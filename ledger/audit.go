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
	return audit.Run(ctx, b.db)
}
