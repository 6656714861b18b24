package user

import (
	"testing"
	"time"

	"entrepot"
)

func token(hash string, good time.Duration) *Token {
	return &Token{MailID: entrepot.DeriveID("mail", hash), Hash: []byte(hash), Sealed: []byte("sealed"), Until: start.Add(good).UnixMilli()}
}

func TestRequestProof(t *testing.T) {
	t.Parallel()
	const hidden, bad = entrepot.CodeNotFound, entrepot.CodeInvalid
	off := func(s *State) { s.IsActive = false }
	verified := func(s *State) { s.EmailVerified = true }
	asked := func(s *State) { s.Reset = &proof{At: start.UnixMilli() - 59_000} }
	long := func(s *State) { s.Reset = &proof{At: start.UnixMilli() - 60_000} }
	for name, c := range map[string]struct {
		caller entrepot.Caller
		is     func(*State)
		cmd    RequestProof
		want   entrepot.Code
	}{
		"to verify, the user":            {self, nil, RequestProof{Purpose: ToVerifyEmail, Token: token("h", time.Hour)}, ""},
		"to verify, another":             {super, nil, RequestProof{Purpose: ToVerifyEmail, Token: token("h", time.Hour)}, hidden},
		"to verify again":                {self, verified, RequestProof{Purpose: ToVerifyEmail, Token: token("h", time.Hour)}, entrepot.CodeConflict},
		"to verify, while resetting":     {self, asked, RequestProof{Purpose: ToVerifyEmail, Token: token("h", time.Hour)}, ""},
		"to reset, the platform":         {platform, verified, RequestProof{Purpose: ToResetPassword, Token: token("h", time.Hour)}, ""},
		"to reset, the user":             {self, nil, RequestProof{Purpose: ToResetPassword, Token: token("h", time.Hour)}, hidden},
		"to reset, an admin":             {super, nil, RequestProof{Purpose: ToResetPassword, Token: token("h", time.Hour)}, hidden},
		"to reset a disabled account":    {platform, off, RequestProof{Purpose: ToResetPassword, Token: token("h", time.Hour)}, entrepot.CodeForbidden},
		"to reset again, at once":        {platform, asked, RequestProof{Purpose: ToResetPassword, Token: token("h", time.Hour)}, entrepot.CodeRateLimited},
		"to reset again, a minute later": {platform, long, RequestProof{Purpose: ToResetPassword, Token: token("h", time.Hour)}, ""},
		"to change, the user":            {self, nil, RequestProof{Purpose: ToChangeEmail, Email: "new@example.com", Token: token("h", time.Hour)}, ""},
		"to change, an admin":            {super, nil, RequestProof{Purpose: ToChangeEmail, Email: "new@example.com", Token: token("h", time.Hour)}, hidden},
		"to change, the platform":        {platform, nil, RequestProof{Purpose: ToChangeEmail, Email: "new@example.com", Token: token("h", time.Hour)}, hidden},
		"to change to the same":          {self, nil, RequestProof{Purpose: ToChangeEmail, Email: "ann@example.com", Token: token("h", time.Hour)}, bad},
		"to change to capitals":          {self, nil, RequestProof{Purpose: ToChangeEmail, Email: "New@example.com", Token: token("h", time.Hour)}, bad},
		"to change to nothing":           {self, nil, RequestProof{Purpose: ToChangeEmail, Token: token("h", time.Hour)}, bad},
		"to verify, the platform":        {platform, nil, RequestProof{Purpose: ToVerifyEmail, Token: token("h", time.Hour)}, hidden},
		"for something else":             {self, nil, RequestProof{Purpose: "admin", Token: token("h", time.Hour)}, bad},
		"without a token":                {self, nil, RequestProof{Purpose: ToVerifyEmail}, bad},
		"with one that is void":          {self, nil, RequestProof{Purpose: ToVerifyEmail, Token: token("h", 0)}, bad},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := registered(t, entrepot.Customer)
			if c.is != nil {
				c.is(s)
			}
			facts, err := s.RequestProof(turn(c.caller), c.cmd)
			if entrepot.CodeOf(err) != c.want {
				t.Fatal(err)
			}
			for _, f := range facts {
				if f.EventType() != "" {
					t.Errorf("published %s", f.EventType())
				}
			}
			play(s, facts)
			if n := len(s.unwrittenMails()); (n == 1) != (c.want == "") {
				t.Errorf("%d mails are to be written", n)
			}
		})
	}
}

