package tollgate

import "context"

// Charger is what a telephone system may ask. Every method is idempotent by
// CallID and safe for concurrent use.
type Charger interface {
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
