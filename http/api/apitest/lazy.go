package apitest

import (
	"log/slog"
	"regexp"
	"sync"

	"entrepot/http/rest"

	"github.com/gin-gonic/gin"
)

var pathParam = regexp.MustCompile(`\{(\w+)\}`)

// mountLazily mounts routes as rest.Mount does, but each at its first request: the
// schemas of 200 routes cost more than most tests, which use ten of them.
func mountLazily(engine *gin.Engine, log *slog.Logger, prefixes []string, services []rest.Routes) {
	for _, s := range services {
		for _, r := range s.List {
			for i, prefix := range prefixes {
				if r.Root {
					prefix = ""
				}
				if r.Root && i > 0 {
					continue
				}
				mounted := sync.OnceValue(func() *gin.Engine {
					own := rest.NewEngine()
					rest.Mount(own, log, []string{prefix}, rest.Routes{Service: s.Service, List: []rest.Route{r}})
					return own
				})
				engine.Handle(r.Method, pathParam.ReplaceAllString(prefix+r.Path, ":$1"), func(c *gin.Context) {
					mounted().ServeHTTP(c.Writer, c.Request)
				})
			}
		}
	}
}
