package tollgate

import (
	"context"
	"time"
)

// Charger is what a telephone system may ask. Every method is idempotent by
// CallID and safe for concurrent use.
type Charger interface {
	// Authorize asks whether a call may be placed, and holds money for its first
	// seconds. A refusal is a Grant, not an error: an error means that nobody could
	// decide, and the device does what it does when Tollgate is down. Asked again
	// for a call that is not answered yet, it decides anew. CodeConflict in a refusal
	// says that the name is another call's, which is in progress or in the books.
	Authorize(ctx context.Context, attempt Attempt) (Grant, error)
	// Answer says when the called party answered. It may come late, or again.
	Answer(ctx context.Context, call CallID, at time.Time) error
	// Renew asks for more talk time; used is all of it so far, 0 while it rings.
	// CodeNotFound where nothing is known of the call: authorise it.
	Renew(ctx context.Context, call CallID, used time.Duration) (Grant, error)
	// Advise keeps what the network says a call costs.
	Advise(ctx context.Context, call CallID, advice AOC) error
	Finisher
}

// Finisher settles calls that are over.
type Finisher interface {
	// Finish settles finished legs, one or a hundred thousand. Results answer
	// records place by place and are returned only after they are durable. An
	// error means that nothing of the batch is known to be settled: send it again.
	Finish(ctx context.Context, records []Record) ([]Result, error)
}

// Connector follows one device until the context ends. It returns nil then,
// and an error only for what trying again cannot mend.
type Connector interface {
	Run(ctx context.Context, charger Charger) error
}

// Canceler can end a call in progress.
type Canceler interface {
	// Cancel ends a call and returns when it has ended. CodeNotFound if it is not
	// in progress, CodeUnavailable if it could not be ended.
	Cancel(ctx context.Context, call CallID, cause Cause) error
}
