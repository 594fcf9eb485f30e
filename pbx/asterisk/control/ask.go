package control

import (
	"context"
	"time"

	"tollgate"
)

// ask puts a question about a leg to the charger.
func (c *Control) ask(ctx context.Context, l *live, q question) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Patience)
	defer cancel()
	grant, err := c.put(ctx, q)
	if err != nil {
		if tollgate.CodeOf(err) != tollgate.CodeNotFound {
			c.trouble("asking for talk time", err)
		}
		c.later(l, event{kind: eventFailed, question: q, code: tollgate.CodeOf(err)})
		return
	}
	c.later(l, event{kind: eventGranted, question: q, grant: grant})
}

// put says what is to be said and asks.
func (c *Control) put(ctx context.Context, q question) (tollgate.Grant, error) {
	if q.authorize {
		return c.config.Charger.Authorize(ctx, tollgate.Attempt{
			Call: q.call, Extension: q.leg.Extension, Originator: q.leg.Originator, Caller: q.leg.Caller,
			Dialed: q.leg.Dialed, Sent: true, Trunk: q.leg.Trunk, AccountCode: q.leg.AccountCode, Private: q.leg.Private,
			At: q.leg.Start,
		})
	}
	if !q.answered.IsZero() {
		if err := c.config.Charger.Answer(ctx, q.call, q.answered); err != nil {
			return tollgate.Grant{}, err
		}
	}
	var used time.Duration
	if !q.leg.Answer.IsZero() {
		c.mu.Lock()
		used = max(c.clock().Sub(q.leg.Answer), 0)
		c.mu.Unlock()
	}
	return c.config.Charger.Renew(ctx, q.call, used)
}
