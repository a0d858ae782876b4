package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"parley/agent"
)

// conversationID names a conversation in a path.
type conversationID struct {
	ID string `path:"id" maxLength:"100" doc:"The conversation's id."`
}

type createdConversation struct {
	Location string `header:"Location" doc:"The conversation's address."`
	Body     struct {
		ID string `json:"id" doc:"The conversation's id."`
	}
}

type readTranscript struct {
	Body struct {
		Conversation string      `json:"conversation" doc:"The conversation's id."`
		Ended        bool        `json:"ended" doc:"Nothing will be added any more."`
		Cut          bool        `json:"cut" doc:"The conversation is so long that its beginning is not kept."`
		Said         []Utterance `json:"said" nullable:"false" doc:"What was said, in order."`
	}
}

type aboutAnswer struct{ Body any }

// conversing are the operations on conversations that take and give JSON.
func (s *Server) conversing() func(huma.API) {
	return func(a huma.API) {
		huma.Register(a, operation(http.MethodGet, "/v1/about", "about", "What the shop is called", ""),
			func(context.Context, *struct{}) (*aboutAnswer, error) { return &aboutAnswer{s.About}, nil })
		create := operation(http.MethodPost, "/v1/conversations", "createConversation", "Begin a conversation by text",
			"With a token, the conversation is with the token's customer. A repetition with the same Idempotency-Key gives the same conversation.")
		create.DefaultStatus = http.StatusCreated
		huma.Register(a, create, s.createConversation)
		end := operation(http.MethodDelete, "/v1/conversations/{id}", "endConversation", "End a conversation, and the call it may have", "")
		end.DefaultStatus = http.StatusNoContent
		huma.Register(a, end, s.endConversation)
		huma.Register(a, operation(http.MethodGet, "/v1/conversations/{id}/transcript", "readTranscript", "Read what was said",
			"Also for ten minutes after the conversation has ended."), s.readTranscript)
	}
}

func (s *Server) createConversation(ctx context.Context, in *struct {
	Key  string `header:"Idempotency-Key" doc:"Names this try, up to 255 visible ASCII characters; remembered for a day."`
	Body *struct {
		Language string `json:"language,omitempty" maxLength:"35" pattern:"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$" doc:"BCP 47 tag of the language to begin in. Without it, the token's or the shop's."`
	}
}) (*createdConversation, error) {
	id, err := s.created.do(ctx, principalOf(ctx).name(), in.Key, func() (string, error) {
		var adjust func(*agent.Options)
		if in.Body != nil && in.Body.Language != "" {
			adjust = func(o *agent.Options) { o.Language = in.Body.Language }
		}
		c, err := s.begin(ctx, adjust)
		if err != nil {
			return "", err
		}
		return c.ID(), nil
	})
	if err != nil {
		return nil, s.explain(ctx, err)
	}
	out := &createdConversation{Location: "/v1/conversations/" + id}
	out.Body.ID = id
	return out, nil
}

func (s *Server) endConversation(ctx context.Context, in *conversationID) (*struct{}, error) {
	c, err := s.reach(ctx, in.ID)
	if err != nil {
		return nil, s.explain(ctx, err)
	}
	s.Host.End(c.ID(), errClosed)
	select {
	case <-c.Done():
		return &struct{}{}, nil
	case <-ctx.Done():
		return nil, s.explain(ctx, context.Cause(ctx))
	}
}

func (s *Server) readTranscript(ctx context.Context, in *conversationID) (*readTranscript, error) {
	r, err := s.recordOf(ctx, in.ID)
	if err != nil {
		return nil, s.explain(ctx, err)
	}
	out := &readTranscript{}
	s.mu.Lock()
	out.Body.Ended = !r.ended.IsZero()
	s.mu.Unlock()
	out.Body.Conversation = r.id
	out.Body.Said, out.Body.Cut = r.transcript.read()
	return out, nil
}

type tokenWish struct {
	Body struct {
		Customer string   `json:"customer,omitempty" maxLength:"256" doc:"The shop's id of the customer who is signed in. Without it the customer is a stranger."`
		Name     string   `json:"name,omitempty" maxLength:"256" doc:"How to address the customer."`
		Language string   `json:"language,omitempty" maxLength:"35" doc:"BCP 47 tag of the language to begin in. Without it, the shop's."`
		Viewing  string   `json:"viewing,omitempty" maxLength:"2048" doc:"What the customer is looking at, in words, such as a product's name and number."`
		Tools    []string `json:"tools,omitempty" maxItems:"100" doc:"The only tools that may be used. Without it, all."`
		Origin   string   `json:"origin,omitempty" maxLength:"256" doc:"The only web origin whose pages may use the token, such as https://shop.example. Without it, every allowed one."`
		Begins   int      `json:"conversations,omitempty" minimum:"1" maximum:"100" doc:"How many conversations the token may begin. Without it, 5."`
		Seconds  int      `json:"expires_in,omitempty" minimum:"1" maximum:"3600" doc:"Seconds for which the token works. Without it, 600."`
	}
}

type mintedToken struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Token   string    `json:"token" doc:"The token, for Authorization: Bearer."`
		Expires time.Time `json:"expires" doc:"When it stops working."`
	}
}

// minting is the operation that makes tokens.
func (s *Server) minting() func(huma.API) {
	return func(a huma.API) {
		mint := operation(http.MethodPost, "/v1/tokens", "createToken", "Make a token for one customer",
			"For the shop's server, with a key of the scope tokens. The customer's browser gets the token and never the key.")
		mint.DefaultStatus = http.StatusCreated
		huma.Register(a, mint, s.createToken)
	}
}
