package rtvi

import (
	"net/http"

	"parley/api"
)

// routes describes what is answered, for the API's description.
func routes() []api.Route {
	const tag = "rtvi"
	all := []api.Route{{
		Method: http.MethodPost, Path: "/start", ID: "rtviStart", Tag: tag, Summary: "Begin a session of Pipecat's client",
		Detail: "Its address takes the offer that follows. tools are functions that the client runs.",
		Takes:  api.JSON(startRequest{}), Optional: true, Gives: api.JSON(startAnswer{}), Status: http.StatusOK,
	}}
	for _, at := range []struct{ path, suffix string }{{"/api/offer", ""}, {"/sessions/{session}/api/offer", "Session"}} {
		all = append(all, api.Route{
			Method: http.MethodPost, Path: at.path, ID: "rtviOffer" + at.suffix, Tag: tag, Summary: "Begin a call, or negotiate it again",
			Takes: api.JSON(offerRequest{}), Gives: api.JSON(offerAnswer{}), Status: http.StatusOK,
		}, api.Route{
			Method: http.MethodPatch, Path: at.path, ID: "rtviTrickle" + at.suffix, Tag: tag, Summary: "Add candidates",
			Takes: api.JSON(trickleRequest{}), Gives: api.JSON(trickleAnswer{}), Status: http.StatusOK,
		})
	}
	return all
}
