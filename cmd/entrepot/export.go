package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// exportCommand writes what a company has, through the gateway and with the
// rights of whoever asks: so it holds for every deployment, and shows nothing
// that the API would not.
type exportCommand struct {
	Company   string `arg:"" help:"The company's id."`
	URL       string `help:"The gateway." default:"http://localhost:8000"`
	TokenFile string `help:"File of an access token or API key; else ENTREPOT_TOKEN." type:"existingfile"`
	Out       string `help:"File to write; it must not exist. Default: standard output."`
}

// exported are the lists of a company, each a kind of line. Who may not read one
// of them cannot export.
var exported = []struct{ kind, path string }{
	{"shop", "/shops"},
	{"user", "/auth/users"},
	{"invitation", "/auth/invitations"},
	{"apiKey", "/auth/api-keys"},
	{"product", "/products"},
	{"stockItem", "/inventory/items"},
	{"order", "/orders"},
	{"payment", "/payments/history"},
	{"auditLog", "/audit/logs"},
}

func (e *exportCommand) Run() (err error) {
	token := os.Getenv("ENTREPOT_TOKEN")
	if e.TokenFile != "" {
		b, err := os.ReadFile(e.TokenFile)
		if err != nil {
			return err
		}
		token = string(b)
	}
	if token = strings.TrimSpace(token); token == "" {
		return errors.New("whose export is it? give --token-file or ENTREPOT_TOKEN")
	}
	out := os.Stdout
	if e.Out != "" {
		if out, err = os.OpenFile(e.Out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, out.Close()) }()
	}
	lines, err := exportCompany(context.Background(), strings.TrimSuffix(e.URL, "/")+"/api", token, e.Company, out)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, lines, "lines, the last of them complete")
	return nil
}

// exportCompany writes JSON lines: {"kind":"order","data":{…}}, and at the end
// one of kind "end" with their number, without which an export is not whole. It
// holds one page in memory.
func exportCompany(ctx context.Context, api, token, company string, to io.Writer) (lines int, err error) {
	w := bufio.NewWriter(to)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	write := func(kind string, data json.RawMessage) error {
		lines++
		return enc.Encode(struct {
			Kind string          `json:"kind"`
			Data json.RawMessage `json:"data"`
		}{kind, data})
	}
	one, err := fetch(ctx, api+"/companies/"+url.PathEscape(company), token)
	if err != nil {
		return 0, err
	}
	if err := write("company", one); err != nil {
		return lines, err
	}
	for _, list := range exported {
		for cursor := ""; ; {
			q := url.Values{"companyId": {company}, "limit": {"100"}}
			if cursor != "" {
				q.Set("cursor", cursor)
			}
			body, err := fetch(ctx, api+list.path+"?"+q.Encode(), token)
			if err != nil {
				return lines, err
			}
			var page struct {
				Items      []json.RawMessage `json:"items"`
				NextCursor string            `json:"nextCursor"`
			}
			if err := json.Unmarshal(body, &page); err != nil {
				return lines, fmt.Errorf("%s: %w", list.path, err)
			}
			for _, item := range page.Items {
				if err := write(list.kind, item); err != nil {
					return lines, err
				}
			}
			if cursor = page.NextCursor; cursor == "" {
				break
			}
		}
	}
	if err := enc.Encode(map[string]any{"kind": "end", "lines": lines, "at": time.Now().UTC().Format(time.RFC3339)}); err != nil {
		return lines, err
	}
	return lines, w.Flush()
}

var exporting = http.Client{Timeout: 30 * time.Second}

// exportTries is how often a busy platform is asked, a second apart.
const exportTries = 10

func fetch(ctx context.Context, address, token string) (json.RawMessage, error) {
	for try := 1; ; try++ {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, err
		}
		r.Header.Set("Authorization", "Bearer "+token)
		response, err := exporting.Do(r)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close() // it was read
		switch {
		case err != nil:
			return nil, err
		case response.StatusCode == http.StatusOK:
			return body, nil
		case try < exportTries && (response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusServiceUnavailable):
			time.Sleep(time.Second)
		default:
			return nil, fmt.Errorf("%s: %s: %s", address, response.Status, body)
		}
	}
}
