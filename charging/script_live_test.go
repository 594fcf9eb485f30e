package charging

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tollgate"
	"tollgate/store"
)

func (s *script) actor() store.Actor { return store.Actor{Name: "script"} }

// rule adds a call rule to a device.
func (s *script) rule(c *store.Change, device, name string, o map[string]string) error {
	action := func(text string) tollgate.Action {
		kind, what, _ := strings.Cut(text, ":")
		a := tollgate.Action{Kind: tollgate.ActionKind(kind)}
		if a.Kind == tollgate.ActionTransfer {
			a.Target = what
		} else {
			a.Sound = what
		}
		return a
	}
	_, rated := o["rated"]
	r := tollgate.CallRule{
		Name: name, Charge: !rated, Account: o["account"],
		NoCredit: action(o["nocredit"]), Exhausted: action(o["exhausted"]),
	}
	if o["tariff"] != "" {
		r.Tariff = s.tariffs[o["tariff"]].ID
	}
	if o["match"] != "" {
		r.Conditions = append(r.Conditions, tollgate.Condition{Pattern: o["match"]})
	}
	if variable, pattern, ok := strings.Cut(o["where"], "~"); ok {
		r.Conditions = append(r.Conditions, tollgate.Condition{Variable: variable, Pattern: pattern})
	}
	d := s.devices[device]
	d.Rules = append(d.Rules, r)
	return c.PutDevice(d, "")
}

// live runs one line about a call in progress.
func (s *script) live(word string, args []string) {
	s.t.Helper()
	o := options(args)
	_, sent := o["sent"]
	id := tollgate.CallID{Device: s.devices[s.first].ID, UniqueID: o["id"]}
	ctx := s.t.Context()
	var err error
	switch word {
	case "clock":
		if s.swept.IsZero() && !s.clock.IsZero() {
			s.swept = s.clock
		}
		if after, relative := strings.CutPrefix(args[0], "+"); relative {
			s.clock = s.clock.Add(s.duration(after))
		} else {
			s.clock = s.instant(args[0])
		}
	case "authorize":
		s.grant, s.refuse = s.office.Authorize(ctx, tollgate.Attempt{
			Call: id, Extension: o["ext"], Originator: o["ext"], Dialed: o["to"], Trunk: o["trunk"],
			AccountCode: o["code"], Card: s.cardID(o["card"]), Caller: o["caller"], Sent: sent,
		})
	case "answer":
		err = s.office.Answer(ctx, id, s.now())
	case "renew":
		s.grant, s.refuse = s.office.Renew(ctx, id, s.duration(o["used"]))
	case "finish":
		err = s.finish(id, o)
	case "recharge":
		var micro int64
		if micro, err = tollgate.ParseMicro(args[1]); err == nil {
			_, err = s.office.book.Recharge(ctx, s.actor(), s.accounts[args[0]].ID,
				tollgate.Money{Micro: micro, Currency: "EUR"}, "", "")
		}
	case "restart":
		s.office = newOffice(s.t, s.db, s.now)
	case "sweep":
		err = s.office.sweep(ctx, s.now().Sub(s.swept))
		s.swept = s.now()
	}
	if err != nil {
		s.t.Fatalf("%s: %v", s.place, err)
	}
}

func (s *script) cardID(name string) tollgate.ID {
	if a := s.accounts[name]; a != nil {
		return a.ID
	}
	return 0
}

func (s *script) duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatalf("%s: %v", s.place, err)
	}
	return d
}

// finish reports the end of a call: leg= is the trunk's own id of it.
func (s *script) finish(id tollgate.CallID, o map[string]string) error {
	r := tollgate.Record{
		Call: id, Source: tollgate.SourceAMI, Direction: tollgate.Outbound, Extension: o["ext"],
		Originator: o["ext"], Dialed: o["to"], Trunk: o["trunk"], Start: s.now(), End: s.now(), Cause: 16,
	}
	if o["leg"] != "" {
		r.Call.UniqueID, r.Attempt = o["leg"], id.UniqueID
	}
	if o["talk"] != "" {
		r.Answer = s.now().Add(-s.duration(o["talk"]))
		r.Start = r.Answer.Add(-5 * time.Second)
	}
	results, err := s.office.Finish(context.Background(), []tollgate.Record{r})
	if err != nil {
		return err
	}
	s.result, s.cdr = results[0], tollgate.CDR{}
	if s.result.CDR != 0 {
		s.stored()
	}
	return nil
}

// standing says how an account stands.
func (s *script) standing(name string) string {
	a, err := s.db.Account(s.t.Context(), store.Everything, s.accounts[name].ID)
	if err != nil {
		s.t.Fatalf("%s: %v", s.place, err)
	}
	if a.Mode == tollgate.ModeQuota {
		return fmt.Sprintf("account %s used %s held %s", name, short(a.Used), short(a.Reserved))
	}
	return fmt.Sprintf("account %s has %s held %s", name, short(a.Balance), short(a.Reserved))
}

// short is an amount without the zeros that say nothing.
func short(micro int64) string {
	return strings.TrimSuffix(strings.TrimRight(tollgate.FormatMicro(micro), "0"), ".")
}

// describeGrant says what the last question was answered.
func (s *script) describeGrant() string {
	g := &s.grant
	switch {
	case s.refuse != nil:
		return fmt.Sprintf("failed %s", tollgate.CodeOf(s.refuse))
	case !g.Allowed:
		return fmt.Sprintf("refused %s, %s: %s", g.Code, describeAction(g.Then), g.Reason)
	case g.Unlimited:
		return "granted without limit"
	}
	text := fmt.Sprintf("granted %s", g.For)
	if g.Final {
		text += ", then " + describeAction(g.Then)
	} else {
		text += fmt.Sprintf(", ask at %s", g.RenewAt)
	}
	text += fmt.Sprintf(", lasts %s", g.Affords)
	if g.Warn {
		text += ", warn"
	}
	return text
}

func describeAction(a tollgate.Action) string {
	switch a.Kind {
	case tollgate.ActionTransfer:
		return "transfer to " + a.Target
	case tollgate.ActionAnnounce:
		return fmt.Sprintf("announce %s and hang up %d", a.Sound, a.Cause)
	case tollgate.ActionAlert:
		return "alert"
	case tollgate.ActionHangup:
	}
	return fmt.Sprintf("hang up %d", a.Cause)
}
