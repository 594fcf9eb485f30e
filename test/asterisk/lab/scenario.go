//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Outside is one leg that a scenario must put on the trunk.
type Outside struct {
	Number     string // as the carrier gets it
	Originator string // the extension that put it there and pays
	Journal    string // what the journal alone knows of the originator; empty: the same
	Account    string // account code; empty: any
	Private    bool   //
	Answered   bool   //
}

// Scenario is one thing that people do with a telephone.
type Scenario struct {
	Name string
	Legs []Outside // in order of their beginning; none: nothing goes outside
	run  func(context.Context, *Lab) error
}

// number is the n-th outside number of the scenarios (Ofcom's numbers for drama).
func number(n int) string { return fmt.Sprintf("00442079460%03d", n) }

// Scenarios is the script. Each has its own phones and numbers, so that all
// can run at once.
func Scenarios() []Scenario {
	return slices.Concat(plain(), forwards(), transfers())
}

// talk is how long most people talk.
const talk = 2500 * time.Millisecond

// calls runs SIPp callers at once.
func calls(callers ...Caller) func(context.Context, *Lab) error {
	return func(ctx context.Context, l *Lab) error {
		errs := make([]error, len(callers))
		var all sync.WaitGroup
		for i, c := range callers {
			all.Go(func() { errs[i] = c.Run(ctx, l.PBX) })
		}
		all.Wait()
		return errors.Join(errs...)
	}
}

// planned sets what the number does before the scenario runs.
func planned(number string, what Answer, then func(context.Context, *Lab) error) func(context.Context, *Lab) error {
	return func(ctx context.Context, l *Lab) error {
		l.Plan(number, what)
		return then(ctx, l)
	}
}

// plain are the calls that SIPp alone can make.
func plain() []Scenario {
	out := func(n int, from string) []Outside {
		return []Outside{{Number: number(n), Originator: from, Answered: true}}
	}
	failed := func(number, from string) []Outside { return []Outside{{Number: number, Originator: from}} }
	return []Scenario{
		{"outbound, the caller hangs up", out(1, "1001"), calls(Caller{User: "1001", Number: number(1), Talk: talk})},
		{
			"outbound, the carrier hangs up", out(2, "1002"),
			planned(number(2), Answer{Ring: ring, Talk: talk}, calls(Caller{User: "1002", Number: number(2)})),
		},
		{
			"busy", failed(number(3), "1003"),
			planned(number(3), Answer{Ring: ring, Status: 486}, calls(Caller{User: "1003", Number: number(3), Refuse: 486})),
		},
		{
			"cancelled", failed(number(4), "1004"),
			planned(number(4), NoAnswer(), calls(Caller{User: "1004", Number: number(4), Ring: time.Second})),
		},
		{
			"failover",
			append(failed("99"+number(5), "1005"), out(5, "1005")...),
			planned("99"+number(5), Answer{Status: 503}, calls(Caller{User: "1005", Number: "*2*" + number(5), Talk: talk})),
		},
		{
			"two at once", append(out(6, "1006"), out(7, "1006")...),
			calls(Caller{User: "1006", Number: number(6), Talk: talk}, Caller{User: "1006", Number: number(7), Talk: 2 * talk}),
		},
		{
			"private",
			[]Outside{{Number: number(8), Originator: "1008", Private: true, Answered: true}},
			calls(Caller{User: "1008", Number: "*7*" + number(8), Talk: talk}),
		},
		{
			"account code",
			[]Outside{{Number: number(9), Originator: "1009", Account: "project-4711", Answered: true}},
			calls(Caller{User: "1009", Number: "*9*4711*" + number(9), Talk: talk}),
		},
		{"incoming", nil, calls(Caller{User: "0031201234515", Number: "5551015", Talk: talk, Inward: true})},
		{"internal", nil, calls(Caller{User: "1016", Number: "1017", Talk: talk})},
	}
}

