package audit_test

import (
	"testing"

	"entrepot"
	"entrepot/http/api/apitest"
)

func TestAudit(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Want(t, 200, "shop_staff", "PATCH", "/api/products/"+w.Mug, map[string]any{"name": "Other"}, "X-Request-Id", "request-1")
	w.Project(t)
	staff := w.Users["shop_staff"].ID
	l := w.Want(t, 200, "company_admin", "GET", "/api/audit/logs?action=product.updated&userId="+staff, nil)
	if len(l.List("items")) != 1 || l.Text("items.0.metadata.requestId") != "request-1" || l.Text("items.0.resourceId") != w.Mug {
		t.Fatalf("audit log is %s", l.Raw)
	}
	one := "/api/audit/logs/" + l.Text("items.0.id")
	w.Want(t, 200, "super_admin", "GET", one, nil)
	w.Want(t, 404, "other_admin", "GET", one, nil)
	w.Want(t, 404, "company_admin", "GET", "/api/audit/logs/"+entrepot.NewID(), nil)
	for path, n := range map[string]int{
		"user/" + staff: 1, "resource/Product/" + w.Mug: 2, "logs?from=2999-01-01T00:00:00Z": 0, "logs?to=2999-01-01T00:00:00Z&limit=3": 3,
	} {
		if l := w.Want(t, 200, "company_admin", "GET", "/api/audit/"+path, nil); len(l.List("items")) != n {
			t.Errorf("%s lists %d: %s", path, len(l.List("items")), l.Raw)
		}
	}
	if l := w.Want(t, 200, "other_admin", "GET", "/api/audit/user/"+staff, nil); len(l.List("items")) != 0 {
		t.Errorf("another company reads %s", l.Raw)
	}
}
