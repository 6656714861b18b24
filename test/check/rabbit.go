package check

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Rabbit is one virtual host of a RabbitMQ, and its management API.
type Rabbit struct {
	amqp, api, vhost, user, password string
}

// NewRabbit takes the broker's address and that of its management API ("": port
// 15672 of the same host).
func NewRabbit(amqpURL, management string) (*Rabbit, error) {
	u, err := url.Parse(amqpURL)
	if err != nil {
		return nil, err
	}
	r := &Rabbit{amqp: amqpURL, api: management, vhost: strings.TrimPrefix(u.Path, "/"), user: u.User.Username()}
	r.password, _ = u.User.Password()
	if r.vhost == "" {
		r.vhost = "/"
	}
	if r.api == "" {
		r.api = "http://" + u.Hostname() + ":15672"
	}
	return r, nil
}

var management = http.Client{Timeout: 10 * time.Second}

// call asks the management API; into may be nil.
func (r *Rabbit) call(ctx context.Context, method, path, body string, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, r.api+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.SetBasicAuth(r.user, r.password)
	request.Header.Set("Content-Type", "application/json")
	response, err := management.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= 300 {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 500))
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(into)
}

// Create makes the virtual host for the user.
func (r *Rabbit) Create(ctx context.Context) error {
	if err := r.call(ctx, http.MethodPut, "/api/vhosts/"+url.PathEscape(r.vhost), `{}`, nil); err != nil {
		return err
	}
	all := `{"configure":".*","write":".*","read":".*"}`
	return r.call(ctx, http.MethodPut, "/api/permissions/"+url.PathEscape(r.vhost)+"/"+url.PathEscape(r.user), all, nil)
}

// Delete removes the virtual host with all that is in it.
func (r *Rabbit) Delete(ctx context.Context) error {
	return r.call(ctx, http.MethodDelete, "/api/vhosts/"+url.PathEscape(r.vhost), "", nil)
}

// Queues counts what is ready in every queue. The names are the management
// API's; its counts are seconds old, so the broker itself counts.
func (r *Rabbit) Queues(ctx context.Context) (map[string]int64, error) {
	var names []struct {
		Name string `json:"name"`
	}
	if err := r.call(ctx, http.MethodGet, "/api/queues/"+url.PathEscape(r.vhost)+"?columns=name", "", &names); err != nil {
		return nil, err
	}
	c, err := amqp.Dial(r.amqp)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	ch, err := c.Channel()
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	for _, n := range names {
		q, err := ch.QueueDeclarePassive(n.Name, true, false, false, false, nil)
		if err != nil {
			return nil, err
		}
		counts[n.Name] = int64(q.Messages)
	}
	return counts, nil
}
