package whip

import (
	"net/http"

	"parley/api"
)

// routes describes what is answered, for the API's description.
func routes() []api.Route {
	const (
		tag  = "whip"
		etag = "Names the ICE session."
		link = "The STUN servers."
	)
	fragment := map[string]any{fragmentType: ""}
	return []api.Route{
		{
			Method: http.MethodOptions, Path: "/v1/whip", ID: "whipOptions", Tag: tag, Summary: "What can be posted",
			Status: http.StatusNoContent, Headers: map[string]string{"Accept-Post": "application/sdp", "Link": link},
		},
		{
			Method: http.MethodPost, Path: "/v1/whip", ID: "whipCall", Tag: tag, Summary: "Begin a call", Detail: "RFC 9725.",
			Takes: api.SDP(), Gives: api.SDP(), Status: http.StatusCreated,
			Headers: map[string]string{"Location": "The call's address.", "ETag": etag, "Link": link},
		},
		{
			Method: http.MethodPatch, Path: "/v1/whip/{id}", ID: "whipTrickle", Tag: tag, Summary: "Add candidates, or restart ICE",
			Detail: "A fragment of the ICE session that If-Match names is answered with 204; one of a new session, with If-Match: *, with a fragment.",
			Takes:  fragment, Gives: fragment, Status: http.StatusOK, Headers: map[string]string{"ETag": etag},
		},
		{
			Method: http.MethodDelete, Path: "/v1/whip/{id}", ID: "whipEnd", Tag: tag, Summary: "Hang up", Status: http.StatusOK,
		},
	}
}
