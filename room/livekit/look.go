package livekit

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"parley/tools"
)

// lookTool is the name of the tool by which a brain looks through the shopper's camera.
const lookTool = "look_at_camera"

// sighted are a conversation's tools, and one more while the shopper has a camera on.
type sighted struct {
	tools.Set
	camera *camera
}

// Definitions implements tools.Set.
func (s sighted) Definitions(caller tools.Caller) []tools.Definition {
	all := s.Set.Definitions(caller)
	if !s.camera.ready() {
		return all
	}
	return append(slices.Clip(all), tools.Definition{
		Name: lookTool,
		Description: "Takes one picture with the customer's camera. Use it only when the customer asks you to look at something, or what you see. " +
			"The picture comes next, as a photo from the customer: answer then, and say nothing before.",
		Parameters: json.RawMessage(`{"type":"object","properties":{},"additionalProperties":false}`),
		// A write waits until the customer has certainly finished: nobody is looked at on a
		// guess of what they are about to say.
		Effect: tools.Write, OnDuplicate: tools.Allow,
		Timeout: pictureTime + 2*time.Second,
	})
}

// Check implements tools.Set.
func (s sighted) Check(call tools.Call) error {
	if call.Name != lookTool {
		return s.Set.Check(call)
	}
	if !s.camera.ready() {
		return &tools.Error{Code: tools.Unavailable, Message: noPicture(errNoCamera)}
	}
	return nil
}

// Run implements tools.Set.
func (s sighted) Run(ctx context.Context, call tools.Call) (tools.Result, error) {
	if call.Name != lookTool {
		return s.Set.Run(ctx, call)
	}
	if err := s.Check(call); err != nil {
		return tools.Result{}, err
	}
	c := s.camera.call.Load()
	file, err := c.picture(ctx)
	if err != nil {
		return tools.Result{}, &tools.Error{Code: tools.Unavailable, Message: noPicture(err)}
	}
	select {
	case c.pictures <- file:
	case <-c.ctx.Done():
		return tools.Result{}, context.Cause(c.ctx)
	case <-ctx.Done():
		return tools.Result{}, context.Cause(ctx)
	}
	return tools.Result{JSON: json.RawMessage(`{"status":"taken","note":"The picture comes next, as a photo from the customer."}`)}, nil
}

var _ tools.Set = sighted{}
