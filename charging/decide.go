package charging

import (
	"fmt"

	"tollgate"
)

// verdict is what is decided about a call beside who pays.
type verdict struct {
	Rule      string          `json:"rule,omitzero"`     // name of the call rule that fits; empty: none
	Tariff    tollgate.ID     `json:"tariff,omitzero"`   // that the rule wants; 0: the payer's own
	Rated     bool            `json:"rated,omitzero"`    // rated only: no account is charged
	Unbilled  bool            `json:"unbilled,omitzero"` // the user's selective billing leaves it out
	NoCredit  tollgate.Action `json:"no_credit,omitzero"`
	Exhausted tollgate.Action `json:"exhausted,omitzero"`
}

// question is a call of which is asked who pays: one that is about to be
// placed and can still be refused, or one that is over and has to be settled.
type question struct {
	*tollgate.CDR
	site  *site
	card  tollgate.ID       // whose PIN was checked; 0: none
	extra map[string]string // variables of the device
	live  bool              // it can still be refused
	say   func(format string, args ...any)
	alert tollgate.AlertKind // what somebody should look at; empty: nothing
}

func (q *question) tell(format string, args ...any) {
	if q.say != nil {
		q.say(format, args...)
	}
}

// decide finds who pays and by which rule. A call that is over is never
// refused: it is paid for as if the wrong part were not there.
func (d *directory) decide(q *question) (v verdict, err error) {
	if q.Number.Private && !d.mayMarkPrivate(q) {
		if q.live {
			return v, tollgate.Errorf(tollgate.CodeForbidden,
				"extension %q may not mark calls as private on device %q: give its account the permission for private calls",
				q.site.liable(q.CDR), q.site.device.Name)
		}
		q.Number.Private, q.alert = false, tollgate.AlertNotPrivate
	}
	if v, err = d.applyRule(q); err != nil || v.Rated {
		return v, err
	}
	if q.Payer == 0 {
		if err := d.findPayer(q); err != nil {
			return v, err
		}
	}
	d.selective(q, &v)
	return v, nil
}

// mayMarkPrivate reports whether the user whose line it is has the permission.
func (d *directory) mayMarkPrivate(q *question) bool {
	return d.private[privateMark{q.site.device.ID, q.site.extensions[q.site.liable(q.CDR)]}]
}

// privateMark is a user who may mark calls of a device as private.
type privateMark struct{ device, account tollgate.ID }

// privateMarks lists who may, with the members of groups.
func privateMarks(permits []tollgate.Permit, groups []tollgate.Group) map[privateMark]bool {
	marks := make(map[privateMark]bool)
	for _, p := range permits {
		if p.Permission != tollgate.PermissionPrivateCall {
			continue
		}
		if p.Account != 0 {
			marks[privateMark{p.Device, p.Account}] = true
		}
		for _, g := range groups {
			if p.Group == 0 || g.ID != p.Group {
				continue
			}
			for _, member := range g.Members {
				marks[privateMark{p.Device, member}] = true
			}
		}
	}
	return marks
}

// applyRule finds the first call rule that fits and does what it says.
func (d *directory) applyRule(q *question) (v verdict, err error) {
	if q.card != 0 {
		return v, nil // a card has terms of its own
	}
	vars := variables{q.CDR, q.extra}
	for _, r := range q.site.rules {
		groups, fits := r.fits(vars)
		if !fits {
			q.tell("Rule %q does not fit.", r.words.Name)
			continue
		}
		q.tell("Rule %q fits.", r.words.Name)
		v = verdict{
			Rule: r.words.Name, Tariff: r.words.Tariff, Rated: !r.words.Charge,
			NoCredit: r.words.NoCredit, Exhausted: r.words.Exhausted,
		}
		if v.Rated {
			q.tell("The call is rated and no account is charged.")
			return v, nil
		}
		return v, d.ruleAccount(q, r, expand(r.words.Account, vars, groups))
	}
	return v, nil
}

