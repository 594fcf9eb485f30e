package api

import (
	"context"
	"time"

	"tollgate"
	"tollgate/batch"
	"tollgate/store"
)

// Account is who pays.
type Account struct {
	ID        tollgate.ID `json:"id" example:"48230118400001"`
	Balance   amount      `json:"balance" doc:"sum of the account's transfers"`
	Reserved  amount      `json:"reserved" doc:"held for calls in progress"`
	Used      amount      `json:"used" doc:"mode quota: what was used in this period"`
	Available amount      `json:"available" doc:"what can still be spent"`
	// PeriodStart is the ledger's: nobody sets it.
	PeriodStart *time.Time `json:"period_start,omitempty" doc:"mode quota: when used last started at 0; absent: never"`
	Created     time.Time  `json:"created"`
	AccountForm
}

// AccountForm is what can be said about an account.
type AccountForm struct {
	Enterprise  tollgate.ID          `json:"enterprise,omitzero" doc:"whose account it is; never changes, and is made for an enterprise"`
	Kind        tollgate.AccountKind `json:"kind" enum:"enterprise,user,gateway,card" doc:"never changes"`
	Mode        tollgate.Mode        `json:"mode" enum:"prepaid,postpaid,quota,parent" doc:"parent: the nearest parent that has money pays"`
	Name        string               `json:"name" minLength:"1" maxLength:"200" example:"Acme GmbH"`
	Parent      tollgate.ID          `json:"parent,omitzero" doc:"the account it belongs to; an enterprise has none"`
	Code        string               `json:"code,omitempty" maxLength:"64" doc:"account code that calls carry"`
	Currency    tollgate.Currency    `json:"currency" maxLength:"12" example:"EUR" doc:"never changes"`
	Tariff      tollgate.ID          `json:"tariff,omitzero" doc:"absent: the enterprise's, then the default customer tariff"`
	Timezone    string               `json:"timezone" maxLength:"64" example:"Europe/Berlin"`
	CreditLimit amount               `json:"credit_limit" required:"false" doc:"how far below zero the balance may go"`
	Allowance   amount               `json:"allowance" required:"false" doc:"mode quota: what may be used in a period"`
	Reset       tollgate.Period      `json:"reset,omitempty" enum:"never,hour,day,week,month" doc:"mode quota: when used starts at 0 again"`
	WeekStart   string               `json:"week_start,omitempty" enum:"sunday,monday,tuesday,wednesday,thursday,friday,saturday" default:"monday" doc:"reset week: the day on which it starts"`
	Bills       tollgate.Billing     `json:"bills,omitempty" enum:"all,private,business" default:"all" doc:"which calls of a user are billed"`
	Business    tollgate.BusinessPay `json:"business,omitempty" enum:"own,enterprise" default:"own" doc:"who pays a user's business calls; private ones the user always pays"`
	LowCredit   amount               `json:"low_credit" required:"false" doc:"warn when less than this is left; 0: never"`
	Frozen      bool                 `json:"frozen" required:"false" doc:"places no calls"`
}

func accountView(a *tollgate.Account) Account {
	return Account{
		ID: a.ID, Created: a.Created,
		Balance: amount{a.Balance}, Reserved: amount{a.Reserved}, Used: amount{a.Used},
		Available: amount{a.Available()}, PeriodStart: optional(a.PeriodStart),
		AccountForm: AccountForm{
			Enterprise: a.Enterprise, Kind: a.Kind, Mode: a.Mode, Name: a.Name, Parent: a.Parent,
			Code: a.Code, Currency: a.Currency, Tariff: a.Tariff, Timezone: a.Timezone,
			CreditLimit: amount{a.CreditLimit}, Allowance: amount{a.Allowance}, Reset: a.Reset,
			WeekStart: batch.Weekday(a.WeekStart), Bills: a.Bills, Business: a.Business,
			LowCredit: amount{a.LowCredit}, Frozen: a.Frozen,
		},
	}
}

