package ecommerce

import (
	"context"
	"net/http"
	"strings"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/auth/user"
	"entrepot/grains/ecommerce/review"
	"entrepot/grains/query"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// reviewRoutes returns what buyers say of products, of the e-commerce service.
func reviewRoutes(d Deps) rest.Routes {
	s := &reviewAPI{d}
	own := rest.Only(entrepot.Customer)
	moderate := rest.Only(entrepot.SuperAdmin, entrepot.CompanyAdmin, entrepot.ShopManager)
	return rest.Routes{Service: "products", List: []rest.Route{
		rest.Bind(rest.Route{
			ID: "list-reviews", Method: http.MethodGet, Path: "/products/{id}/reviews", Access: rest.Public,
			Summary: "List reviews",
			Doc:     "The counts by stars are in the product's rating.",
		}, s.list),
		rest.Bind(rest.Route{
			ID: "write-review", Method: http.MethodPost, Keyed: true, Path: "/products/{id}/reviews",
			Access: own, Status: http.StatusCreated, Summary: "Create review",
			Doc: "One review a product, by customers with a paid order of it. It becomes public once the " +
				"company approves it.",
		}, s.write),
		rest.Bind(rest.Route{
			ID: "get-my-review", Method: http.MethodGet, Path: "/products/{id}/reviews/mine", Access: own,
			Summary: "Get own review",
		}, s.mine),
		rest.Bind(rest.Route{
			ID: "update-my-review", Method: http.MethodPut, Path: "/products/{id}/reviews/mine", Access: own,
			Summary: "Update own review",
			Doc:     "The review needs approval again.",
		}, s.edit),
		rest.Bind(rest.Route{
			ID: "delete-my-review", Method: http.MethodDelete, Path: "/products/{id}/reviews/mine",
			Access: own, Status: http.StatusNoContent, Summary: "Delete own review",
		}, s.remove),
		rest.Bind(rest.Route{
			ID: "list-moderation", Method: http.MethodGet, Path: "/products/reviews", Access: rest.Staff,
			Summary: "List reviews for moderation",
			Doc:     "Covers products sold by the caller's shops; admins see those of the company.",
		}, s.moderation),
		rest.Bind(rest.Route{
			ID: "approve-review", Method: http.MethodPost, Path: "/products/reviews/{id}/approve",
			Access: moderate, Summary: "Approve review",
			Doc: "Send If-Match to approve only the text that was read.",
		}, s.approve),
		rest.Bind(rest.Route{
			ID: "reject-review", Method: http.MethodPost, Path: "/products/reviews/{id}/reject",
			Access: moderate, Summary: "Reject review",
			Doc: "The author can read the reason.",
		}, s.reject),
		rest.Bind(rest.Route{
			ID: "reply-to-review", Method: http.MethodPut, Path: "/products/reviews/{id}/reply",
			Access: moderate, Summary: "Reply to review",
			Doc: "The reply is public; an empty text removes it. It is also removed when the author changes " +
				"the review.",
		}, s.reply),
		rest.Bind(rest.Route{
			ID: "mark-review-helpful", Method: http.MethodPut, Path: "/products/reviews/{id}/helpful",
			Access: own, Status: http.StatusNoContent, Summary: "Mark review as helpful",
			Doc: "One vote a customer, repeatable without effect, and not on one's own review. The review's " +
				"count follows after a moment.",
		}, s.mark),
		rest.Bind(rest.Route{
			ID: "unmark-review-helpful", Method: http.MethodDelete, Path: "/products/reviews/{id}/helpful",
			Access: own, Status: http.StatusNoContent, Summary: "Unmark review as helpful",
		}, s.unmark),
		rest.Bind(rest.Route{
			ID: "list-my-votes", Method: http.MethodGet, Path: "/products/{id}/reviews/votes", Access: own,
			Summary: "List own helpful votes",
			Doc:     "Newest first.",
		}, s.votes),
	}}
}

type reviewAPI struct{ Deps }

// PublicReview is an approved review, as anybody sees it.
type PublicReview struct {
	ID        entrepot.ID `json:"id"`
	Stars     int64       `json:"stars" minimum:"1" maximum:"5"`
	Title     string      `json:"title,omitempty"`
	Text      string      `json:"text,omitempty"`
	Author    string      `json:"author,omitempty" example:"Ada L." doc:"none: a former customer"`
	Reply     string      `json:"reply,omitempty" doc:"of the company"`
	RepliedAt *rest.Time  `json:"repliedAt,omitempty"`
	Helpful   int64       `json:"helpful" doc:"number of customers who voted it helpful"`
	CreatedAt rest.Time   `json:"createdAt"`
	UpdatedAt rest.Time   `json:"updatedAt" doc:"when its author changed it last"`
}

// ReviewView is a review as its author and the company see it.
type ReviewView struct {
	PublicReview
	ProductID entrepot.ID `json:"productId"`
	CompanyID entrepot.ID `json:"companyId"`
	ShopID    entrepot.ID `json:"shopId" doc:"where the product was bought"`
	Status    string      `json:"status" enum:"pending,approved,rejected"`
	Reason    string      `json:"reason,omitempty" doc:"of a rejection"`
	Version   int64       `json:"version" doc:"for If-Match"`
}

func reviewOf(r *review.Review) ReviewView {
	return ReviewView{
		PublicReview: PublicReview{
			ID: r.ID, Stars: r.Stars, Title: r.Title, Text: r.Text, Author: r.Author, Reply: r.Reply, RepliedAt: rest.TimeOrNone(r.RepliedAt),
			Helpful: r.Helpful, CreatedAt: rest.Time(r.CreatedAt), UpdatedAt: rest.Time(r.UpdatedAt),
		},
		ProductID: r.ProductID, CompanyID: r.CompanyID, ShopID: r.ShopID, Status: r.Status, Reason: r.Reason, Version: r.Version,
	}
}

type reviewsInput struct {
	rest.IDPath
	rest.ListParams
	Sort  string `query:"sort" enum:"newest,highest,lowest,helpful" default:"newest" doc:"highest and lowest by stars; helpful: most helpful votes first"`
	Stars int64  `query:"stars" minimum:"1" maximum:"5" doc:"minimal quantity"`
}

func (s *reviewAPI) list(ctx context.Context, in *reviewsInput) (*rest.List[PublicReview], error) {
	product, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	if _, err := query.Product(ctx, s.Asker, product); err != nil {
		return nil, err
	}
	q := persistence.Query{Limit: in.Limit, Cursor: in.Cursor, Sort: persistence.CreatedAt, Desc: true}
	q.Where = query.Where(query.Where(nil, "productId", product), "status", review.Approved)
	if in.Stars > 0 {
		q.Where = append(q.Where, persistence.Cond{Field: "stars", Value: in.Stars})
	}
	switch in.Sort {
	case "highest", "lowest":
		q.Sort, q.Desc = "stars", in.Sort == "highest"
	case "helpful":
		q.Sort = "helpful"
	}
	page, err := query.Find(ctx, s.Store, review.Collection, entrepot.AllTenants(), q,
		func(r *review.Review, _ *persistence.Document) PublicReview { return reviewOf(r).PublicReview })
	if err != nil {
		return nil, err
	}
	return &rest.List[PublicReview]{Body: page}, nil
}

// ReviewInput is a review as its author writes it.
type ReviewInput struct {
	Stars int64  `json:"stars" minimum:"1" maximum:"5" example:"5"`
	Title string `json:"title,omitempty" maxLength:"120" example:"Holds tea"`
	Text  string `json:"text,omitempty" maxLength:"4000"`
}

type writeReviewInput struct {
	rest.IDPath
	rest.Here
	rest.KeyHeader
	RawBody []byte
	Body    ReviewInput
}

func (s *reviewAPI) write(ctx context.Context, in *writeReviewInput) (*rest.Created[ReviewView], error) {
	product, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	if _, err := query.Product(ctx, s.Asker, product); err != nil {
		return nil, err
	}
	userID := entrepot.CallerFrom(ctx).UserID
	bought, err := s.purchase(ctx, product, userID)
	if err != nil {
		return nil, err
	}
	u, err := grains.Ask(ctx, s.Asker, user.Of(userID), user.Get{})
	if err != nil {
		return nil, err
	}
	answer, err := grains.Call(ctx, s.Asker, review.Of(review.ID(product, userID)), review.Write{
		ProductID: product, CompanyID: bought.CompanyID, ShopID: bought.ShopID, Author: shownName(u.Name),
		Stars: in.Body.Stars, Title: strings.TrimSpace(in.Body.Title), Text: strings.TrimSpace(in.Body.Text),
	}, in.Keyed(ctx, "review", in.RawBody)...)
	r := answer.Reply
	if err != nil {
		return nil, err
	}
	return &rest.Created[ReviewView]{Replay: rest.ReplayOf(answer.Replayed), Versioned: rest.ETagOf(r.Version), Location: in.Below("mine"), Body: reviewOf(r)}, nil
}

// purchase is a paid order's row of the product by the user.
func (s *reviewAPI) purchase(ctx context.Context, product, user entrepot.ID) (*persistence.Document, error) {
	q := persistence.Query{Limit: 1, Where: query.Where(query.Where(nil, "productId", product), "status", review.Paid)}
	docs, _, err := s.Store.Find(ctx, review.Purchases, entrepot.OwnedBy(user), q)
	if err != nil {
		return nil, query.Unreadable(review.Purchases, err)
	}
	if len(docs) == 0 {
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "a product is reviewed by who has bought it")
	}
	return &docs[0], nil
}