// ruleAccount has the account pay whose code the rule came to.
func (d *directory) ruleAccount(q *question, r *rule, code string) error {
	if r.words.Account == "" {
		return nil
	}
	account, err := d.coded(q.site, code)
	switch {
	case err == nil && account != nil:
		q.Payer, q.PaidBy = account.ID, tollgate.PaidByRule
		q.tell("The rule has account code %q pay: %s.", code, account.Name)
		return nil
	case !q.live:
		return nil // who pays otherwise pays
	case err != nil:
		return err
	}
	return tollgate.Errorf(tollgate.CodeForbidden,
		"rule %q has account code %q pay, and no account has it: give one that code, or change the rule", r.words.Name, code)
}

// coded finds the account of a code that the device may charge, nil if there is none.
func (d *directory) coded(s *site, code string) (found *tollgate.Account, err error) {
	if code == "" {
		return nil, nil
	}
	for _, a := range d.codes[code] {
		if !s.serves(a) {
			continue
		}
		if found != nil {
			return nil, tollgate.Errorf(tollgate.CodeInvalid,
				"account code %q is used by two enterprises of this shared device: change one", code)
		}
		found = a
	}
	return found, nil
}

// findPayer tries the payer rules in their order.
func (d *directory) findPayer(q *question) error {
	if card := d.accounts[q.card]; card != nil {
		q.Payer, q.PaidBy = card.ID, tollgate.PaidByCard
		return nil
	}
	byCode, err := d.coded(q.site, q.AccountCode)
	if err != nil {
		return err
	}
	if byCode != nil {
		q.Payer, q.PaidBy = byCode.ID, tollgate.PaidByAccountCode
		return nil
	}
	if id, ok := q.site.extensions[q.site.liable(q.CDR)]; ok {
		q.Payer, q.PaidBy = id, tollgate.PaidByExtension
		d.privateOrBusiness(q)
		return nil
	}
	if trunk := q.site.trunk(q.Trunk); trunk.Account != 0 {
		q.Payer, q.PaidBy = trunk.Account, tollgate.PaidByTrunk
		return nil
	}
	if q.site.device.DefaultAccount != 0 {
		q.Payer, q.PaidBy = q.site.device.DefaultAccount, tollgate.PaidByDefault
	}
	return nil
}

// privateOrBusiness has the user pay for a private call, and the enterprise for
// a business call if the user is set so.
func (d *directory) privateOrBusiness(q *question) {
	user := d.accounts[q.Payer]
	switch {
	case user == nil:
	case q.Number.Private:
		q.PaidBy = tollgate.PaidByPrivate
	case user.Business == tollgate.BusinessEnterprise && d.accounts[user.Enterprise] != nil:
		q.Payer, q.PaidBy = user.Enterprise, tollgate.PaidByBusiness
	}
}

// selective leaves a call out that the user is not to be billed for.
func (d *directory) selective(q *question, v *verdict) {
	user := d.accounts[q.site.extensions[q.site.liable(q.CDR)]]
	switch q.PaidBy {
	case tollgate.PaidByExtension, tollgate.PaidByPrivate, tollgate.PaidByBusiness:
	default:
		user = d.accounts[q.Payer]
	}
	if user == nil {
		return
	}
	v.Unbilled = user.Bills == tollgate.BillPrivate && !q.Number.Private ||
		user.Bills == tollgate.BillBusiness && q.Number.Private
	if v.Unbilled {
		q.tell("Of %s only %s calls are billed: this one is not.", user.Name, user.Bills)
	}
}

// placed says what an attempt is: who, to where, over which line. The number is
// there already.
func (d *directory) placed(a *tollgate.Attempt, c *tollgate.CDR) (*site, error) {
	s := d.sites[a.Call.Device]
	if s == nil {
		return nil, tollgate.Errorf(tollgate.CodeNotFound, "device %d is not known", a.Call.Device)
	}
	if s.broken != nil {
		return s, tollgate.Errorf(tollgate.CodeInvalid,
			"the dialling plan of device %q cannot be used: %v", s.device.Name, s.broken)
	}
	c.Enterprise, c.Call, c.Direction = s.device.Enterprise, a.Call, tollgate.Outbound
	c.Extension, c.Originator, c.Caller = a.Extension, a.Originator, a.Caller
	c.Trunk, c.AccountCode = a.Trunk, a.AccountCode
	c.Start = micros(a.At)
	c.Number.Private = c.Number.Private || a.Private
	if c.AccountCode == "" {
		c.AccountCode = c.Number.Project
	}
	c.Operator = s.trunk(a.Trunk).Operator
	return s, checkAttempt(a, c)
}

