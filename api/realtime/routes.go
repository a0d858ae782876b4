package realtime

import (
	"net/http"

	"parley/api"
)

// routes describes what is answered, for the API's description.
func routes() []api.Route {
	const tag = "realtime"
	return []api.Route{
		{
			Method: http.MethodGet, Path: "/v1/realtime", ID: "realtimeSocket", Tag: tag, Summary: "Talk over a WebSocket",
			Detail: "As OpenAI's Realtime API does. A browser shows its secret as a subprotocol.", Status: http.StatusSwitchingProtocols,
			Query: map[string]string{"model": "Any; the agent is the shop's.", "call_id": "A call to follow, in place of a conversation of one's own."},
		},
		{
			Method: http.MethodPost, Path: "/v1/realtime/client_secrets", ID: "createClientSecret", Tag: tag, Summary: "Make a secret for one customer's client",
			Detail: "For the shop's server, with a key of the scope tokens. customer, name and language are Parley's own: whom the shop vouches for.",
			Takes:  api.JSON(secretWish{}), Gives: api.JSON(secretAnswer{}), Status: http.StatusOK,
		},
		{
			Method: http.MethodPost, Path: "/v1/realtime/calls/{id}/hangup", ID: "hangUpCall", Tag: tag, Summary: "Hang up, and end the conversation", Status: http.StatusOK,
		},
	}
}
