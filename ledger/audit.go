package ledger

import (
	"context"

	"tollgate/store"
)

// Audit checks the invariants of the books while they are in use, without
// Run; see store.DB.Audit.
func (b *Book) Audit(ctx context.Context) (store.AuditReport, error) { return b.db.Audit(ctx) }