// TestProofsAreLimited: a proof serves one use, in its time, for its purpose.
func TestProofsAreLimited(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		after         time.Duration
		hash          string
		is            func(*State)
		caller        entrepot.Caller
		verify, reset entrepot.Code
	}{
		"in time":          {time.Hour - time.Millisecond, "v", nil, platform, "", entrepot.CodeInvalid},
		"in time, reset":   {time.Hour - time.Millisecond, "r", nil, platform, entrepot.CodeInvalid, ""},
		"too late":         {time.Hour, "v", nil, platform, entrepot.CodeInvalid, entrepot.CodeInvalid},
		"too late, reset":  {time.Hour, "r", nil, platform, entrepot.CodeInvalid, entrepot.CodeInvalid},
		"wrong":            {0, "x", nil, platform, entrepot.CodeInvalid, entrepot.CodeInvalid},
		"empty":            {0, "", nil, platform, entrepot.CodeInvalid, entrepot.CodeInvalid},
		"disabled":         {0, "v", func(s *State) { s.IsActive = false }, platform, entrepot.CodeInvalid, entrepot.CodeInvalid},
		"disabled, reset":  {0, "r", func(s *State) { s.IsActive = false }, platform, entrepot.CodeInvalid, entrepot.CodeInvalid},
		"new password set": {0, "r", func(s *State) { s.Apply(passwordSet{Hash: "x"}) }, platform, entrepot.CodeInvalid, entrepot.CodeInvalid},
		"by the user":      {0, "v", nil, self, entrepot.CodeNotFound, entrepot.CodeNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fresh := func() *State {
				s := registered(t, entrepot.Customer)
				open(t, s, "s", 0)
				for purpose, hash := range map[string]string{ToVerifyEmail: "v", ToResetPassword: "r"} {
					by := map[string]entrepot.Caller{ToVerifyEmail: self, ToResetPassword: platform}[purpose]
					facts, err := s.RequestProof(turn(by), RequestProof{Purpose: purpose, Token: token(hash, time.Hour)})
					if err != nil {
						t.Fatal(err)
					}
					play(s, facts)
				}
				if c.is != nil {
					c.is(s)
				}
				return s
			}
			s := fresh()
			facts, err := s.VerifyEmail(at(c.caller, c.after), VerifyEmail{Hash: []byte(c.hash)})
			if entrepot.CodeOf(err) != c.verify {
				t.Fatalf("verify: %v", err)
			}
			if play(s, facts); err == nil {
				if !s.EmailVerified || len(s.Sessions) != 1 ||
					second(s.VerifyEmail(at(platform, c.after), VerifyEmail{Hash: []byte(c.hash)})) == nil {
					t.Errorf("verified: %+v", s)
				}
			}
			s = fresh()
			cmd := ResetPassword{Hash: []byte(c.hash), NewHash: "new"}
			facts, err = s.ResetPassword(at(c.caller, c.after), cmd)
			if entrepot.CodeOf(err) != c.reset {
				t.Fatalf("reset: %v", err)
			}
			if play(s, facts); err == nil {
				if s.PasswordHash != "new" || !s.EmailVerified || len(s.Sessions) != 0 ||
					second(s.ResetPassword(at(platform, c.after), cmd)) == nil {
					t.Errorf("reset: %+v", s)
				}
			}
		})
	}
}

// TestChangedAddress: a new address takes effect once it is proven, and the tokens
// mailed to the old one become void.
func TestChangedAddress(t *testing.T) {
	t.Parallel()
	s := registered(t, entrepot.Customer)
	open(t, s, "s", 0)
	for _, c := range []struct {
		by  entrepot.Caller
		cmd RequestProof
	}{
		{platform, RequestProof{Purpose: ToResetPassword, Token: token("r", time.Hour)}},
		{self, RequestProof{Purpose: ToVerifyEmail, Token: token("v", time.Hour)}},
		{self, RequestProof{Purpose: ToChangeEmail, Email: "new@example.com", Token: token("c", time.Hour)}},
	} {
		facts, err := s.RequestProof(turn(c.by), c.cmd)
		if err != nil {
			t.Fatal(err)
		}
		play(s, facts)
	}
	if s.Email != "ann@example.com" || s.Letters[2].To != "new@example.com" || s.Letters[0].To != "ann@example.com" {
		t.Fatalf("%+v", s)
	}
	cmd := VerifyEmail{Hash: []byte("c")}
	if err := second(s.VerifyEmail(at(platform, time.Hour), cmd)); entrepot.CodeOf(err) != entrepot.CodeInvalid {
		t.Errorf("too late: %v", err)
	}
	facts, err := s.VerifyEmail(at(platform, time.Minute), cmd)
	if err != nil {
		t.Fatal(err)
	}
	play(s, facts)
	if s.Email != "new@example.com" || !s.EmailVerified || len(s.Stale) != 1 || len(s.Sessions) != 1 {
		t.Errorf("changed: %+v", s)
	}
	for what, err := range map[string]error{
		"reset":  second(s.ResetPassword(at(platform, time.Minute), ResetPassword{Hash: []byte("r"), NewHash: "x"})),
		"verify": second(s.VerifyEmail(at(platform, time.Minute), VerifyEmail{Hash: []byte("v")})),
		"again":  second(s.VerifyEmail(at(platform, time.Minute), cmd)),
	} {
		if entrepot.CodeOf(err) != entrepot.CodeInvalid {
			t.Errorf("%s: %v", what, err)
		}
	}
}
