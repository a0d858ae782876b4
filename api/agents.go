package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// Agent is one that customers can talk to.
type Agent struct {
	ID       string `json:"id" doc:"Its name, by which it is dispatched into rooms."`
	Shop     string `json:"shop" doc:"The shop that it works for."`
	Language string `json:"language" doc:"BCP 47 tag of the language that it begins in, if nothing else is asked for."`
	// Languages are those that a conversation can begin in.
	Languages []string    `json:"languages" nullable:"false" doc:"The languages that a conversation can begin in."`
	Photos    bool        `json:"photos" doc:"Messages may hold photos."`
	Recorded  bool        `json:"recorded" doc:"Calls are recorded."`
	Tools     []AgentTool `json:"tools,omitempty" doc:"What it can do. Customers' tokens are not told."`
}

// AgentTool is one thing that an agent can do.
type AgentTool struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Effect      string `json:"effect" enum:"read,write" doc:"Whether it changes anything."`
	Confirmed   bool   `json:"confirmed" doc:"It runs only after the customer has heard what is to be done and said yes."`
}

type listedAgents struct {
	Body struct {
		Agents []Agent `json:"agents" nullable:"false"`
	}
}

type oneAgent struct{ Body Agent }

// presenting are the operations that tell which agents there are.
func (s *Server) presenting() func(huma.API) {
	return func(a huma.API) {
		huma.Register(a, operation(http.MethodGet, "/v1/agents", "listAgents", "Which agents there are", ""),
			func(ctx context.Context, _ *struct{}) (*listedAgents, error) {
				out := &listedAgents{}
				out.Body.Agents = s.agents(ctx)
				return out, nil
			})
		huma.Register(a, operation(http.MethodGet, "/v1/agents/{id}", "readAgent", "What one agent can do", ""),
			func(ctx context.Context, in *struct {
				ID string `path:"id" maxLength:"100" doc:"The agent's id."`
			}) (*oneAgent, error) {
				for _, one := range s.agents(ctx) {
					if one.ID == in.ID {
						return &oneAgent{one}, nil
					}
				}
				return nil, problem(http.StatusNotFound, "no-agent", "There is no agent %q.", in.ID)
			})
	}
}

// agents are those that who asks may know of.
func (s *Server) agents(ctx context.Context) []Agent {
	all := []Agent{}
	if s.Agents != nil {
		all = append(all, s.Agents()...)
	}
	if principalOf(ctx).grant != nil {
		for i := range all {
			all[i].Tools = nil
		}
	}
	return all
}
