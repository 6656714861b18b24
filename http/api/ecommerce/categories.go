package ecommerce

import (
	"context"
	"net/http"
	"path"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/company/company"
	"entrepot/grains/ecommerce/categories"
	"entrepot/grains/query"
	"entrepot/http/rest"
)

// categoryRoutes are the category tree of a company, part of its catalogue.
func (s *productAPI) categoryRoutes() []rest.Route {
	keep := rest.Only(entrepot.SuperAdmin, entrepot.CompanyAdmin)
	return []rest.Route{
		rest.Bind(rest.Route{
			ID: "list-categories", Method: http.MethodGet, Path: "/products/categories", Access: rest.Public,
			Summary: "List categories",
			Doc: "Returns the whole tree of a company: parents before children, siblings in their order. " +
				"Products refer to a category by slug; a slug outside the tree is allowed.",
		}, s.categories),
		rest.Bind(rest.Route{
			ID: "create-category", Method: http.MethodPost, Path: "/products/categories", Access: keep,
			Status: http.StatusCreated, Summary: "Create category",
		}, s.createCategory),
		rest.Bind(rest.Route{
			ID: "update-category", Method: http.MethodPatch, Path: "/products/categories/{slug}",
			Access: keep, Summary: "Update category",
			Doc: "A new parent moves the subtree too. The slug cannot change, since products refer to it.",
		}, s.updateCategory),
		rest.Bind(rest.Route{
			ID: "delete-category", Method: http.MethodDelete, Path: "/products/categories/{slug}",
			Access: keep, Status: http.StatusNoContent, Summary: "Delete category",
		}, s.deleteCategory),
	}
}

// CategoryView is one category.
type CategoryView struct {
	Slug     string   `json:"slug" example:"espresso"`
	Title    string   `json:"title"`
	Parent   string   `json:"parent,omitempty" doc:"slug; none: a root"`
	Position int64    `json:"position" doc:"among its siblings; then by title"`
	Path     []string `json:"path" example:"[\"drinks\",\"coffee\",\"espresso\"]" doc:"slugs from the root down to it"`
}

// CategoriesView is a company's tree.
type CategoriesView struct {
	CompanyID entrepot.ID    `json:"companyId,omitempty" doc:"none: there are no categories yet"`
	Items     []CategoryView `json:"items"`
}

func treeOf(t *categories.Tree) *rest.Answer[CategoriesView] {
	v, paths := CategoriesView{CompanyID: t.CompanyID, Items: []CategoryView{}}, t.Paths()
	for _, n := range t.Nodes {
		v.Items = append(v.Items, categoryOf(n, paths))
	}
	return rest.AnswerAt(t.Version, v)
}

func categoryOf(n categories.Node, paths map[string][]string) CategoryView {
	return CategoryView{n.Slug, n.Title, n.Parent, n.Position, paths[n.Slug]}
}

func (s *productAPI) askTree(ctx context.Context, company entrepot.ID, cmd grains.Message[*categories.Tree]) (*categories.Tree, error) {
	return grains.Ask(ctx, s.Asker, categories.Of(categories.ID(company)), cmd)
}

type categoriesInput struct {
	CompanyID rest.ID `query:"companyId" doc:"default the caller's own"`
}

func (s *productAPI) categories(ctx context.Context, in *categoriesInput) (*rest.Answer[CategoriesView], error) {
	company := string(in.CompanyID)
	if company == "" {
		company = entrepot.CallerFrom(ctx).CompanyID
	}
	if company == "" {
		return nil, entrepot.Invalid("companyId", "required", "names whose categories")
	}
	tree, err := s.askTree(ctx, company, categories.Get{})
	if err != nil {
		return nil, err
	}
	return treeOf(tree), nil
}

