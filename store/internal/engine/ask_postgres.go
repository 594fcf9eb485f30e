package engine

import "github.com/jackc/pgx/v5"

// Question is a query; Row is told each of its rows, and asks nothing itself.
type Question struct {
	Text string
	Args []any
	Row  func(Scanner) error
}

// Ask asks questions in one trip to the server. It is PostgreSQL's.
func (t *Tx) Ask(questions ...Question) error {
	if err := t.catchUp(); err != nil {
		return err
	}
	var batch pgx.Batch
	for _, q := range questions {
		batch.Queue(q.Text, q.Args...)
	}
	return t.pgx(func(c *pgx.Conn) error {
		results := c.SendBatch(t.ctx, &batch)
		for _, q := range questions {
			if err := answered(results, q); err != nil {
				_ = results.Close() // it would say the same again
				return err
			}
		}
		return results.Close()
	})
}

// answered reads the next answer.
func answered(results pgx.BatchResults, q Question) error {
	rows, err := results.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := q.Row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
