// Package live is the page of calls in progress: it runs along by server-sent
// events, once a second, and ends calls. Amounts are calculated and written
// here; the browser only puts them in their places and counts seconds.
package live

import "tollgate/web/frame"

// Pages answers the requests; web lists which, and for whom.
type Pages struct{ *frame.Site }
