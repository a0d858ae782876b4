package rooms

import (
	"net/http"

	"parley/api"
)

// ticket is a way into a room.
type ticket struct {
	URL   string `json:"url"`
	Room  string `json:"room"`
	Token string `json:"token"`
}

// sent says that the agent is on its way into a room.
type sent struct {
	Room     string `json:"room"`
	Dispatch string `json:"dispatch"`
}

// routes describes what is answered, for the API's description.
func routes() []api.Route {
	const tag = "rooms"
	return []api.Route{
		{
			Method: http.MethodGet, Path: "/v1/rooms", ID: "listRooms", Tag: tag, Summary: "How this program's calls in LiveKit rooms stand",
			Detail: "Of this program alone; others answer for theirs. Not for customers' tokens.", Gives: api.JSON(Status{}), Status: http.StatusOK,
		},
		{
			Method: http.MethodPost, Path: "/v1/rooms/{name}/token", ID: "enterRoom", Tag: tag, Summary: "Make a way into a LiveKit room",
			Detail: "For a shopper, for whom the agent waits in the room, or comes when the room begins; with a role of staff or guest, for somebody beside them. Needs a key of the scope tokens.",
			Takes:  api.JSON(wish{}), Optional: true, Gives: api.JSON(ticket{}), Status: http.StatusCreated,
		},
		{
			Method: http.MethodPost, Path: "/v1/rooms/{name}/agent", ID: "sendAgent", Tag: tag, Summary: "Send the agent into a LiveKit room",
			Detail: "Identity says which participant it is to talk with. Needs a key of the scope tokens.",
			Takes:  api.JSON(wish{}), Optional: true, Gives: api.JSON(sent{}), Status: http.StatusCreated,
		},
	}
}
