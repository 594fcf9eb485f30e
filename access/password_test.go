package access

import (
	"crypto/rand"
	"strings"
	"testing"

	"tollgate"
)

func TestPasswordVerifies(t *testing.T) {
	h := newHasher(rand.Reader)
	hash, err := h.hash("correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=65536,t=3,p=4$") {
		t.Errorf("hash %q: want a PHC string with the costs of RFC 9106", hash)
	}
	tests := []struct {
		name, hash, password string
		want                 bool
	}{
		{"right", hash, "correct horse battery", true},
		{"wrong", hash, "correct horse batterY", false},
		{"empty", hash, "", false},
		{"nobody", "", "correct horse battery", false},
		{"too long", hash, strings.Repeat("x", passwordBytesMax+1), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := h.verify(test.hash, test.password)
			if err != nil || got != test.want {
				t.Errorf("verify: %v, %v; want %v", got, err, test.want)
			}
		})
	}
	again, err := h.hash("correct horse battery")
	if err != nil || again == hash {
		t.Errorf("two hashes of one password: want different salts (err %v)", err)
	}
}

// TestPasswordKnown pins the derivation to what the reference program prints:
// echo -n "password" | argon2 somesalt -id -t 2 -m 16 -p 1 -l 32.
func TestPasswordKnown(t *testing.T) {
	const known = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	got, err := newHasher(rand.Reader).verify(known, "password")
	if err != nil || !got {
		t.Errorf("verify: %v, %v; want true", got, err)
	}
}

func TestPasswordRules(t *testing.T) {
	tests := []struct {
		name, password string
		ok             bool
	}{
		{"eleven", strings.Repeat("a", 11), false},
		{"twelve of one kind", strings.Repeat("a", 12), true},
		{"twelve characters, not bytes", strings.Repeat("ü", 12), true},
		{"eleven characters in more bytes", strings.Repeat("ü", 11), false},
		{"longest", strings.Repeat("a", passwordBytesMax), true},
		{"too long", strings.Repeat("a", passwordBytesMax+1), false},
		{"not text", strings.Repeat("\xff", 12), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := checkPassword(test.password)
			if (err == nil) != test.ok {
				t.Errorf("%v, want accepted %v", err, test.ok)
			}
			if err != nil && tollgate.CodeOf(err) != tollgate.CodeInvalid {
				t.Errorf("code %s, want invalid", tollgate.CodeOf(err))
			}
		})
	}
}

func TestDamagedHashes(t *testing.T) {
	h := newHasher(rand.Reader)
	for _, hash := range []string{
		"x", "$$$$$", "$argon2i$v=19$m=1,t=1,p=1$AAAA$AAAA", "$argon2id$v=16$m=1,t=1,p=1$AAAA$AAAA",
		"$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=8,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=8,t=1,p=0$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$", "$argon2id$v=19$m=8,t=1,p=1$!$AAAA",
		"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$!",
	} {
		if ok, err := h.verify(hash, "password"); ok || err == nil {
			t.Errorf("verify %q: %v, %v; want an error", hash, ok, err)
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := parsePHC(s)
		if err != nil {
			return
		}
		again, err := parsePHC(h.String())
		if err != nil || again.String() != h.String() {
			t.Errorf("%q reads as %q and that as %q, %v", s, h, again, err)
		}
	})
}
