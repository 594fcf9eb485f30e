package web

import (
	"fmt"
	"net/http"

	"tollgate"
	"tollgate/access"
)

// cdrShowPage is everything about one call.
type cdrShowPage struct {
	page
	Call       callRow
	Exchange   string
	Facts      []fact
	Resolution []fact
}

func (s *site) cdrShow(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	v, err := s.reader(r, who)
	if err != nil {
		return err
	}
	c, err := s.Store.CDR(r.Context(), v.scope, id)
	if err != nil {
		return err
	}
	p := &cdrShowPage{
		page: page{Title: "Call to " + numberText(&c.Number), Section: "Calls"},
		Call: newCallRow(&c, v.names, v.told, v.house),
	}
	p.Facts = callFacts(&c, v)
	p.Resolution = resolutionFacts(&c, v)
	if v.house && c.Exchange != "" && c.Customer.Currency != c.Cost.Currency {
		p.Exchange = fmt.Sprintf("%s %s for 1 %s", c.Exchange, c.Customer.Currency, c.Cost.Currency)
	}
	return s.show(w, r, http.StatusOK, "cdr_show", p)
}

// callFacts is what the device reported.
func callFacts(c *tollgate.CDR, v *reader) []fact {
	zone := v.told.zone
	facts := []fact{
		{Label: "Extension", Value: orDash(c.Extension)},
		{Label: "Caller shown", Value: orDash(c.Caller)},
		{Label: "Dialled", Value: orDash(c.Number.Raw), Mono: true},
		{Label: "Started", Value: instant(c.Start, zone)},
		{Label: "Answered", Value: instant(c.Answer, zone)},
		{Label: "Ended", Value: instant(c.End, zone)},
		{Label: "Duration", Value: durationText(c)},
		{Label: "Cause", Value: causeText(c.Cause)},
		{Label: "Direction", Value: string(c.Direction)},
	}
	if c.Originator != "" && c.Originator != c.Extension {
		facts = append(facts[:1], append([]fact{{Label: "Put through by", Value: c.Originator}}, facts[1:]...)...)
	}
	return facts
}

// resolutionFacts is what was found out about the call.
func resolutionFacts(c *tollgate.CDR, v *reader) []fact {
	facts := []fact{
		{Label: "Number", Value: orDash(numberText(&c.Number)), Mono: true},
		{Label: "Destination", Value: orDash(c.Number.Destination)},
		{Label: "Class", Value: classText(c.Number.Class)},
	}
	payer := fact{Label: "Paid by", Value: "nobody: no rule found an account"}
	if name := v.names.account(c.Payer); name != "" {
		payer.Value, payer.Path = name, "/accounts/"+c.Payer.String()
	}
	facts = append(facts, payer)
	if rule := ruleText(c.PaidBy); rule != "" {
		facts = append(facts, fact{Label: "Found by", Value: rule})
	}
	if c.AccountCode != "" {
		facts = append(facts, fact{Label: "Account code", Value: c.AccountCode, Mono: true})
	}
	if c.Number.Project != "" {
		facts = append(facts, fact{Label: "Project", Value: c.Number.Project, Mono: true})
	}
	if c.Number.Private {
		facts = append(facts, fact{Label: "Private", Value: "yes"})
	}
	if v.house {
		facts = append(facts,
			fact{Label: "Trunk", Value: orDash(c.Trunk), Mono: true},
			fact{Label: "Operator", Value: orDash(v.names.operator(c.Operator))},
			fact{Label: "Device", Value: orDash(v.names.device(c.Call.Device)), Path: devicePath(v, c.Call.Device)})
	}
	return append(facts,
		fact{Label: "Learned from", Value: sourceText(c.Source)},
		fact{Label: "Call", Value: c.Call.String(), Mono: true})
}

func devicePath(v *reader, id tollgate.ID) string {
	if v.names.device(id) == "" {
		return ""
	}
	return "/devices/" + id.String()
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func durationText(c *tollgate.CDR) string {
	if c.Answer.IsZero() {
		return "not answered"
	}
	ms := c.Duration().Milliseconds()
	return fmt.Sprintf("%s (%d.%03d s)", clock(c.Duration()), ms/1000, ms%1000)
}

// causeText names the causes people ask about. (ITU-T Q.850 §2.2.7)
func causeText(c tollgate.Cause) string {
	words := map[tollgate.Cause]string{
		1: "unallocated number", 3: "no route", 16: "normal clearing", 17: "busy", 18: "no response",
		19: "no answer", 21: "rejected", 22: "number changed", 26: "answered elsewhere",
		27: "destination out of order", 28: "incomplete number", 31: "normal", 34: "no circuit free",
		38: "network out of order", 41: "temporary failure", 42: "congestion", 44: "channel unavailable",
		50: "not subscribed", 57: "not allowed", 58: "not available now", 102: "timer expired",
		127: "unspecified",
	}
	if text := words[c]; text != "" {
		return fmt.Sprintf("%d, %s", c, text)
	}
	return fmt.Sprint(int(c))
}

func ruleText(rule tollgate.PayerRule) string {
	switch rule {
	case tollgate.PaidByAccountCode:
		return "the account code of the call"
	case tollgate.PaidByExtension:
		return "the extension"
	case tollgate.PaidByTrunk:
		return "the trunk"
	case tollgate.PaidByDefault:
		return "the device's default account"
	case tollgate.PaidByNobody:
	}
	return ""
}

func sourceText(source tollgate.Source) string {
	switch source {
	case tollgate.SourceAMI:
		return "channel events"
	case tollgate.SourceCEL:
		return "the event journal, after a gap"
	case tollgate.SourceCDR:
		return "the device's own call records"
	case tollgate.SourceImport:
		return "a file"
	case tollgate.SourceHTTP:
		return "a push of the device"
	}
	return string(source)
}
