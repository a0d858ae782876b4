package rtvi

import (
	"context"
	"encoding/json"
	"strings"
	"time"
)

// obey does what a message asks.
func (t *talk) obey(m incoming) error {
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	switch m.Type {
	case typeClientReady:
		return t.ready(m)
	case typeDisconnectBot:
		t.protocol.hall.End(t.peer.conversation, errClosed)
		return nil
	case typeSendText:
		return t.text(ctx, m)
	case typeClientMessage:
		return t.clientMessage(ctx, m)
	case typeUIEvent, typeUISnapshot, typeUICancelJobGroup:
		return nil // the agent does not look at the page
	case typeFunctionCallResult:
		return t.result(m)
	case typeAppendToContext:
		return t.appendToContext(ctx, m)
	case typeDTMF:
		return refusal("Keys are not taken: send-text does it.")
	default:
		return refusal("Unsupported type " + short(m.Type))
	}
}

// ready answers the client's greeting, and begins to tell it what happens.
func (t *talk) ready(m incoming) error {
	var data struct {
		Version json.RawMessage `json:"version"`
	}
	_ = json.Unmarshal(m.Data, &data) // a client that says nothing of itself has no version
	text := ""
	_ = json.Unmarshal(data.Version, &text)
	v, err := parseVersion(text)
	answered := Version
	switch {
	case text == "":
		err = refusal("The client does not say which version of RTVI it speaks. Compatibility issues may occur.")
	case err != nil:
		err = refusal(err.Error() + ". Compatibility issues may occur.")
	case v.legacy():
		answered = v.String()
	case v.major != 2:
		err = refusal("RTVI " + v.String() + " is not compatible with " + Version + ", which is spoken here. Compatibility issues may occur.")
	}
	t.answer(m, typeBotReady, readyData{answered, about{"parley", t.protocol.Program}})
	if t.events == nil {
		t.peer.translator = newTranslator(v, time.Now, t.peer.functions.runs)
		t.listen()
	}
	return err
}

// text takes what the user typed.
func (t *talk) text(ctx context.Context, m incoming) error {
	var data struct {
		Content *string `json:"content"`
		Options struct {
			Run   *bool `json:"run_immediately"`
			Audio *bool `json:"audio_response"`
		} `json:"options"`
	}
	if err := json.Unmarshal(m.Data, &data); err != nil || data.Content == nil {
		return refusal(`The data of send-text is {"content":"…","options":{"run_immediately":…,"audio_response":…}}.`)
	}
	c := t.peer.conversation
	switch {
	case data.Options.Run != nil && !*data.Options.Run:
		return c.Note(ctx, *data.Content)
	case data.Options.Audio != nil && !*data.Options.Audio:
		turn, err := c.Write(ctx, *data.Content)
		if err == nil && t.peer.translator != nil && !t.deaf {
			t.peer.translator.unspoken[turn] = true
		}
		return err
	default:
		_, err := c.Say(ctx, *data.Content)
		return err
	}
}

// appendToContext takes what the user said otherwise, which older clients send so. What
// the agent said, and what it is told, no client writes.
func (t *talk) appendToContext(ctx context.Context, m incoming) error {
	var data struct {
		Role    string  `json:"role"`
		Content *string `json:"content"`
		Run     bool    `json:"run_immediately"`
	}
	if err := json.Unmarshal(m.Data, &data); err != nil || data.Content == nil || data.Role != "user" {
		return refusal(`The data of append-to-context is {"role":"user","content":"…","run_immediately":…}: text, and no other role.`)
	}
	if data.Run {
		_, err := t.peer.conversation.Say(ctx, *data.Content)
		return err
	}
	return t.peer.conversation.Note(ctx, *data.Content)
}

// Messages of apps that are served.
const (
	appSilence = "silence" // stop speaking now
	appAbout   = "about"   // which conversation this is
)

// clientMessage answers a message of the app's own.
func (t *talk) clientMessage(ctx context.Context, m incoming) error {
	var data struct {
		Type *string `json:"t"`
	}
	if err := json.Unmarshal(m.Data, &data); err != nil || data.Type == nil {
		return refusal(`The data of client-message is {"t":"…","d":…}.`)
	}
	switch kind := strings.ToLower(*data.Type); kind {
	case appSilence:
		if err := t.peer.conversation.Silence(ctx); err != nil {
			return err
		}
		t.answer(m, typeServerResponse, responseData{*data.Type, true})
	case appAbout:
		t.answer(m, typeServerResponse, responseData{*data.Type, map[string]string{"conversation": t.peer.conversation.ID()}})
	default:
		return refusal("Nobody here knows the message " + short(*data.Type) + "; " + appSilence + " and " + appAbout + " are answered.")
	}
	return nil
}
