package api

import (
	"net/http"
	"strings"

	"github.com/go-chi/cors"
)

// cors lets the pages of allowed origins read the API's answers. A page cannot
// send an Authorization header to another origin without it.
func (s *Server) cors() func(http.Handler) http.Handler {
	return cors.Handler(cors.Options{
		AllowOriginFunc: func(_ *http.Request, origin string) bool {
			for _, o := range s.Origins {
				if strings.EqualFold(o, origin) {
					return true
				}
			}
			return false
		},
		AllowedMethods: []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete},
		// Clients of other protocols send headers of their own; none of them means anything here.
		AllowedHeaders: []string{"*"},
		ExposedHeaders: []string{"Location", "Retry-After", "ETag", "Link", resumeHeader},
		MaxAge:         600,
	})
}
