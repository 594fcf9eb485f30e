package view

// Entry is a line of the menu.
type Entry struct {
	Label, Path, Icon string
	Current           bool
	Count             string // what waits there; empty: nothing
}

// Notice is one line above the content: what was done, or what to know.
type Notice struct{ Tone, Text string }

// Link is a place to go.
type Link struct{ Label, Path string }

// Pager leads through a list that does not fit on a page.
type Pager struct {
	Text, Back, Next     string
	BackLabel, NextLabel string // empty: of a list with the newest first
}
