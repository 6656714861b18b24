package e2e

import (
	"context"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestDocsPage: somebody who has just typed `make run` opens /docs in a browser,
// logs in, and lists products with it.
func TestDocsPage(t *testing.T) {
	if testing.Short() {
		t.Skip("needs a browser")
	}
	p := startEmbedded(t, options{extra: []string{"SEED=true"}})
	ctx, complaints := browser(t)

	const list = `//details[.//span[@class="path"]="/api/products"][.//span[@class="method"]="GET"]`
	must(t, complaints, chromedp.Do(ctx,
		chromedp.Navigate(p.members[0].url+"/docs"),
		chromedp.WaitVisible(chromedp.CSS(`main details`)),
		chromedp.SendKeys(chromedp.CSS(`#login [name=email]`), "customer@demo.example"),
		chromedp.SendKeys(chromedp.CSS(`#login [name=password]`), "demo-entrepot-2026"),
		chromedp.Click(chromedp.CSS(`#login button`)),
		chromedp.WaitVisible(chromedp.CSS(`#who.ok`)),
		chromedp.Click(list+`/summary`),
		chromedp.Click(list+`//button`),
		chromedp.WaitVisible(list+`//pre/b`),
	))
	read := func(script string) string {
		text, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
		must(t, complaints, err)
		return text
	}
	title, who := read(`document.getElementById('title').textContent`), read(`document.getElementById('who').textContent`)
	answer := read(`document.querySelector('main pre:not([hidden])').textContent`)
	operations, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.querySelectorAll('main details').length`))
	must(t, complaints, err)
	if !strings.HasPrefix(title, "Entrepôt API") || operations < 30 {
		t.Errorf("title %q, %d operations", title, operations)
	}
	if who != "customer@demo.example (customer)" {
		t.Errorf("logged in as %q", who)
	}
	if !strings.HasPrefix(answer, "200") || !strings.Contains(answer, `"items"`) || !strings.Contains(answer, "Espresso") {
		t.Errorf("the list answers %.300q", answer)
	}
	if said := complaints(); said != "" { // a script or a style that the security headers refuse
		t.Errorf("the browser complains: %s", said)
	}
}

func must(t *testing.T, complaints func() string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v; the browser says: %s", err, complaints())
	}
}

// browser opens a tab; complaints are the errors that its console has shown.
func browser(t *testing.T) (ctx context.Context, complaints func() string) {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("no chromium: run scripts/tools --browser")
	}
	// As root Chromium needs to be told that it is without its sandbox.
	o := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.ExecPath(path))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, o...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	var mu sync.Mutex
	var said []string
	messages := chromedp.Console(ctx)
	read := make(chan struct{})
	go func() { // ends with the context
		defer close(read)
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.IsException() || m.Type == chromedp.ConsoleError {
				mu.Lock()
				said = append(said, m.Text+" "+m.URL)
				mu.Unlock()
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-read })
	return ctx, func() string {
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(said, "; ")
	}
}
