package livekit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	lksdk "github.com/livekit/server-sdk-go/v2"

	"parley/agent"
)

// Methods that people in the room can call.
const (
	methodSay     = "parley.say"
	methodSilence = "parley.silence"
	methodReturn  = "parley.return"
	methodState   = "parley.state"
	methodLook    = "parley.look"
)

// rpcTime bounds a method: the client reads no other data while one runs.
const rpcTime = 2 * time.Second

// offerMethods registers the methods; it is called before the room is joined.
func (c *call) offerMethods() error {
	for name, method := range map[string]struct {
		run func(ctx context.Context, who person, mine bool, payload []byte) (any, error)
		all bool // it changes nothing: guests may call it, and as often as they like
	}{
		methodSay:     {run: c.rpcSay},
		methodSilence: {run: c.rpcSilence},
		methodReturn:  {run: c.rpcReturn},
		methodState:   {run: c.rpcState, all: true},
		methodLook:    {run: c.rpcLook},
	} {
		err := c.room.RegisterRpcCtxMethod(name, func(ctx context.Context, payload []byte) ([]byte, error) {
			call := lksdk.RPCMetadataFromContext(ctx)
			if call == nil {
				return nil, refuse("nobody has called")
			}
			ctx, cancel := context.WithTimeout(ctx, rpcTime)
			defer cancel()
			who, mine, ok := c.find(call.CallerIdentity)
			switch {
			case !ok:
				return nil, refuse("you are not known here, or not yet; try again in three seconds")
			case !method.all && !mine && !who.Staff:
				return nil, refuse("only the shopper and staff may call this")
			case !method.all && !c.postOf(mine).often.AllowN(time.Now(), 1):
				return nil, refuse("too many calls; try again in a second")
			}
			answer, err := method.run(ctx, who, mine, payload)
			if err != nil {
				return nil, c.explain(name, err)
			}
			return json.Marshal(answer)
		})
		if err != nil {
			return fmt.Errorf("offering %s: %w", name, err)
		}
	}
	return nil
}

// refuse is an error that the caller of a method is told.
func refuse(message string) error {
	return lksdk.NewRpcError(lksdk.RpcApplicationError, message, nil)
}

// explain makes of any error one for the caller of a method, and logs what they are
// not told.
func (c *call) explain(method string, err error) error {
	if told, ok := errors.AsType[*lksdk.RpcError](err); ok {
		return told
	}
	if text, ok := errors.AsType[*agent.TextError](err); ok {
		return refuse(text.Error())
	}
	if errors.Is(err, agent.ErrOver) {
		return refuse("the conversation is over")
	}
	c.log.Warn("a method failed", "method", method, "error", err)
	return refuse("it did not work")
}

// done is the answer of methods that have nothing to tell.
type done struct {
	OK bool `json:"ok"`
}

// rpcSay takes a typed message; of staff it is noted, like all that they say.
func (c *call) rpcSay(ctx context.Context, who person, mine bool, payload []byte) (any, error) {
	var wish struct {
		Text string `json:"text"`
	}
	if err := json.Unmarshal(payload, &wish); err != nil {
		return nil, refuse(`the payload is no JSON object with a "text"`)
	}
	if !mine {
		return done{true}, c.conversation.Overhear(ctx, who.Speaker, wish.Text)
	}
	turn, err := c.conversation.Say(ctx, wish.Text)
	return struct {
		Turn int64 `json:"turn"`
	}{turn}, err
}

func (c *call) rpcSilence(ctx context.Context, _ person, _ bool, _ []byte) (any, error) {
	return done{true}, c.conversation.Silence(ctx)
}

func (c *call) rpcReturn(ctx context.Context, _ person, _ bool, _ []byte) (any, error) {
	return done{true}, c.conversation.ComeBack(ctx)
}

func (c *call) rpcState(_ context.Context, who person, mine bool, _ []byte) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	answer := struct {
		State        string `json:"state"`
		Floor        string `json:"floor"`
		Shopper      string `json:"shopper"`
		Role         string `json:"role"`
		Conversation string `json:"conversation,omitempty"`
	}{states[c.state], c.floor(), c.shopper, who.Role(), ""}
	if mine {
		answer.Role, answer.Conversation = RoleShopper, c.conversation.ID()
	}
	return answer, nil
}

// rpcLook has a picture taken with the shopper's camera, which only they may ask for. The
// answer comes as that to a photo.
func (c *call) rpcLook(_ context.Context, who person, mine bool, _ []byte) (any, error) {
	switch {
	case !mine:
		return nil, refuse("only the shopper may have the agent look through their camera")
	case c.eyes == nil:
		return nil, refuse("no photos are taken here")
	case c.camera() == nil:
		return nil, refuse(errNoCamera.Error())
	}
	select {
	case c.wanted <- who.ID:
		return done{true}, nil
	default:
		return nil, refuse(errBusy.Error())
	}
}