type categoryInput struct {
	rest.Here
	Body struct {
		CompanyID rest.ID `json:"companyId,omitempty" doc:"for super admins; others keep their own company's"`
		Slug      string  `json:"slug" minLength:"1" maxLength:"100" pattern:"^[a-z0-9]+(-[a-z0-9]+)*$" patternDescription:"words of a-z and 0-9 with hyphens between" example:"espresso"`
		Title     string  `json:"title" minLength:"1" maxLength:"200" example:"Espresso"`
		Parent    string  `json:"parent,omitempty" maxLength:"100" example:"coffee" doc:"slug; none: a root"`
		Position  int64   `json:"position,omitempty" minimum:"0" maximum:"1000000"`
	}
}

func (s *productAPI) createCategory(ctx context.Context, in *categoryInput) (*rest.Created[CategoryView], error) {
	b := &in.Body
	company, err := s.treeCompany(ctx, string(b.CompanyID))
	if err != nil {
		return nil, err
	}
	tree, err := s.askTree(ctx, company, categories.Create{CompanyID: company, Slug: b.Slug, Parent: b.Parent, Title: b.Title, Position: b.Position})
	if err != nil {
		return nil, err
	}
	v, err := categoryIn(tree, b.Slug)
	return &rest.Created[CategoryView]{Versioned: rest.ETagOf(tree.Version), Location: path.Join(in.Base, b.Slug), Body: v}, err
}

// treeCompany is whose tree is meant, which a super admin names.
func (s *productAPI) treeCompany(ctx context.Context, named string) (entrepot.ID, error) {
	companyID, err := rest.CompanyFor(ctx, named)
	if err != nil || entrepot.CallerFrom(ctx).Role != entrepot.SuperAdmin {
		return companyID, err
	}
	_, err = grains.Ask(ctx, s.Asker, company.Of(companyID), company.Get{})
	if entrepot.CodeOf(err) == entrepot.CodeNotFound {
		return "", query.Missing("companyId", "no such company")
	}
	return companyID, err
}

// categoryIn is a category of the tree that a command answered with.
func categoryIn(tree *categories.Tree, slug string) (CategoryView, error) {
	for _, n := range tree.Nodes {
		if n.Slug == slug {
			return categoryOf(n, tree.Paths()), nil
		}
	}
	return CategoryView{}, entrepot.ErrNotFound // deleted by another before this was answered
}

// CategoryPath names a category of a company.
type CategoryPath struct {
	Slug      string  `path:"slug" maxLength:"100" example:"espresso"`
	CompanyID rest.ID `query:"companyId" doc:"for super admins; others keep their own company's"`
}

type categoryPatch struct {
	CategoryPath
	rest.IfMatch
	Body struct {
		Title    *string `json:"title,omitempty" minLength:"1" maxLength:"200"`
		Parent   *string `json:"parent,omitempty" maxLength:"100" doc:"slug; empty: a root"`
		Position *int64  `json:"position,omitempty" minimum:"0" maximum:"1000000"`
	}
}

func (s *productAPI) updateCategory(ctx context.Context, in *categoryPatch) (*rest.Answer[CategoryView], error) {
	version, err := in.Version()
	if err != nil {
		return nil, err
	}
	company, err := s.treeCompany(ctx, string(in.CompanyID))
	if err != nil {
		return nil, err
	}
	b := &in.Body
	tree, err := s.askTree(ctx, company, categories.Update{
		CompanyID: company, Slug: in.Slug, Parent: b.Parent, Title: b.Title, Position: b.Position, ExpectedVersion: version,
	})
	if err != nil {
		return nil, err
	}
	v, err := categoryIn(tree, in.Slug)
	return rest.AnswerAt(tree.Version, v), err
}

func (s *productAPI) deleteCategory(ctx context.Context, in *CategoryPath) (*rest.NoContent, error) {
	company, err := s.treeCompany(ctx, string(in.CompanyID))
	if err != nil {
		return nil, err
	}
	_, err = s.askTree(ctx, company, categories.Delete{CompanyID: company, Slug: in.Slug})
	return nil, err
}
