package main

import (
	"parley/api"
	"parley/tools"
)

// presented is the agent as the API presents it.
func (e *engines) presented(about aboutAnswer) api.Agent {
	out := api.Agent{
		ID: e.cfg.LiveKit.AgentName, Shop: about.Shop, Language: about.Language, Languages: about.Languages, Photos: about.Photos, Recorded: e.recordings != nil,
	}
	for _, d := range e.tools.Current().Definitions(tools.Caller{Verified: true}) {
		out.Tools = append(out.Tools, api.AgentTool{Name: d.Name, Description: d.Description, Effect: string(d.Effect), Confirmed: d.Confirm == tools.ConfirmHeard})
	}
	return out
}
