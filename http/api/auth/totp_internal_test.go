package auth

import (
	"testing"
	"time"
)

// TOTPCode is the code of a base32 secret at a time, for tests of the interface.
func TOTPCode(secret string, at time.Time) string {
	raw, err := base32Text.DecodeString(secret)
	if err != nil {
		panic(err)
	}
	return totpCode(raw, at.Unix()/totpPeriod)
}

// TestRFC6238 has the vectors of appendix B for SHA-1, the last six of eight digits.
func TestRFC6238(t *testing.T) {
	t.Parallel()
	secret := []byte("12345678901234567890")
	for at, code := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		if got := totpCode(secret, at/totpPeriod); got != code[2:] {
			t.Errorf("at %d: %s, want %s", at, got, code[2:])
		}
	}
}

func TestWhichStepsAreGood(t *testing.T) {
	t.Parallel()
	secret := []byte("12345678901234567890")
	now := time.Unix(1234567890, 0)
	present := now.Unix() / totpPeriod
	for offset, good := range map[int64]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		if got := totpStep(secret, totpCode(secret, present+offset), now); (got == present+offset) != good || (got == 0) == good {
			t.Errorf("%d steps away: %d", offset, got-present)
		}
	}
	for _, code := range []string{"", "00000", "0000000", "abcdef"} {
		if totpStep(secret, code, now) != 0 {
			t.Errorf("%q is good", code)
		}
	}
}
