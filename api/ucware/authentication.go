package ucware

import (
	"context"

	"tollgate"
)

// authentication is the class that UCware's clients renew their token with.
func (s *server) authentication() class {
	return class{
		name: "api-user-Authentication", paths: []string{"user/authentication", "admin/authentication", "authentication"},
		summary: "The token that a program comes with.", open: true,
		about: []string{
			"The first token is made by an administrator on the page of users and tokens, or by tollgate token add." +
				" An operator's token may use every method of this reference, a reader's only those that change nothing." +
				" A token of one enterprise sees and changes its own calls alone.",
		},
		methods: []method{
			{
				name: "getToken", summary: "Get a fresh token for the current one.",
				about: []string{
					"It has the same rights, and lives as long from now as the current one did when it was made; a token without" +
						" an end has none either. The current one stays valid until its end. Of the tokens that came from one, the" +
						" newest 16 are kept, and revoking the first revokes them all.",
				},
				returns:  "The token, as text.",
				examples: []example{{"", `[]`, `"tg_4pX…"`}},
				run: func(ctx context.Context, c *call) (any, error) {
					return s.Access.RenewToken(ctx, c.secret, c.who.Address)
				},
			},
			{
				name: "validateToken", summary: "Say whether the token is valid.", open: true,
				about:    []string{"It is the one method that answers without a valid token."},
				returns:  "true or false.",
				examples: []example{{"", `[]`, `true`}},
				run: func(_ context.Context, c *call) (any, error) {
					if tollgate.CodeOf(c.denied) == tollgate.CodeUnauthenticated {
						return false, nil
					}
					return true, c.denied
				},
			},
		},
	}
}