// forwards are calls to an extension that sends them outside, and pays.
func forwards() []Scenario {
	leg := func(number, from string) []Outside {
		return []Outside{{Number: number, Originator: from, Answered: true}}
	}
	inside := func(from, to string) func(context.Context, *Lab) error {
		return calls(Caller{User: from, Number: to, Talk: talk})
	}
	inward := func(to string) func(context.Context, *Lab) error {
		return calls(Caller{User: "003120123" + to, Number: "555" + to, Talk: talk, Inward: true})
	}
	const own = "0044207946" // and the extension
	return []Scenario{
		{"forwarded by the dialplan", leg(own+"1801", "1801"), inside("1010", "1801")},
		{"forwarded by the dialplan, from outside", leg(own+"1802", "1802"), inward("1802")},
		{
			"forwarded by a dialplan that says nothing, from outside",
			[]Outside{{Number: own + "1820", Originator: "1820", Journal: "5551820", Answered: true}},
			inward("1820"),
		},
		{"forwarded through a Local channel", leg(own+"1851", "1851"), inside("1011", "1851")},
		{"forwarded through a Local channel, from outside", leg(own+"1852", "1852"), inward("1852")},
		{"forwarded through a Local channel that stays, from outside", leg(own+"1861", "1861"), inward("1861")},
		{
			"forwarded after no answer", leg(own+"1831", "1831"),
			planned("1031", NoAnswer(), inside("1032", "1831")),
		},
		{
			"forwarded by the phone", leg(number(12), "1012"),
			planned("1012", Answer{Status: 302, Forward: number(12)}, inside("1013", "1012")),
		},
		{
			"forwarded by the phone, from outside", leg(number(14), "1014"),
			planned("1014", Answer{Status: 302, Forward: number(14)}, inward("1014")),
		},
		{
			"a phone and an outside number ring, the phone answers",
			[]Outside{{Number: own + "1843", Originator: "1034"}},
			planned(own+"1843", NoAnswer(), inside("1034", "1843")),
		},
	}
}

// transfers are the calls in which a phone does more than call.
func transfers() []Scenario {
	leg := func(n int, from string) Outside { return Outside{Number: number(n), Originator: from, Answered: true} }
	return []Scenario{
		{
			"blind transfer, out to out",
			[]Outside{leg(20, "1020"), leg(21, "1020")},
			planned(number(21), Answer{Ring: ring, Talk: talk}, func(ctx context.Context, l *Lab) error {
				c, err := l.Phone("1020").Call(ctx, number(20))
				if err != nil {
					return err
				}
				c.wait(talk)
				return c.Transfer(ctx, number(21))
			}),
		},
		{
			"blind transfer, in to out",
			[]Outside{leg(22, "1022")},
			inward("1022", func(ctx context.Context, c *Call) error {
				c.wait(talk / 2)
				return c.Transfer(ctx, number(22))
			}),
		},
		{
			"attended transfer, in to out",
			[]Outside{leg(23, "1023")},
			inward("1023", func(ctx context.Context, c *Call) error {
				other, err := c.ua.Call(ctx, number(23))
				if err != nil {
					return err
				}
				other.wait(talk / 2)
				return c.Join(ctx, other)
			}),
		},
		{
			"attended transfer by key, in to out",
			[]Outside{leg(25, "1035")},
			inward("1035", joinByKey),
		},
		{
			"blind transfer, out to inside",
			[]Outside{leg(30, "1036")},
			planned("1037", Answer{Ring: ring, Talk: talk}, func(ctx context.Context, l *Lab) error {
				c, err := l.Phone("1036").Call(ctx, number(30))
				if err != nil {
					return err
				}
				c.wait(talk / 2)
				return c.Transfer(ctx, "1037")
			}),
		},
		{"attended transfer, out to inside", []Outside{leg(24, "1024")}, outToInside},
		{"attended transfer, out to out", []Outside{leg(26, "1026"), leg(27, "1026")}, outToOut},
		{"click to call", []Outside{leg(28, "1028")}, click("PJSIP/1028", "1028", number(28))},
		{
			"click to call through a Local channel",
			[]Outside{leg(29, "1029")},
			click("Local/1029@from-phone", "1029", number(29)),
		},
	}
}

