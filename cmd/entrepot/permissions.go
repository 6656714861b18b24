package main

import (
	"fmt"
	"slices"
	"strings"

	"entrepot"
	"entrepot/cmd/entrepot/services"
	"entrepot/http/rest"
)

type permissionsCommand struct{}

func (permissionsCommand) Run() error {
	fmt.Print(permissionsDoc())
	return nil
}

// roleColumns are the table's, as the specification orders them.
var roleColumns = []struct {
	role entrepot.Role
	name string
}{
	{entrepot.SuperAdmin, "Super Admin"},
	{entrepot.CompanyAdmin, "Company Admin"},
	{entrepot.ShopManager, "Shop Manager"},
	{entrepot.ShopStaff, "Shop Staff"},
	{entrepot.Customer, "Customer"},
}

const permissionsHead = `# Who may do what

Made by ` + "`entrepot permissions`" + ` from the declarations of the routes; a test keeps it true. What a role sees is bounded besides:
a company admin by the company, managers and staff by the shops that they are assigned to, a customer by what is the
customer's own. The entity checks that again, and what is another's answers like what is not there
(` + "`http/api/matrix_test.go`, `isolation_test.go`" + `). An API key acts as a company admin or, if it names shops, as their manager,
and needs the scope of the route. Staff of a suspended company only read; those of a closed one may only do what is
marked *any standing*. What is marked *guest* is open without an account too, to who shows the token of a guest's cart.

## Beside the specification's role table

| Resource | Super Admin | Company Admin | Shop Manager | Shop Staff | Customer |
|----------|-------------|---------------|--------------|------------|----------|
| Companies | CRUD | Read Own | - | - | - |
| Shops | CRUD | CRUD (Own) | Read (Assigned) | Read (Assigned) | - |
| Products | CRUD | CRUD (Own) | CRUD (Shop) | Update (Shop) | Read |
| Orders | Read All | Read (Company) | Read (Shop) | Read (Shop) | Read Own |
| Inventory | Read All | CRUD (Company) | Update (Shop) | Read (Shop) | - |
| Users | CRUD | CRUD (Company) | Read (Shop) | - | Update Own |
| Analytics | All | Company | Shop | Shop | - |

Where the routes differ, and why:

- **Companies**: a company admin changes the own company's profile, branding and settings too. The specification's endpoint
  ` + "`PATCH /companies/:id/settings`" + ` would otherwise be the super admin's errand for every tax rate. Slug, owner, subscription
  and deletion stay the super admin's. What a company says of itself to shoppers is public by its slug.
- **Shops**: everybody reads active shops: a customer has to find one. Who works there is for the shop's staff.
- **Products**: everybody reads published products, also without an account. A manager deletes a product only with all
  shops that sell it: the others would lose it too.
- **Orders**: customers place and cancel their own; staff cancel those of their shops, which the table has no word for.
- **Inventory**: a super admin reads, and receives goods only through a company's own people.
- **Users**: everybody reads and changes the own profile, sessions and second factor. Nobody changes the own role.
- **Analytics**: its service is not built yet.

## Every route
`

// permissionsDoc is docs/permissions.md.
func permissionsDoc() string {
	var b strings.Builder
	b.WriteString(permissionsHead)
	for i := range services.Table {
		s := &services.Table[i]
		if s.Routes == nil {
			continue
		}
		for _, r := range s.Routes(services.Deps{}) {
			fmt.Fprintf(&b, "\n### %s (%s)\n\n| route | scope |", r.Service, s.Name)
			for _, c := range roleColumns {
				b.WriteString(" " + c.name + " |")
			}
			b.WriteString(" nobody |\n|---|---|" + strings.Repeat("---|", len(roleColumns)+1) + "\n")
			for _, route := range r.List {
				b.WriteString(permissionsRow(r.Service, route))
			}
		}
	}
	return b.String()
}

func permissionsRow(service string, r rest.Route) string {
	var b strings.Builder
	note := ""
	if r.Access.InAnyStanding() {
		note = " *any standing*"
	}
	if r.Access.Guests() {
		note += " *guest*"
	}
	fmt.Fprintf(&b, "| `%s %s`%s | `%s` |", r.Method, r.Path, note, r.Scope(service))
	roles := r.Access.Roles()
	for _, c := range roleColumns {
		b.WriteString(mark(roles == nil || slices.Contains(roles, c.role)))
	}
	b.WriteString(mark(roles == nil) + "\n")
	return b.String()
}

func mark(may bool) string {
	if may {
		return " ✓ |"
	}
	return " – |"
}
