package access

import (
	"errors"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
)

var admin = Principal{Name: "test", Role: RoleAdmin}

// enterprise adds a company and returns its ID.
func (d *door) enterprise(name string) tollgate.ID {
	d.t.Helper()
	a := tollgate.Account{
		Name: name, Kind: tollgate.KindEnterprise, Mode: tollgate.ModePostpaid, Currency: "EUR", Timezone: "UTC",
	}
	d.change(func(c *store.Change) error { return c.PutAccount(&a) })
	return a.ID
}

func TestToken(t *testing.T) {
	d := newDoor(t)
	acme := d.enterprise("Acme")
	ctx := t.Context()
	secret, token, err := d.NewToken(ctx, admin, store.Token{
		Name: "CRM", Role: string(RoleReader), Enterprise: acme, Expires: d.now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(secret, "tg_") || len(secret) != 46 || token.Prefix != secret[:9] {
		t.Errorf("token %q, prefix %q: want tg_ and 43 digits, kept to 6 of them", secret, token.Prefix)
	}
	want := Principal{Name: "token crm", Role: RoleReader, Enterprise: acme, Address: "192.0.2.1"}
	if who, err := d.Token(ctx, secret, "192.0.2.1"); who != want || err != nil {
		t.Errorf("%+v, %v; want %+v", who, err, want)
	}
	kept, err := d.db.Tokens(ctx, store.Everything)
	if err != nil || len(kept) != 1 {
		t.Fatal(kept, err)
	}
	if kept[0].Used.IsZero() || kept[0].Prefix != token.Prefix {
		t.Errorf("kept %+v: want when it was used and how it begins", kept[0])
	}
	log, err := d.db.OperationLog(ctx, store.Everything, store.Paging{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range log.Items {
		if strings.Contains(o.After, secret) || strings.Contains(o.After, fingerprint(secret)) {
			t.Errorf("the operation log shows the token: %s", o.After)
		}
	}
	d.ahead = time.Hour
	if _, err := d.Token(ctx, secret, ""); tollgate.CodeOf(err) != tollgate.CodeUnauthenticated {
		t.Errorf("expired: %v", err)
	}
	d.ahead = 0
	if err := d.Revoke(ctx, admin, token.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Token(ctx, secret, ""); tollgate.CodeOf(err) != tollgate.CodeUnauthenticated {
		t.Errorf("revoked: %v", err)
	}
	if err := d.Revoke(ctx, admin, token.ID); tollgate.CodeOf(err) != tollgate.CodeNotFound {
		t.Errorf("revoked again: %v", err)
	}
}

func TestTokenRules(t *testing.T) {
	d := newDoor(t)
	acme, other := d.enterprise("Acme"), d.enterprise("Other")
	acmeAdmin := Principal{Role: RoleAdmin, Enterprise: acme}
	past := d.now().Add(-time.Second)
	tests := []struct {
		name string
		by   Principal
		t    store.Token
		want tollgate.ErrorCode
	}{
		{"operator", Principal{Role: RoleOperator}, store.Token{Name: "a", Role: "reader"}, tollgate.CodeForbidden},
		{"no such role", admin, store.Token{Name: "a", Role: "root"}, tollgate.CodeInvalid},
		{"no name", admin, store.Token{Role: "reader"}, tollgate.CodeInvalid},
		{"in the past", admin, store.Token{Name: "a", Role: "reader", Expires: past}, tollgate.CodeInvalid},
		{"no such enterprise", admin, store.Token{Name: "a", Role: "reader", Enterprise: 1}, tollgate.CodeInvalid},
		{"of the house, by an enterprise", acmeAdmin, store.Token{Name: "a", Role: "reader"}, tollgate.CodeForbidden},
		{"of another", acmeAdmin, store.Token{Name: "a", Role: "reader", Enterprise: other}, tollgate.CodeForbidden},
		{"of its own", acmeAdmin, store.Token{Name: "a", Role: "admin", Enterprise: acme}, ""},
		{"taken", admin, store.Token{Name: "A", Role: "reader"}, tollgate.CodeConflict},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, token, err := d.NewToken(t.Context(), test.by, test.t)
			if got := tollgate.CodeOf(err); got != test.want {
				t.Fatalf("%v, want code %q", err, test.want)
			}
			if err != nil {
				return
			}
			stranger := Principal{Role: RoleAdmin, Enterprise: other}
			if err := d.Revoke(t.Context(), stranger, token.ID); tollgate.CodeOf(err) != tollgate.CodeNotFound {
				t.Errorf("revoked by another enterprise: %v", err)
			}
		})
	}
}

func TestWrongTokensAreThrottled(t *testing.T) {
	d := newDoor(t)
	secret, _, err := d.NewToken(t.Context(), admin, store.Token{Name: "a", Role: "reader"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range failuresFreeAddress {
		wrong := secret[:len(secret)-1] + "!"
		if i%2 == 0 {
			wrong = "tg_"
		}
		if _, err := d.Token(t.Context(), wrong, "192.0.2.1"); tollgate.CodeOf(err) != tollgate.CodeUnauthenticated {
			t.Fatalf("wrong token %d: %v", i, err)
		}
	}
	_, err = d.Token(t.Context(), "", "192.0.2.1")
	if _, ok := errors.AsType[*Throttled](err); !ok {
		t.Errorf("one more: %v, want *Throttled", err)
	}
	if _, err := d.Token(t.Context(), secret, "192.0.2.1"); err != nil {
		t.Errorf("the right token from there: %v", err)
	}
}

func TestSecretsHaveOneLength(t *testing.T) {
	for _, b := range []string{"\x00", "\x01", "\x7f", "\xff"} {
		got, err := newSecret(strings.NewReader(strings.Repeat(b, secretBytes)))
		if err != nil || len(got) != secretDigits {
			t.Errorf("from %q: %q (%d digits), %v; want %d digits", b, got, len(got), err, secretDigits)
		}
	}
	if _, err := newSecret(strings.NewReader("short")); err == nil {
		t.Error("a source that runs dry made a secret")
	}
}

func TestRenewedToken(t *testing.T) {
	d := newDoor(t)
	ctx := t.Context()
	acme := d.enterprise("Acme")
	first, token, err := d.NewToken(ctx, admin, store.Token{
		Name: "accounting", Role: string(RoleOperator), Enterprise: acme, Expires: d.now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	in := func(secret string) bool {
		t.Helper()
		who, err := d.Token(ctx, secret, "")
		if err != nil && tollgate.CodeOf(err) != tollgate.CodeUnauthenticated {
			t.Fatal(err)
		}
		if err == nil && (who.Enterprise != acme || who.Role != RoleOperator) {
			t.Errorf("a renewed token has other rights: %+v", who)
		}
		return err == nil
	}
	secrets := []string{first}
	for range 40 { // each from the one before
		fresh, err := d.RenewToken(ctx, secrets[len(secrets)-1], "")
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, fresh)
	}
	if !in(first) || !in(secrets[40]) || !in(secrets[39]) || in(secrets[1]) {
		t.Error("the first and the newest renewals come in, the oldest renewals do not")
	}
	kept, err := d.db.Tokens(ctx, store.Scope(acme))
	if err != nil || len(kept) != 17 {
		t.Errorf("%d tokens are kept, %v; want the first and 16 renewals", len(kept), err)
	}
	d.ahead = 50 * time.Minute
	late, err := d.RenewToken(ctx, secrets[40], "")
	if err != nil {
		t.Fatal(err)
	}
	d.ahead = 90 * time.Minute
	if in(first) || !in(late) {
		t.Error("a renewed token lives an hour from its renewal, and the first an hour from when it was made")
	}
	if err := d.Revoke(ctx, admin, token.ID); err != nil {
		t.Fatal(err)
	}
	if in(late) {
		t.Error("a token that is revoked leaves its renewals")
	}
	if _, err := d.RenewToken(ctx, late, ""); tollgate.CodeOf(err) != tollgate.CodeUnauthenticated {
		t.Errorf("renewing a revoked token: %v", err)
	}
}