// inward lets the carrier call an extension, whose phone then does something
// with the call; the caller hangs up after all that.
func inward(extension string, then func(context.Context, *Call) error) func(context.Context, *Lab) error {
	return func(ctx context.Context, l *Lab) error {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		caller := make(chan error, 1)
		go func() {
			c := Caller{User: "003120123" + extension, Number: "555" + extension, Talk: 3 * talk, Inward: true}
			err := c.Run(ctx, l.PBX)
			if err != nil {
				cancel(err)
			}
			caller <- err
		}()
		c, err := l.Phone(extension).Answered(ctx)
		if err == nil {
			err = then(ctx, c)
		}
		return errors.Join(err, <-caller)
	}
}

// joinByKey calls a number by the key of attended transfers, talks with it, and
// connects it with the call.
func joinByKey(ctx context.Context, c *Call) error {
	c.wait(talk / 5)
	if err := c.Press(ctx, "*2"); err != nil {
		return err
	}
	c.wait(talk / 5) // the prompt
	if err := c.Press(ctx, number(25)); err != nil {
		return err
	}
	c.wait(2*time.Second + ring + talk/5) // until no more digit comes; then they talk
	c.Hangup()
	return nil
}

// outToInside calls out, calls a colleague, and connects the two.
func outToInside(ctx context.Context, l *Lab) error {
	l.Plan("1025", Answer{Ring: ring, Talk: talk})
	c, err := l.Phone("1024").Call(ctx, number(24))
	if err != nil {
		return err
	}
	other, err := l.Phone("1024").Call(ctx, "1025")
	if err != nil {
		return err
	}
	other.wait(talk / 2)
	return c.Join(ctx, other)
}

// outToOut calls out twice and connects the two; nobody of the house is left.
func outToOut(ctx context.Context, l *Lab) error {
	l.Plan(number(27), Answer{Ring: ring, Talk: talk})
	c, err := l.Phone("1026").Call(ctx, number(26))
	if err != nil {
		return err
	}
	other, err := l.Phone("1026").Call(ctx, number(27))
	if err != nil {
		return err
	}
	other.wait(talk / 2)
	return c.Join(ctx, other)
}

// click rings a phone through a channel, then calls the number for it.
func click(channel, extension, number string) func(context.Context, *Lab) error {
	return func(ctx context.Context, l *Lab) error {
		said, err := l.CLI(ctx, "channel originate "+channel+" extension "+number+"@from-phone")
		if err != nil {
			return fmt.Errorf("originate: %w: %s", err, said)
		}
		c, err := l.Phone(extension).Answered(ctx)
		if err != nil {
			return err
		}
		c.wait(talk + ring)
		c.Hangup()
		return nil
	}
}

// Run runs one scenario until no one talks any more.
func (s Scenario) Run(ctx context.Context, l *Lab) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := s.run(ctx, l); err != nil {
		return fmt.Errorf("%s on %s: %w", s.Name, l.Name, err)
	}
	return nil
}

// RunAll runs all scenarios, begun a little apart, and returns when every call
// has ended.
func (l *Lab) RunAll(ctx context.Context) error {
	scenarios := Scenarios()
	errs := make([]error, len(scenarios))
	var all sync.WaitGroup
	for i, s := range scenarios {
		all.Go(func() {
			time.Sleep(time.Duration(i) * 100 * time.Millisecond)
			errs[i] = s.Run(ctx, l)
		})
	}
	all.Wait()
	return errors.Join(append(errs, l.Quiet(ctx))...)
}
