package api

import (
	"context"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
)

// Token is a program's key, without the key.
type Token struct {
	ID      tollgate.ID `json:"id" example:"48230118400001"`
	Begins  string      `json:"begins" example:"tg_3fKx9a" doc:"how the key begins, to tell it from others"`
	Created time.Time   `json:"created"`
	Used    *time.Time  `json:"used,omitempty" doc:"last, to the minute; absent: never"`
	TokenForm
}

// TokenForm is what can be said about a token.
type TokenForm struct {
	Name       string      `json:"name" minLength:"1" maxLength:"64" example:"crm"`
	Role       access.Role `json:"role" enum:"admin,operator,reader"`
	Enterprise tollgate.ID `json:"enterprise,omitzero" doc:"whose rows it sees; absent: all"`
	Expires    *time.Time  `json:"expires,omitempty" doc:"absent: never"`
}

// NewToken is a token with its key.
type NewToken struct {
	Secret string `json:"token" example:"tg_3fKx9a…" doc:"the key; it is not shown again"`
	Token
}

func tokenView(t *store.Token) Token {
	return Token{
		ID: t.ID, Begins: t.Prefix, Created: t.Created, Used: optional(t.Used),
		TokenForm: TokenForm{
			Name: t.Name, Role: access.Role(t.Role), Enterprise: t.Enterprise, Expires: optional(t.Expires),
		},
	}
}

func (s *server) listTokens(ctx context.Context, _ *struct{}) (*reply[list[Token]], error) {
	found, err := s.Store.Tokens(ctx, who(ctx).Scope())
	if err != nil {
		return nil, err
	}
	return listOf(found, tokenView), nil
}

func (s *server) createToken(ctx context.Context, in *reply[TokenForm]) (*reply[NewToken], error) {
	t := store.Token{Name: in.Body.Name, Role: string(in.Body.Role), Enterprise: in.Body.Enterprise}
	if in.Body.Expires != nil {
		t.Expires = in.Body.Expires.UTC()
	}
	secret, t, err := s.Access.NewToken(ctx, who(ctx), t)
	if err != nil {
		return nil, err
	}
	return &reply[NewToken]{Body: NewToken{Secret: secret, Token: tokenView(&t)}}, nil
}

func (s *server) revokeToken(ctx context.Context, in *Named) (*done, error) {
	if err := s.Access.Revoke(ctx, who(ctx), in.ID.ID); err != nil {
		return nil, err
	}
	return &done{}, nil
}
