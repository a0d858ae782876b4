package rtvi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// messageLabel marks the messages of RTVI among those of a channel.
const messageLabel = "rtvi-ai"

// Types of the messages that clients send.
const (
	typeClientReady        = "client-ready"
	typeDisconnectBot      = "disconnect-bot"
	typeClientMessage      = "client-message"
	typeSendText           = "send-text"
	typeAppendToContext    = "append-to-context"
	typeFunctionCallResult = "llm-function-call-result"
	typeDTMF               = "dtmf"
	typeUIEvent            = "ui-event"
	typeUISnapshot         = "ui-snapshot"
	typeUICancelJobGroup   = "ui-cancel-job-group"
)

// Types of the messages that clients are sent.
const (
	typeBotReady               = "bot-ready"
	typeError                  = "error"
	typeErrorResponse          = "error-response"
	typeServerMessage          = "server-message"
	typeServerResponse         = "server-response"
	typeMetrics                = "metrics"
	typeUserStartedSpeaking    = "user-started-speaking"
	typeUserStoppedSpeaking    = "user-stopped-speaking"
	typeUserTranscription      = "user-transcription"
	typeUserLLMText            = "user-llm-text"
	typeBotStartedSpeaking     = "bot-started-speaking"
	typeBotStoppedSpeaking     = "bot-stopped-speaking"
	typeBotLLMStarted          = "bot-llm-started"
	typeBotLLMText             = "bot-llm-text"
	typeBotLLMStopped          = "bot-llm-stopped"
	typeBotTTSStarted          = "bot-tts-started"
	typeBotTTSText             = "bot-tts-text"
	typeBotTTSStopped          = "bot-tts-stopped"
	typeBotTranscription       = "bot-transcription"
	typeBotOutput              = "bot-output"
	typeFunctionCall           = "llm-function-call"
	typeFunctionCallStarted    = "llm-function-call-started"
	typeFunctionCallInProgress = "llm-function-call-in-progress"
	typeFunctionCallStopped    = "llm-function-call-stopped"
	typeSignalling             = "signalling"
	signalPeerLeft             = "peerLeft"
	maxID                      = 128 // bytes of a message's id
	keepAlive                  = "ping"
	peerLeftMessage            = `{"type":"` + typeSignalling + `","message":{"type":"` + signalPeerLeft + `"}}`
)

// message is one of RTVI that a client is sent.
type message struct {
	ID    string `json:"id"`
	Label string `json:"label"`
	Type  string `json:"type"`
	Data  any    `json:"data,omitempty"`
}

func tell(kind string, data any) message {
	return message{Label: messageLabel, Type: kind, Data: data}
}

// Data of the messages that clients are sent.
type (
	textData struct {
		Text string `json:"text"`
	}
	errorData struct {
		Error   string `json:"error"`
		Fatal   bool   `json:"fatal"`
		Message string `json:"message"` // what clients before version 1 read
	}
	responseErrorData struct {
		Error string `json:"error"`
	}
	about struct {
		Library string `json:"library"`
		Version string `json:"library_version,omitempty"`
	}
	readyData struct {
		Version string `json:"version"`
		About   about  `json:"about"`
	}
	transcriptionData struct {
		Text      string `json:"text"`
		Final     bool   `json:"final"`
		Timestamp string `json:"timestamp"`
		User      string `json:"user_id"`
	}
	functionData struct {
		Name string `json:"function_name"`
	}
	functionCallData struct {
		Call string `json:"tool_call_id"`
		Name string `json:"function_name"`
	}
	// clientCallData is a call of a function that the client runs: Arguments, or to
	// clients before version 1.2 Args.
	clientCallData struct {
		Call      string          `json:"tool_call_id"`
		Name      string          `json:"function_name"`
		Arguments json.RawMessage `json:"arguments,omitempty"`
		Args      json.RawMessage `json:"args,omitempty"`
	}
	// legacyCallData is what clients before version 1.2 are told of a call.
	legacyCallData struct {
		Call      string   `json:"tool_call_id"`
		Name      string   `json:"function_name"`
		Arguments struct{} `json:"args"`
	}
	functionStoppedData struct {
		Call      string        `json:"tool_call_id"`
		Name      string        `json:"function_name"`
		Cancelled bool          `json:"cancelled"`
		Result    *functionDone `json:"result,omitempty"`
	}
	functionDone struct {
		OK   bool  `json:"ok"`
		Took int64 `json:"took_ms"`
	}
	responseData struct {
		Type string `json:"t"`
		Data any    `json:"d"`
	}
)

// incoming is a message of a client.
type incoming struct {
	ID    string          `json:"id"`
	Label string          `json:"label"`
	Type  string          `json:"type"`
	Data  json.RawMessage `json:"data"`
}

// errForeign is what a message is that is not one of RTVI; it means nothing here.
var errForeign = errors.New("no message of RTVI")

// parse reads a message of a client.
func parse(b []byte) (incoming, error) {
	var m incoming
	if !utf8.Valid(b) {
		return m, refusal("a message has to be UTF-8")
	}
	if trimmed := bytes.TrimSpace(b); len(trimmed) == 0 || trimmed[0] != '{' {
		return m, refusal("a message has to be a JSON object")
	}
	var kind struct {
		Label json.RawMessage `json:"label"`
		Type  json.RawMessage `json:"type"`
	}
	if json.Unmarshal(b, &kind) == nil && string(kind.Label) != strconv.Quote(messageLabel) {
		return m, errForeign
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return incoming{}, refusal("a message has to be a JSON object with the strings id, label and type")
	}
	if len(m.ID) > maxID {
		return incoming{}, refusal(fmt.Sprintf("the id of a message has at most %d bytes", maxID))
	}
	return m, nil
}

// version is that of a client's RTVI.
type version struct{ major, minor, patch int }

// legacy says that the client is of version 1.
func (v version) legacy() bool { return v.major == 1 }

func (v version) String() string { return fmt.Sprintf("%d.%d.%d", v.major, v.minor, v.patch) }

// parseVersion reads a version such as "2.1.0".
func parseVersion(s string) (version, error) {
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return version{}, fmt.Errorf("the version %q is not one of three numbers", short(s))
	}
	var numbers [3]int
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 15)
		if err != nil {
			return version{}, fmt.Errorf("the version %q is not one of three numbers", short(s))
		}
		numbers[i] = int(n)
	}
	return version{numbers[0], numbers[1], numbers[2]}, nil
}