// shownName is a person's name as strangers see it: the first, and the initial of
// the last. Of what is a mail address rather, nothing is shown.
func shownName(name string) string {
	parts := strings.Fields(name)
	switch {
	case len(parts) == 0 || strings.Contains(name, "@"):
		return ""
	case len(parts) == 1:
		return parts[0]
	default:
		last := []rune(parts[len(parts)-1])
		return parts[0] + " " + string(last[:1]) + "."
	}
}

func (s *reviewAPI) ask(ctx context.Context, id entrepot.ID, cmd grains.Message[*review.Review]) (*review.Review, error) {
	return grains.Ask(ctx, s.Asker, review.Of(id), cmd)
}

// askMine asks the caller's own review of the product in the path.
func (s *reviewAPI) askMine(ctx context.Context, path rest.IDPath, cmd grains.Message[*review.Review]) (*review.Review, error) {
	product, err := path.EntityID()
	if err != nil {
		return nil, err
	}
	return s.ask(ctx, review.ID(product, entrepot.CallerFrom(ctx).UserID), cmd)
}

func (s *reviewAPI) mine(ctx context.Context, in *struct{ rest.IDPath }) (*rest.Answer[ReviewView], error) {
	return reviewAnswer(s.askMine(ctx, in.IDPath, review.Get{}))
}

