package numbering

import (
	"testing"

	"tollgate"
)

func TestNormaliseRoutePrefix(t *testing.T) {
	t.Run("9 in Britain", func(t *testing.T) {
		check(t, plan(t, tollgate.DialingPlan{Country: "GB", RoutePrefixes: []string{"9"}}), []dialing{
			{"902085551234", "442085551234", domestic, "GB", "London"},
			{"02085551234", "442085551234", domestic, "GB", "London"},
			{"90012125551234", "12125551234", international, "US", ""},
			{"9999", "999", emergency, "GB", ""},
			{"999", "999", emergency, "GB", ""},
			{"9112", "112", emergency, "GB", ""},
			{"9+442085551234", "442085551234", domestic, "GB", ""},
		})
	})
	t.Run("the same number without the setting is left alone", func(t *testing.T) {
		check(t, plan(t, tollgate.DialingPlan{Country: "GB"}), []dialing{{"902085551234", "902085551234", unknown, "", ""}})
		check(t, plan(t, tollgate.DialingPlan{}), []dialing{{"902085551234", "902085551234", unknown, "", ""}})
	})
	t.Run("without a country only the prefix goes", func(t *testing.T) {
		check(t, plan(t, tollgate.DialingPlan{RoutePrefixes: []string{"9"}}), []dialing{
			{"902085551234", "02085551234", unknown, "", ""},
			{"912", "912", unknown, "", ""},
			{"4930123456", "4930123456", international, "DE", "Berlin"},
			{"900442085551234", "442085551234", international, "GB", ""},
		})
	})
	t.Run("0 where national numbers begin with 0", func(t *testing.T) {
		check(t, plan(t, tollgate.DialingPlan{Country: "DE", AreaCode: "30", RoutePrefixes: []string{"0"}}), []dialing{
			{"000493012345", "493012345", local, "DE", ""},
			{"0049301234567", "49301234567", local, "DE", ""}, // the route prefix is not there
			{"00301234567", "49301234567", local, "DE", ""},
			{"0301234567", "49301234567", local, "DE", ""}, // not there either
			{"01234567", "49301234567", local, "DE", ""},
			{"0089123456", "4989123456", domestic, "DE", "Munich"},
			{"0015112345678", "4915112345678", mobile, "DE", ""},
			{"015112345678", "4915112345678", mobile, "DE", ""},
			{"00012125551234", "12125551234", international, "US", ""},
			{"0012125551234", "12125551234", international, "US", ""},
			{"0112", "112", emergency, "DE", ""},
			{"112", "112", emergency, "DE", ""},
			{"0110", "110", emergency, "DE", ""},
			{"01101234", "49301101234", local, "DE", ""}, // begins with 110, and is not 110
			{"0115", "115", domestic, "DE", ""},
			{"0+49301234567", "49301234567", local, "DE", ""},
			{"00", "00", unknown, "", ""},
			{"0", "0", unknown, "", ""},
		})
	})
	t.Run("longest first, once", func(t *testing.T) {
		check(t, plan(t, tollgate.DialingPlan{Country: "ES", RoutePrefixes: []string{"9", "99"}}), []dialing{
			{"99912345678", "34912345678", domestic, "ES", ""},
			{"9912345678", "34912345678", domestic, "ES", ""},
			{"912345678", "34912345678", domestic, "ES", ""}, // without 9 it is too short
		})
	})
	t.Run("extensions", func(t *testing.T) {
		us := tollgate.DialingPlan{Country: "US", AreaCode: "212", RoutePrefixes: []string{"9"}, ExtensionDigitsMax: 4}
		check(t, plan(t, us), []dialing{
			{"1001", "1001", internal, "", "Internal"},
			{"0", "0", internal, "", ""},
			{"9001", "9001", internal, "", ""},
			{"9411", "411", domestic, "US", ""}, // a short code on an outside line
			{"9911", "911", emergency, "US", ""},
			{"911", "911", emergency, "US", ""},
			{"95551234", "12125551234", local, "US", ""},
			{"5551234", "12125551234", local, "US", ""},
			{"+1001", "1001", domestic, "US", ""}, // in no plan, and not an extension
		})
	})
}

// TestNormaliseOutside: what took a trunk is an extension only where one is known.
func TestNormaliseOutside(t *testing.T) {
	known := func(number string) bool { return number == "101" || number == "22834" }
	outside := func(p tollgate.DialingPlan) func(string) tollgate.Number {
		compiled := plan(t, p)
		return func(dialed string) tollgate.Number { return compiled.NormaliseOutside(dialed, known) }
	}
	checkRead(t, outside(tollgate.DialingPlan{
		Country: "DE", AreaCode: "30", RoutePrefixes: []string{"0"}, ExtensionDigitsMax: 5,
	}), []dialing{
		{"11833", "11833", domestic, "DE", "Germany short code"},
		{"011833", "11833", domestic, "DE", "Germany short code"},
		{"11880", "11880", domestic, "DE", "Germany short code"},
		{"22833", "493022833", local, "DE", "Berlin"},
		{"22834", "22834", internal, "", "Internal"},
		{"101", "101", internal, "", "Internal"},
		{"102", "4930102", local, "DE", "Berlin"},
		{"112", "112", emergency, "DE", ""},
		{"0112", "112", emergency, "DE", ""},
		{"00301234567", "49301234567", local, "DE", ""},
	})
	checkRead(t, outside(tollgate.DialingPlan{Country: "DE", ExtensionDigitsMax: 5}), []dialing{
		{"22833", "22833", unknown, "", ""}, // in no plan: a number of the network that has no price of its own
	})
	checkRead(t, outside(tollgate.DialingPlan{
		Country: "US", AreaCode: "212", RoutePrefixes: []string{"9"}, ExtensionDigitsMax: 4,
	}), []dialing{
		{"9411", "411", domestic, "US", ""},
		{"411", "411", domestic, "US", ""},
		{"9911", "911", emergency, "US", ""},
		{"1001", "1001", domestic, "US", ""}, // in no plan, and not an extension
	})
	checkRead(t, outside(tollgate.DialingPlan{ExtensionDigitsMax: 5}), []dialing{
		{"101", "101", internal, "", "Internal"},
		{"11833", "11833", unknown, "", ""},
	})
}
