package apikey

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

var (
	id      = entrepot.DeriveID("key")
	company = entrepot.DeriveID("company")
	super   = entrepot.Caller{Role: entrepot.SuperAdmin, UserID: "root"}
	admin   = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "a", CompanyID: company}
	start   = time.UnixMilli(1_750_000_000_123).UTC()
)

func turn(c entrepot.Caller) entrepot.Turn { return entrepot.Turn{ID: id, Now: start, Caller: c} }

func creation(change func(*Create)) Create {
	c := Create{
		CompanyID: company, Name: "scanner", Hash: []byte("hash"),
		Scopes: []string{"inventory:write", "inventory:read", "inventory:read"},
	}
	if change != nil {
		change(&c)
	}
	return c
}

func TestCreateRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		state  *State
		caller entrepot.Caller
		change func(*Create)
		want   entrepot.Code
	}{
		"the company's admin":     {&State{}, admin, nil, ""},
		"a super admin":           {&State{}, super, nil, ""},
		"another company's admin": {&State{}, entrepot.Caller{Role: entrepot.CompanyAdmin, CompanyID: "x"}, nil, entrepot.CodeNotFound},
		"a manager":               {&State{}, entrepot.Caller{Role: entrepot.ShopManager, CompanyID: company}, nil, entrepot.CodeNotFound},
		"a customer":              {&State{}, entrepot.Caller{Role: entrepot.Customer, UserID: "c"}, nil, entrepot.CodeNotFound},
		"an anonymous caller":     {&State{}, entrepot.Caller{}, nil, entrepot.CodeNotFound},
		"again":                   {&State{Key: Key{ID: id}}, admin, nil, entrepot.CodeConflict},
		"no company":              {&State{}, super, func(c *Create) { c.CompanyID = "" }, entrepot.CodeInvalid},
		"no name":                 {&State{}, admin, func(c *Create) { c.Name = " " }, entrepot.CodeInvalid},
		"a long name":             {&State{}, admin, func(c *Create) { c.Name = strings.Repeat("n", maxName+1) }, entrepot.CodeInvalid},
		"no scope":                {&State{}, admin, func(c *Create) { c.Scopes = nil }, entrepot.CodeInvalid},
		"no such scope":           {&State{}, admin, func(c *Create) { c.Scopes = []string{"auth:write"} }, entrepot.CodeInvalid},
		"a malformed shop":        {&State{}, admin, func(c *Create) { c.ShopIDs = []string{"here"} }, entrepot.CodeInvalid},
		"too many shops":          {&State{}, admin, func(c *Create) { c.ShopIDs = make([]string, maxShops+1) }, entrepot.CodeInvalid},
		"expired":                 {&State{}, admin, func(c *Create) { c.ExpiresAt = start.UnixMilli() }, entrepot.CodeInvalid},
		"no hash":                 {&State{}, admin, func(c *Create) { c.Hash = nil }, entrepot.CodeInvalid},
	} {
		facts, err := c.state.Create(turn(c.caller), creation(c.change))
		if entrepot.CodeOf(err) != c.want || (err == nil) != (len(facts) == 2) {
			t.Errorf("%s: %v, %v; want %q", name, facts, err, c.want)
		}
	}
}

func TestVerifyAndRevoke(t *testing.T) {
	t.Parallel()
	s := &State{}
	facts, err := s.Create(turn(admin), creation(func(c *Create) { c.ExpiresAt = start.Add(time.Hour).UnixMilli() }))
	if err != nil {
		t.Fatal(err)
	}
	var replayed, back State
	for _, f := range facts {
		s.Apply(f)
		replayed.Apply(f)
	}
	b, err := json.Marshal(s)
	if err != nil || json.Unmarshal(b, &back) != nil || !reflect.DeepEqual(*s, back) || !reflect.DeepEqual(*s, replayed) {
		t.Fatalf("round trip or replay: %v %s", err, b)
	}
	verify := func(c entrepot.Caller, hash string, after time.Duration) bool {
		tn := turn(c)
		tn.Now = start.Add(after)
		k, err := s.Verify(tn, Verify{Hash: []byte(hash)})
		return err == nil && len(k.Scopes) == 2
	}
	platform := entrepot.SystemCaller("test")
	for name, c := range map[string]struct {
		caller entrepot.Caller
		hash   string
		after  time.Duration
		want   bool
	}{
		"the secret":         {platform, "hash", 0, true},
		"another secret":     {platform, "other", 0, false},
		"no secret":          {platform, "", 0, false},
		"asked by the admin": {admin, "hash", 0, false},
		"expired":            {platform, "hash", time.Hour, false},
	} {
		if got := verify(c.caller, c.hash, c.after); got != c.want {
			t.Errorf("%s: verified %v, want %v", name, got, c.want)
		}
	}
	if _, err := s.Revoke(turn(entrepot.Caller{Role: entrepot.CompanyAdmin, CompanyID: "x"}), Revoke{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Errorf("revoked by another company's admin: %v, want not found", err)
	}
	for want := 1; want >= 0; want-- { // the second time there is nothing to do
		facts, err := s.Revoke(turn(admin), Revoke{})
		if err != nil || len(facts) != want {
			t.Fatalf("%v, %v", facts, err)
		}
		for _, f := range facts {
			s.Apply(f)
		}
	}
	if verify(platform, "hash", 0) {
		t.Error("a revoked key is verified")
	}
}

func TestKeyOnTheHost(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	if _, err := grains.Ask(m.As(admin), m, Of(id), creation(nil)); err != nil {
		t.Fatal(err)
	}
	list := m.Events()
	if len(list) != 1 || list[0].Type != "api_key.created" || list[0].CompanyID != company ||
		strings.Contains(string(list[0].Data), "hash") {
		t.Fatalf("%v", list)
	}
	m.Restart()
	k, err := grains.Ask(m.Platform(), m, Of(id), Verify{Hash: []byte("hash")})
	if err != nil || k.CompanyID != company {
		t.Fatalf("after the restart: %+v, %v", k, err)
	}
}