func reviewAnswer(r *review.Review, err error) (*rest.Answer[ReviewView], error) {
	if err != nil {
		return nil, err
	}
	return rest.AnswerAt(r.Version, reviewOf(r)), nil
}

type editReviewInput struct {
	rest.IDPath
	rest.IfMatch
	Body ReviewInput
}

func (s *reviewAPI) edit(ctx context.Context, in *editReviewInput) (*rest.Answer[ReviewView], error) {
	_, version, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	return reviewAnswer(s.askMine(ctx, in.IDPath, review.Edit{
		ExpectedVersion: version, Stars: in.Body.Stars, Title: strings.TrimSpace(in.Body.Title), Text: strings.TrimSpace(in.Body.Text),
	}))
}

func (s *reviewAPI) remove(ctx context.Context, in *struct{ rest.IDPath }) (*rest.NoContent, error) {
	_, err := s.askMine(ctx, in.IDPath, review.Delete{})
	return nil, err
}

type moderationInput struct {
	rest.ListParams
	rest.CompanyFilter
	Status    string  `query:"status" enum:"pending,approved,rejected" default:"pending"`
	ProductID rest.ID `query:"productId"`
}

// moderation lists the oldest first, so that no author waits longer than others.
func (s *reviewAPI) moderation(ctx context.Context, in *moderationInput) (*rest.List[ReviewView], error) {
	q := persistence.Query{Limit: in.Limit, Cursor: in.Cursor, Sort: persistence.CreatedAt, Where: query.Where(nil, "status", in.Status)}
	q.Where = query.Where(query.Where(q.Where, "productId", in.ProductID), persistence.CompanyID, in.CompanyID)
	scope := entrepot.StaffScope(entrepot.CallerFrom(ctx))
	page, err := query.Find(ctx, s.Store, review.Collection, scope, q,
		func(r *review.Review, _ *persistence.Document) ReviewView { return reviewOf(r) })
	if err != nil {
		return nil, err
	}
	return &rest.List[ReviewView]{Body: page}, nil
}

func (s *reviewAPI) approve(ctx context.Context, in *struct {
	rest.IDPath
	rest.IfMatch
},
) (*rest.Answer[ReviewView], error) {
	id, version, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	return reviewAnswer(s.ask(ctx, id, review.Approve{ExpectedVersion: version}))
}

type rejectReviewInput struct {
	rest.IDPath
	rest.IfMatch
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500" example:"It is about the delivery, not the product."`
	}
}

func (s *reviewAPI) reject(ctx context.Context, in *rejectReviewInput) (*rest.Answer[ReviewView], error) {
	id, version, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	return reviewAnswer(s.ask(ctx, id, review.Reject{ExpectedVersion: version, Reason: strings.TrimSpace(in.Body.Reason)}))
}

type replyInput struct {
	rest.IDPath
	rest.IfMatch
	Body struct {
		Text string `json:"text" maxLength:"2000" example:"Thank you!"`
	}
}

func (s *reviewAPI) reply(ctx context.Context, in *replyInput) (*rest.Answer[ReviewView], error) {
	id, version, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	return reviewAnswer(s.ask(ctx, id, review.Reply{ExpectedVersion: version, Text: strings.TrimSpace(in.Body.Text)}))
}
