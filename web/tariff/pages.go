// Package tariff is the pages of tariffs and their decks of rates.
package tariff

import "tollgate/web/frame"

// Pages answers the requests; web lists which, and for whom.
type Pages struct{ *frame.Site }
