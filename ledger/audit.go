package ledger

import (
	"context"

	"tollgate/store/audit"
)

// Audit checks the invariants of the books while they are in use, without
// Run; see package audit.
func (b *Book) Audit(ctx context.Context) (audit.Report, error) { return audit.Run(ctx, b.db) }