// checkAttempt refuses what no call can be.
func checkAttempt(a *tollgate.Attempt, c *tollgate.CDR) error {
	if a.Call.UniqueID == "" || len(a.Call.UniqueID) > uniqueIDBytesMax || a.Call.Leg < 0 {
		return tollgate.Errorf(tollgate.CodeInvalid, "the call's unique id must have 1 to %d bytes", uniqueIDBytesMax)
	}
	for _, field := range [...]string{a.Extension, a.Originator, a.Caller, a.Dialed, a.Trunk, a.AccountCode} {
		if len(field) > fieldBytesMax {
			return tollgate.Errorf(tollgate.CodeInvalid, "a field has more than %d bytes", fieldBytesMax)
		}
	}
	if len(a.Variables) > variablesMax {
		return tollgate.Errorf(tollgate.CodeInvalid, "%d variables: at most %d", len(a.Variables), variablesMax)
	}
	if c.Number.E164 == "" {
		return tollgate.Errorf(tollgate.CodeInvalid, "%q is no telephone number", a.Dialed)
	}
	return nil
}

// variablesMax is how many variables of its own a device may send with a call.
const variablesMax = 100

// frozen names the account that places no calls, the payer or one above it, or "".
func (d *directory) frozen(payer *tollgate.Account) string {
	for a := range d.upward(payer) {
		if a.Frozen {
			return a.Name
		}
	}
	if payer != nil {
		if e := d.accounts[payer.Enterprise]; e != nil && e.Frozen {
			return e.Name
		}
	}
	return ""
}

// chain lists the accounts that need room for a call: the payer and everything
// above it that has money of its own and a limit, in the tariff's currency.
func (d *directory) chain(payer *tollgate.Account, currency tollgate.Currency) ([]tollgate.ID, error) {
	var ids []tollgate.ID
	_, purse := d.purse(payer)
	for a := range d.upward(payer) {
		if a.Mode == tollgate.ModeParent || !a.Limited() {
			continue
		}
		if a.Currency != currency {
			if a.ID != purse && a.Mode != tollgate.ModeQuota {
				continue // it does not pay for the call itself
			}
			return nil, tollgate.Errorf(tollgate.CodeInvalid,
				"tariff is in %s but account %q in %s: give the account a tariff in its own currency",
				currency, a.Name, a.Currency)
		}
		ids = append(ids, a.ID)
	}
	return ids, nil
}

// short says whose money does not suffice. One above who pays is not charged,
// but its limit bounds all below it together.
func (d *directory) short(payer, short tollgate.ID, left tollgate.Money) *tollgate.Error {
	why := ""
	if quota, purse := d.purse(d.accounts[payer]); short != quota && short != purse {
		why = ", and its limit bounds all accounts below it"
	}
	return tollgate.Errorf(tollgate.CodeNoCredit, "%s has %s left%s", d.nameOf(short), left, why)
}

// limited reports whether anybody who would pay can run out of money.
func (d *directory) limited(payer *tollgate.Account) bool {
	for a := range d.upward(payer) {
		if a.Mode != tollgate.ModeParent && a.Limited() {
			return true
		}
	}
	return false
}

// nameOf is an account in words.
func (d *directory) nameOf(id tollgate.ID) string {
	if a := d.accounts[id]; a != nil {
		return fmt.Sprintf("%q", a.Name)
	}
	return "account " + id.String()
}

// tariffName is a tariff in words.
func (d *directory) tariffName(id tollgate.ID) string {
	if t := d.tariffs[id]; t != nil {
		return fmt.Sprintf("%q", t.words.Name)
	}
	return id.String()
}
