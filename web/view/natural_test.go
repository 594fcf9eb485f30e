package view

import "testing"

func TestNamesAreOrderedAsPeopleDo(t *testing.T) {
	want := []string{
		"", "10", "Bar", "Room", "Room 01", "Room 1", "Room 2", "Room 2a", "Room 2b", "Room 010", "Room 10", "Room 10 3",
		"Room 10 20", "Room 99999999999999999999", "Room 100000000000000000000", "Rooms", "Übersee",
	}
	for i, a := range want {
		for j, b := range want {
			got, order := CompareNames(a, b), 0
			switch {
			case i < j:
				order = -1
			case i > j:
				order = 1
			}
			if got != order {
				t.Errorf("%q and %q: %d, want %d", a, b, got, order)
			}
		}
	}
}