// account is what the form says of the account with this ID.
func (f *AccountForm) account(id tollgate.ID) tollgate.Account {
	week, _ := batch.ParseWeekday(f.WeekStart) // the form knows the seven
	return tollgate.Account{
		ID: id, Enterprise: f.Enterprise, Kind: f.Kind, Mode: f.Mode, Name: f.Name, Parent: f.Parent,
		Code: f.Code, Currency: f.Currency, Tariff: f.Tariff, Timezone: f.Timezone,
		CreditLimit: f.CreditLimit.micro, Allowance: f.Allowance.micro, Reset: f.Reset, Frozen: f.Frozen,
		WeekStart: week, Bills: f.Bills, Business: f.Business, LowCredit: f.LowCredit.micro,
	}
}

type accountQuery struct {
	Paging
	Kind   tollgate.AccountKind `query:"kind" enum:"enterprise,user,gateway,card"`
	Parent id                   `query:"parent"`
	Search string               `query:"search" maxLength:"100" doc:"somewhere in name or code"`
}

func (s *server) listAccounts(ctx context.Context, q *accountQuery) (*reply[page[Account]], error) {
	f := store.AccountFilter{Kind: q.Kind, Parent: q.Parent.ID, Search: q.Search}
	found, err := s.Store.Accounts(ctx, who(ctx).Scope(), f, q.store())
	if err != nil {
		return nil, err
	}
	return pageOf(found, accountView), nil
}

func (s *server) getAccount(ctx context.Context, in *Named) (*reply[Account], error) {
	a, err := s.Store.Account(ctx, who(ctx).Scope(), in.ID.ID)
	if err != nil {
		return nil, err
	}
	return &reply[Account]{Body: accountView(&a)}, nil
}

func (s *server) createAccount(ctx context.Context, in *reply[AccountForm]) (*reply[Account], error) {
	return s.putAccount(ctx, "create account", in.Body.account(0))
}

type accountUpdate struct {
	Named
	Body AccountForm
}

func (s *server) updateAccount(ctx context.Context, in *accountUpdate) (*reply[Account], error) {
	before, err := s.Store.Account(ctx, who(ctx).Scope(), in.ID.ID)
	if err != nil {
		return nil, err
	}
	a := in.Body.account(before.ID)
	if a.Enterprise == 0 {
		a.Enterprise = before.Enterprise
	}
	return s.putAccount(ctx, "update account", a)
}

func (s *server) putAccount(ctx context.Context, action string, a tollgate.Account) (*reply[Account], error) {
	var stored tollgate.Account
	err := s.Store.Change(ctx, who(ctx).Actor(), action, func(c *store.Change) error {
		stored = a
		return c.PutAccount(&stored)
	})
	if err != nil {
		return nil, err
	}
	return &reply[Account]{Body: accountView(&stored)}, nil
}

func (s *server) freezeAccount(ctx context.Context, in *Named) (*reply[Account], error) {
	return s.setFrozen(ctx, in.ID.ID, true)
}

func (s *server) unfreezeAccount(ctx context.Context, in *Named) (*reply[Account], error) {
	return s.setFrozen(ctx, in.ID.ID, false)
}

func (s *server) setFrozen(ctx context.Context, id tollgate.ID, frozen bool) (*reply[Account], error) {
	p := who(ctx)
	a, err := s.Store.Account(ctx, p.Scope(), id)
	if err == nil {
		err = p.RequireFreeze(&a)
	}
	if err != nil {
		return nil, err
	}
	action := "unfreeze account"
	if frozen {
		action = "freeze account"
	}
	err = s.Store.Change(ctx, p.Actor(), action, func(c *store.Change) error {
		a, err = c.SetFrozen(p.Scope(), id, frozen)
		return err
	})
	return &reply[Account]{Body: accountView(&a)}, err
}
