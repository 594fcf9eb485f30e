// Package account is the pages of who pays: accounts, their money and terms.
package account

import "tollgate/web/frame"

// Pages answers the requests; web lists which, and for whom.
type Pages struct{ *frame.Site }
