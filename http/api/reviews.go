package api

import (
	"context"
	"net/http"
	"strings"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/review"
	"entrepot/grains/review/reviewpb"
	"entrepot/grains/user/userpb"
	"entrepot/persistence"

	"google.golang.org/protobuf/proto"
)

// Reviews is what buyers say of products, of the e-commerce service.
func Reviews(d Deps) Routes {
	s := &reviewAPI{d.withDefaults()}
	own := Only(entrepot.Customer)
	moderate := Only(entrepot.SuperAdmin, entrepot.CompanyAdmin, entrepot.ShopManager)
	return Routes{"products", []Route{
		route(Route{
			ID: "list-reviews", Method: http.MethodGet, Path: "/products/{id}/reviews", Access: Public, Summary: "The approved reviews of a product",
			Doc: "How many there are of each number of stars is in the product's rating.",
		}, s.list),
		route(Route{
			ID: "write-review", Method: http.MethodPost, Keyed: true, Path: "/products/{id}/reviews", Access: own, Status: http.StatusCreated, Summary: "Review a product that was bought",
			Doc: "Once for each product, by who has a paid order of it. It is shown when the company has approved it.",
		}, s.write),
		route(Route{ID: "get-my-review", Method: http.MethodGet, Path: "/products/{id}/reviews/mine", Access: own, Summary: "Read the own review"}, s.mine),
		route(Route{
			ID: "update-my-review", Method: http.MethodPut, Path: "/products/{id}/reviews/mine", Access: own, Summary: "Change the own review",
			Doc: "It waits for its approval again.",
		}, s.edit),
		route(Route{ID: "delete-my-review", Method: http.MethodDelete, Path: "/products/{id}/reviews/mine", Access: own, Status: http.StatusNoContent, Summary: "Take the own review back"}, s.remove),
		route(Route{
			ID: "list-moderation", Method: http.MethodGet, Path: "/products/reviews", Access: Staff, Summary: "Reviews in every state",
			Doc: "Of what the caller's shops sold; admins see the company's.",
		}, s.moderation),
		route(Route{
			ID: "approve-review", Method: http.MethodPost, Path: "/products/reviews/{id}/approve", Access: moderate, Summary: "Publish a review",
			Doc: "With If-Match, only the words that were read.",
		}, s.approve),
		route(Route{
			ID: "reject-review", Method: http.MethodPost, Path: "/products/reviews/{id}/reject", Access: moderate, Summary: "Refuse a review, or take it off again",
			Doc: "Its author reads the reason.",
		}, s.reject),
		route(Route{
			ID: "reply-to-review", Method: http.MethodPut, Path: "/products/reviews/{id}/reply", Access: moderate, Summary: "Reply to an approved review",
			Doc: "Everybody reads it below the review; an empty text takes it back. When the author changes the review, it goes.",
		}, s.reply),
		route(Route{
			ID: "mark-review-helpful", Method: http.MethodPut, Path: "/products/reviews/{id}/helpful", Access: own, Status: http.StatusNoContent, Summary: "Find an approved review helpful",
			Doc: "One vote a customer; again is once. Not on the own review. The review's count follows in a moment.",
		}, s.mark),
		route(Route{ID: "unmark-review-helpful", Method: http.MethodDelete, Path: "/products/reviews/{id}/helpful", Access: own, Status: http.StatusNoContent, Summary: "Take that back"}, s.unmark),
		route(Route{ID: "list-my-votes", Method: http.MethodGet, Path: "/products/{id}/reviews/votes", Access: own, Summary: "Which reviews of a product the caller finds helpful", Doc: "The newest first."}, s.votes),
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
	RepliedAt *Time       `json:"repliedAt,omitempty"`
	Helpful   int64       `json:"helpful" doc:"how many customers find it so"`
	CreatedAt Time        `json:"createdAt"`
	UpdatedAt Time        `json:"updatedAt" doc:"when its author changed it last"`
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

func reviewOf(r *reviewpb.Review) ReviewView {
	return ReviewView{
		PublicReview: PublicReview{
			ID: r.Id, Stars: r.Stars, Title: r.Title, Text: r.Text, Author: r.Author, Reply: r.Reply, RepliedAt: timeOrNone(r.RepliedMs),
			Helpful: r.Helpful, CreatedAt: Time(r.CreatedMs), UpdatedAt: Time(r.UpdatedMs),
		},
		ProductID: r.ProductId, CompanyID: r.CompanyId, ShopID: r.ShopId, Status: r.Status, Reason: r.Reason, Version: r.Version,
	}
}

type reviewsInput struct {
	IDPath
	ListParams
	Sort  string `query:"sort" enum:"newest,highest,lowest,helpful" default:"newest" doc:"highest and lowest by stars; helpful: what most find so first"`
	Stars int64  `query:"stars" minimum:"1" maximum:"5" doc:"only with so many"`
}

func (s *reviewAPI) list(ctx context.Context, in *reviewsInput) (*paged[PublicReview], error) {
	product, err := in.id()
	if err != nil {
		return nil, err
	}
	if _, err := askProduct(ctx, s.Asker, product); err != nil {
		return nil, err
	}
	q := persistence.Query{Limit: in.Limit, Cursor: in.Cursor, Sort: persistence.CreatedAt, Desc: true}
	q.Where = where(where(nil, "productId", product), "status", review.Approved)
	if in.Stars > 0 {
		q.Where = append(q.Where, persistence.Cond{Field: "stars", Value: in.Stars})
	}
	switch in.Sort {
	case "highest", "lowest":
		q.Sort, q.Desc = "stars", in.Sort == "highest"
	case "helpful":
		q.Sort = "helpful"
	}
	page, err := find(ctx, s.Stores.Ecommerce, review.Collection, entrepot.AllTenants(), q, func(r *review.State, _ *persistence.Document) PublicReview {
		return reviewOf(r.View()).PublicReview
	})
	if err != nil {
		return nil, err
	}
	return &paged[PublicReview]{page}, nil
}

// ReviewInput is what an author says.
type ReviewInput struct {
	Stars int64  `json:"stars" minimum:"1" maximum:"5" example:"5"`
	Title string `json:"title,omitempty" maxLength:"120" example:"Holds tea"`
	Text  string `json:"text,omitempty" maxLength:"4000"`
}

type writeReviewInput struct {
	IDPath
	Here
	KeyHeader
	RawBody []byte
	Body    ReviewInput
}

func (s *reviewAPI) write(ctx context.Context, in *writeReviewInput) (*created[ReviewView], error) {
	product, err := in.id()
	if err != nil {
		return nil, err
	}
	if _, err := askProduct(ctx, s.Asker, product); err != nil {
		return nil, err
	}
	user := entrepot.CallerFrom(ctx).UserID
	bought, err := s.purchase(ctx, product, user)
	if err != nil {
		return nil, err
	}
	u, err := grains.Ask[*userpb.User](ctx, s.Asker, userpb.Kind, user, &userpb.Get{})
	if err != nil {
		return nil, err
	}
	keyed, replayed := in.command(ctx, "review", in.RawBody)
	r, err := s.ask(keyed, reviewpb.ID(product, user), &reviewpb.Write{
		ProductId: product, CompanyId: bought.CompanyID, ShopId: bought.ShopID, Author: shownName(u.Name),
		Stars: in.Body.Stars, Title: strings.TrimSpace(in.Body.Title), Text: strings.TrimSpace(in.Body.Text),
	})
	if err != nil {
		return nil, err
	}
	return &created[ReviewView]{Replay: replay(replayed), Versioned: versioned(r.Version), Location: in.below("mine"), Body: reviewOf(r)}, nil
}

// purchase is a paid order's row of the product by the user.
func (s *reviewAPI) purchase(ctx context.Context, product, user entrepot.ID) (*persistence.Document, error) {
	q := persistence.Query{Limit: 1, Where: where(where(nil, "productId", product), "status", review.Paid)}
	docs, _, err := s.Stores.Ecommerce.Find(ctx, review.Purchases, entrepot.OwnedBy(user), q)
	if err != nil {
		return nil, unreadable(review.Purchases, err)
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

func (s *reviewAPI) ask(ctx context.Context, id entrepot.ID, cmd proto.Message) (*reviewpb.Review, error) {
	return grains.Ask[*reviewpb.Review](ctx, s.Asker, reviewpb.Kind, id, cmd)
}

// askMine asks the caller's own review of the product in the path.
func (s *reviewAPI) askMine(ctx context.Context, path IDPath, cmd proto.Message) (*reviewpb.Review, error) {
	product, err := path.id()
	if err != nil {
		return nil, err
	}
	return s.ask(ctx, reviewpb.ID(product, entrepot.CallerFrom(ctx).UserID), cmd)
}

func (s *reviewAPI) mine(ctx context.Context, in *struct{ IDPath }) (*answer[ReviewView], error) {
	return reviewAnswer(s.askMine(ctx, in.IDPath, &reviewpb.Get{}))
}

func reviewAnswer(r *reviewpb.Review, err error) (*answer[ReviewView], error) {
	if err != nil {
		return nil, err
	}
	return answerAt(r.Version, reviewOf(r)), nil
}

type editReviewInput struct {
	IDPath
	IfMatch
	Body ReviewInput
}

func (s *reviewAPI) edit(ctx context.Context, in *editReviewInput) (*answer[ReviewView], error) {
	_, version, err := in.at(in.IDPath)
	if err != nil {
		return nil, err
	}
	return reviewAnswer(s.askMine(ctx, in.IDPath, &reviewpb.Edit{
		ExpectedVersion: version, Stars: in.Body.Stars, Title: strings.TrimSpace(in.Body.Title), Text: strings.TrimSpace(in.Body.Text),
	}))
}

func (s *reviewAPI) remove(ctx context.Context, in *struct{ IDPath }) (*nothing, error) {
	_, err := s.askMine(ctx, in.IDPath, &reviewpb.Delete{})
	return nil, err
}

type moderationInput struct {
	ListParams
	CompanyFilter
	Status    string `query:"status" enum:"pending,approved,rejected" default:"pending"`
	ProductID string `query:"productId" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits"`
}

// moderation lists the oldest first: who waits longest is answered first.
func (s *reviewAPI) moderation(ctx context.Context, in *moderationInput) (*paged[ReviewView], error) {
	q := persistence.Query{Limit: in.Limit, Cursor: in.Cursor, Sort: persistence.CreatedAt, Where: where(nil, "status", in.Status)}
	q.Where = where(where(q.Where, "productId", in.ProductID), persistence.CompanyID, in.CompanyID)
	scope := entrepot.StaffScope(entrepot.CallerFrom(ctx))
	page, err := find(ctx, s.Stores.Ecommerce, review.Collection, scope, q, func(r *review.State, _ *persistence.Document) ReviewView {
		return reviewOf(r.View())
	})
	if err != nil {
		return nil, err
	}
	return &paged[ReviewView]{page}, nil
}

func (s *reviewAPI) approve(ctx context.Context, in *struct {
	IDPath
	IfMatch
},
) (*answer[ReviewView], error) {
	id, version, err := in.at(in.IDPath)
	if err != nil {
		return nil, err
	}
	return reviewAnswer(s.ask(ctx, id, &reviewpb.Approve{ExpectedVersion: version}))
}

type rejectReviewInput struct {
	IDPath
	IfMatch
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500" example:"It is about the delivery, not the product."`
	}
}

func (s *reviewAPI) reject(ctx context.Context, in *rejectReviewInput) (*answer[ReviewView], error) {
	id, version, err := in.at(in.IDPath)
	if err != nil {
		return nil, err
	}
	return reviewAnswer(s.ask(ctx, id, &reviewpb.Reject{ExpectedVersion: version, Reason: strings.TrimSpace(in.Body.Reason)}))
}

type replyInput struct {
	IDPath
	IfMatch
	Body struct {
		Text string `json:"text" maxLength:"2000" example:"Thank you!"`
	}
}

func (s *reviewAPI) reply(ctx context.Context, in *replyInput) (*answer[ReviewView], error) {
	id, version, err := in.at(in.IDPath)
	if err != nil {
		return nil, err
	}
	return reviewAnswer(s.ask(ctx, id, &reviewpb.Reply{ExpectedVersion: version, Text: strings.TrimSpace(in.Body.Text)}))
}
