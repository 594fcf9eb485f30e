package api

import (
	"context"
	"time"

	"tollgate"
)

// Transfer is one immutable movement of money between two accounts.
type Transfer struct {
	ID       tollgate.ID           `json:"id"`
	Debit    tollgate.ID           `json:"debit" doc:"the account the amount leaves"`
	Credit   tollgate.ID           `json:"credit" doc:"the account it enters"`
	Amount   amount                `json:"amount"`
	Currency tollgate.Currency     `json:"currency" example:"EUR"`
	Kind     tollgate.TransferKind `json:"kind" enum:"charge,recharge,correction,reversal"`
	CDR      tollgate.ID           `json:"cdr,omitzero" doc:"the call it settles"`
	Note     string                `json:"note,omitempty"`
	By       string                `json:"by,omitempty" doc:"the person or token; absent: the system"`
	At       time.Time             `json:"at"`
}

// TransferForm is a recharge or correction to be made.
type TransferForm struct {
	Kind   tollgate.TransferKind `json:"kind" enum:"recharge,correction"`
	Amount amount                `json:"amount" doc:"added to the balance; a correction may be negative"`
	Note   string                `json:"note,omitempty" maxLength:"500" example:"bank transfer of 4 March"`
}

func transferView(t *tollgate.Transfer) Transfer {
	return Transfer{
		ID: t.ID, Debit: t.Debit, Credit: t.Credit, Amount: amount{t.Amount}, Currency: t.Currency,
		Kind: t.Kind, CDR: t.CDR, Note: t.Note, By: t.By, At: t.At,
	}
}

type transferQuery struct {
	Named
	Paging
}

func (s *server) listTransfers(ctx context.Context, q *transferQuery) (*reply[page[Transfer]], error) {
	p := who(ctx)
	if _, err := s.Store.Account(ctx, p.Scope(), q.ID.ID); err != nil {
		return nil, err
	}
	found, err := s.Store.Transfers(ctx, p.Scope(), q.ID.ID, q.store())
	if err != nil {
		return nil, err
	}
	return pageOf(found, transferView), nil
}

type transferRequest struct {
	Named
	Key  string `header:"Idempotency-Key" required:"true" minLength:"8" maxLength:"200" doc:"names this request, so that sending it again books nothing"`
	Body TransferForm
}

func (s *server) createTransfer(ctx context.Context, in *transferRequest) (*reply[Transfer], error) {
	p := who(ctx)
	a, err := s.Store.Account(ctx, p.Scope(), in.ID.ID)
	if err != nil {
		return nil, err
	}
	post := s.Book.Recharge
	if in.Body.Kind == tollgate.TransferCorrection {
		post = s.Book.Correct
	}
	money := tollgate.Money{Micro: in.Body.Amount.micro, Currency: a.Currency}
	t, err := post(ctx, p.Actor(), a.ID, money, in.Body.Note, in.Key)
	if err != nil {
		return nil, err
	}
	return &reply[Transfer]{Body: transferView(&t)}, nil
}
