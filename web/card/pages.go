// Package card is the pages of calling cards: what is out, and the issue of
// new ones. Numbers and PINs of an issue are in its one answer and nowhere else.
package card

import "tollgate/web/frame"

// Pages answers the requests; web lists which, and for whom.
type Pages struct{ *frame.Site }
