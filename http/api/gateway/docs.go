package gateway

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

//go:embed docs.html
var docsPage string

// docsPolicy allows the page its own script and style, by their hashes, and
// requests to this server: nothing is loaded from anywhere else.
var docsPolicy = "default-src 'none'; connect-src 'self'; img-src data:; script-src '" + hashOf("script") +
	"'; style-src '" + hashOf("style") + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// hashOf is the CSP source of the page's one inline element of the name.
func hashOf(element string) string {
	_, rest, _ := strings.Cut(docsPage, "<"+element+">")
	text, _, _ := strings.Cut(rest, "</"+element+">")
	h := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(h[:])
}

// MountDocs serves an OpenAPI document at /openapi.json and a page to try it at /docs.
func MountDocs(engine *gin.Engine, document []byte) {
	engine.GET("/openapi.json", func(c *gin.Context) {
		c.Header("Cache-Control", "no-cache")
		c.Data(http.StatusOK, "application/json", document)
	})
	engine.GET("/docs", func(c *gin.Context) {
		c.Header("Content-Security-Policy", docsPolicy)
		c.Header("Cache-Control", "no-cache")
		c.Data(http.StatusOK, "text/html; charset=utf-8", []byte(docsPage))
	})
}
