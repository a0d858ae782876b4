// Package config reads parley.yaml. A wrong key or value is an error that names
// file, line, column and what would be right, and all of them are told at once.
//
// The structs below are the whole truth: what a key is called, what it may hold
// and what it means stands in their tags, which package yamltree explains, and from
// which the reader, the checks and the JSON Schema are all made. The shapes that
// the tag check may name are url, origin, listen, ip, stun, turn, livekit and language.
package config

import "time"

// The engines.
const (
	Local  = "local"
	OpenAI = "openai"
	Rules  = "rules"

	Anthropic = "anthropic"
	Google    = "google"
	Ollama    = "ollama"
	Mistral   = "mistral"
	Bedrock   = "bedrock"
)

// How a brain calls tools.
const (
	ToolsNative     = "native"
	ToolsStructured = "structured"
	ToolsAuto       = "auto"
)

// Config is the whole of parley.yaml.
type Config struct {
	Server    Server    `yaml:"server" doc:"Where the server listens and who may use it."`
	Access    Access    `yaml:"access" doc:"How much those who may use it can take, and from which web pages."`
	Shop      Shop      `yaml:"shop" doc:"The shop that the agent works for."`
	Photos    Photos    `yaml:"photos" doc:"What becomes of the photos that callers send."`
	Recording Recording `yaml:"recording" doc:"Whether the sound of calls is kept."`
	ASR       ASR       `yaml:"asr" doc:"How speech becomes text."`
	LLM       []LLM     `yaml:"llm" doc:"What answers, in order of preference: when one fails, the next takes the turn."`
	Failover  Failover  `yaml:"failover" doc:"When a turn goes from one brain to the next."`
	TTS       TTS       `yaml:"tts" doc:"How text becomes speech."`
	Tools     Tools     `yaml:"tools" doc:"What the agent can do beyond what is built in."`
	Turn      Turn      `yaml:"turn" doc:"When a caller is taken to have finished."`
	Interrupt Interrupt `yaml:"interrupt" doc:"How readily the agent gives way to a caller who speaks over it."`
	WebRTC    WebRTC    `yaml:"webrtc" doc:"How calls reach this server."`
	LiveKit   LiveKit   `yaml:"livekit" doc:"A LiveKit server whose rooms the agent joins."`
	Record    Record    `yaml:"record" doc:"Where conversations are kept as they go, so that another server can take one up when this one is gone."`
	Limits    Limits    `yaml:"limits" doc:"What bounds the load."`
	Log       Log       `yaml:"log" doc:"What is logged, to standard error."`
}

// Server says where the server listens.
type Server struct {
	Addr     string   `yaml:"addr" check:"listen" doc:"Host and port to listen on. On anything but loopback, keys are needed: parley keys create makes one."`
	Keys     []Secret `yaml:"keys" doc:"API keys, beside those of parley keys, which can also be rotated and revoked. No key at all means open, on loopback only."`
	CertFile string   `yaml:"cert_file" doc:"Certificate with its chain, PEM, for TLS."`
	KeyFile  string   `yaml:"key_file" doc:"The certificate's private key, PEM."`
	ACME     ACME     `yaml:"acme" doc:"A certificate that is fetched and renewed by itself, in place of the files. The server has to be reached on port 443."`
}

// ACME fetches certificates (RFC 8555).
type ACME struct {
	Domains []string `yaml:"domains" doc:"Names to have certificates for, such as voice.shop.example. Naming one accepts the terms of the authority."`
	Email   string   `yaml:"email" doc:"Whom the authority writes to when something is wrong."`
	URL     string   `yaml:"url" check:"url" doc:"Directory of another authority. Empty means Let's Encrypt."`
}

// Access says how much may be taken.
type Access struct {
	Origins  []string `yaml:"origins" check:"origin" doc:"Web origins whose pages may use the API with a token, such as https://shop.example. The server's own page always may."`
	Proxies  []string `yaml:"proxies" check:"ip" doc:"Addresses of reverse proxies in front of this server, whose X-Forwarded-For is believed."`
	Key      Bounds   `yaml:"key" doc:"What one API key may take, its tokens included."`
	Customer Bounds   `yaml:"customer" doc:"What one customer may take."`
	Address  Bounds   `yaml:"address" doc:"What one network address may take with tokens (IPv6: one /64)."`
}

// Bounds limit one key, customer or address.
type Bounds struct {
	Calls       int           `yaml:"calls" min:"0" max:"100000" doc:"Conversations at once. 0 means no bound."`
	CallsMinute int           `yaml:"calls_minute" min:"0" max:"1000000" doc:"Conversations that may begin in a minute. 0 means no bound."`
	Requests    int           `yaml:"requests_minute" min:"0" max:"10000000" doc:"Requests in a minute. 0 means no bound."`
	Day         time.Duration `yaml:"day" min:"0s" max:"2400000h" doc:"Conversation in a day (UTC), all together. 0s means no bound."`
	BytesDay    int           `yaml:"bytes_day" min:"0" max:"1000000000000" doc:"Bytes that may be sent in a day. 0 means no bound."`
}

// Shop says whom the agent works for.
type Shop struct {
	Name     string `yaml:"name" doc:"The shop's name, as the agent says it."`
	Language string `yaml:"language" check:"language" doc:"BCP 47 tag of the language in which a conversation begins, such as en or id-ID."`
	Data     string `yaml:"data" doc:"Folder for the shop's data. Empty means the user's data folder."`
	DSN      Hidden `yaml:"dsn" doc:"A store in PostgreSQL in place of the folder, such as postgres://shop:${DB_PASSWORD}@db/shop."`
	Demo     string `yaml:"demo" enum:"auto,off" doc:"auto: a store that holds nothing else gets the demo shop. off: it stays empty."`
	Policy   string `yaml:"policy" doc:"File with what may be returned and what is offered for problems. Empty means the one that comes with parley (parley policy check)."`
	Lanes    string `yaml:"lanes" doc:"File with the ways in which parcels travel. Empty means the one that comes with parley."`
}

// Photos says what becomes of the photos that callers send.
type Photos struct {
	Keep      time.Duration `yaml:"keep" min:"0s" max:"87600h" doc:"How long a photo is kept after it was last sent. 0s keeps none."`
	Requests  time.Duration `yaml:"requests" min:"0s" max:"87600h" doc:"How long a photo is kept that belongs to a return, an exchange or a reported problem, from when that was made, where it is longer than keep."`
	Space     int           `yaml:"space" min:"0" max:"1000000000000000" doc:"Most bytes of kept photos; more are not kept. 0 means no bound."`
	HEIC      string        `yaml:"heic" enum:"auto,off" doc:"auto: HEIC photos are read where libheif's heif-dec or heif-convert is installed. off: they are refused, with advice."`
	Text      string        `yaml:"text" enum:"auto,off" doc:"auto: what is printed in a photo is read where tesseract is installed. off: it is not."`
	Languages []string      `yaml:"languages" doc:"Languages that print is read in, at most three, in tesseract's names, such as eng or chi_sim. Empty means the shop's language and English."`
}

// Recording says whether calls are recorded.
type Recording struct {
	Enabled bool          `yaml:"enabled" doc:"Keep the sound of each turn of a call, in recordings in the data folder. Callers are told."`
	Keep    time.Duration `yaml:"keep" min:"1m" max:"87600h" doc:"How long a recording is kept."`
}

// ASR chooses and sets up the recogniser.
type ASR struct {
	Engine         string        `yaml:"engine" enum:"local,openai" doc:"local: on this machine. openai: any server with OpenAI's /audio/transcriptions."`
	BaseURL        string        `yaml:"base_url" engine:"openai" need:"openai" check:"url" doc:"Address up to and with the version, such as https://api.openai.com/v1."`
	Model          string        `yaml:"model" engine:"openai" need:"openai" doc:"The server's name for the model."`
	APIKey         Secret        `yaml:"api_key" engine:"openai" doc:"The key, as a reference to an environment variable."`
	Timeout        time.Duration `yaml:"timeout" engine:"openai" min:"100ms" max:"60s" doc:"Longest wait for a transcript. 0 means 6s."`
	Partials       bool          `yaml:"partials" engine:"openai" doc:"Also recognise while the caller still speaks, for captions. Each costs as much as a final one."`
	DetectLanguage bool          `yaml:"detect_language" engine:"openai" doc:"Ask which language was heard (verbose_json). Not every model can say."`
	Prompt         string        `yaml:"prompt" engine:"openai" doc:"Words the model may expect, such as product names."`
	Dir            string        `yaml:"dir" engine:"local" doc:"Folder of another Moonshine model. Empty means the one that parley fetches."`
	Threads        int           `yaml:"threads" engine:"local" min:"1" max:"64" doc:"Threads of one recognition. 0 means 1."`
	Parallel       int           `yaml:"parallel" engine:"local" min:"1" max:"64" doc:"Recognitions that run at once. 0 means 2."`
}

// LLM chooses and sets up a brain.
type LLM struct {
	Engine          string        `yaml:"engine" enum:"rules,openai,anthropic,google,ollama,mistral,bedrock" need:"*" doc:"rules: embedded, without a network. openai: any server with OpenAI's /chat/completions. anthropic: Anthropic's own protocol. google, ollama, mistral, bedrock: their OpenAI-compatible endpoints."`
	Name            string        `yaml:"name" doc:"What it is called in logs, metrics and events. Empty means the model's name, or the engine's."`
	BaseURL         string        `yaml:"base_url" engine:"openai,anthropic,google,ollama,mistral,bedrock" need:"openai,bedrock" check:"url" doc:"Address up to and with the version, such as https://api.openai.com/v1. The other engines know their own."`
	Model           string        `yaml:"model" engine:"openai,anthropic,google,ollama,mistral,bedrock" need:"openai,anthropic,google,ollama,mistral,bedrock" doc:"The server's name for the model."`
	APIKey          Secret        `yaml:"api_key" engine:"openai,anthropic,google,ollama,mistral,bedrock" need:"anthropic,google,mistral,bedrock" doc:"The key, as a reference to an environment variable."`
	Tools           string        `yaml:"tools" engine:"openai,google,ollama,mistral,bedrock" enum:"native,structured,auto" doc:"How tools are called. native: as OpenAI does, which is what empty means. structured: the answer is bound to a JSON schema, for models that were not trained to call tools. auto: one small request at the start finds out."`
	Images          bool          `yaml:"images" engine:"openai,anthropic,google,ollama,mistral,bedrock" doc:"The model can see: it is given the photos that callers send. One that cannot is told what was found in them."`
	FirstToken      time.Duration `yaml:"first_token" engine:"openai,anthropic,google,ollama,mistral,bedrock" min:"100ms" max:"60s" doc:"Longest wait for the first token. 0 means failover.first_token where another brain follows, else 6s."`
	Between         time.Duration `yaml:"between" engine:"openai,anthropic,google,ollama,mistral,bedrock" min:"100ms" max:"60s" doc:"Longest wait from one token to the next. 0 means 4s."`
	Timeout         time.Duration `yaml:"timeout" engine:"openai,anthropic,google,ollama,mistral,bedrock" min:"1s" max:"10m" doc:"Longest time for a whole answer. 0 means 60s."`
	MaxTokens       int           `yaml:"max_tokens" engine:"openai,anthropic,google,ollama,mistral,bedrock" min:"1" max:"100000" doc:"Longest answer in tokens. 0 leaves it to the server (anthropic: 1024)."`
	Temperature     *float64      `yaml:"temperature" engine:"openai,anthropic,google,ollama,mistral,bedrock" min:"0" max:"2" doc:"Sampling temperature. Left out, the server decides."`
	ReasoningEffort string        `yaml:"reasoning_effort" engine:"openai,google,ollama,mistral,bedrock" enum:"none,minimal,low,medium,high" doc:"How much a model that can think does so before it answers. Callers wait for it."`
}

// Failover says how patient the agent is with a brain that others follow.
type Failover struct {
	FirstToken time.Duration `yaml:"first_token" min:"100ms" max:"60s" doc:"Longest wait for the first token of a brain that others follow."`
	Budget     time.Duration `yaml:"budget" min:"100ms" max:"60s" doc:"Longest wait for all brains but the last, which is asked at once when this is over."`
	Failures   int           `yaml:"failures" min:"1" max:"1000" doc:"Failures in a row after which a brain is left alone."`
	Rest       time.Duration `yaml:"rest" min:"1s" max:"1h" doc:"How long it is left alone; then one turn tries it."`
}

// TTS chooses and sets up the voice.
type TTS struct {
	Engine       string        `yaml:"engine" enum:"local,openai" doc:"local: on this machine. openai: any server with OpenAI's /audio/speech."`
	BaseURL      string        `yaml:"base_url" engine:"openai" need:"openai" check:"url" doc:"Address up to and with the version, such as https://api.openai.com/v1."`
	Model        string        `yaml:"model" engine:"openai" need:"openai" doc:"The server's name for the model."`
	Voice        string        `yaml:"voice" engine:"openai" need:"openai" doc:"The server's name for the voice, such as alloy."`
	APIKey       Secret        `yaml:"api_key" engine:"openai" doc:"The key, as a reference to an environment variable."`
	Format       string        `yaml:"format" engine:"openai" enum:"pcm,wav" doc:"How the sound travels. Empty means pcm."`
	Rate         int           `yaml:"rate" engine:"openai" min:"8000" max:"96000" doc:"Rate of pcm in Hz. 0 means 24000, as OpenAI sends it."`
	Instructions string        `yaml:"instructions" engine:"openai" doc:"How to speak, for models that take it."`
	FirstByte    time.Duration `yaml:"first_byte" engine:"openai" min:"100ms" max:"60s" doc:"Longest wait for the first sound. 0 means 5s."`
	Between      time.Duration `yaml:"between" engine:"openai" min:"100ms" max:"60s" doc:"Longest wait from one piece of sound to the next. 0 means 3s."`
	Speed        float64       `yaml:"speed" min:"0.25" max:"4" doc:"How fast the voice speaks. 0 means 1, its own speed."`
	Steadiness   float64       `yaml:"steadiness" engine:"local" min:"0" max:"1" doc:"How alike a text sounds each time: 0 as lively as the voice was trained, 1 the same each time."`
	Dir          string        `yaml:"dir" engine:"local" doc:"Folder of another Piper voice. Empty means the one that parley fetches."`
	Language     string        `yaml:"language" engine:"local" check:"language" doc:"BCP 47 tag of what that voice speaks. Empty means en-US."`
	Threads      int           `yaml:"threads" engine:"local" min:"1" max:"64" doc:"Threads of one synthesis. 0 means 1."`
	Parallel     int           `yaml:"parallel" engine:"local" min:"1" max:"64" doc:"Syntheses that run at once. 0 means 2."`
}

// Tools says what the agent can do.
type Tools struct {
	Dir  string               `yaml:"dir" doc:"Folder with tool files, one YAML file a tool. Empty means tools in the data folder. They add to the builtin ones; one of the same name replaces. Changes are taken up while the agent runs."`
	MCP  map[string]MCPServer `yaml:"mcp" doc:"MCP servers by the name that tool files call them."`
	HTTP ToolHTTP             `yaml:"http" doc:"How HTTP tools reach out."`
}

// MCPServer is a server of the Model Context Protocol: a program to start, or an
// address.
type MCPServer struct {
	Command []string          `yaml:"command" doc:"Program and arguments to start, which speaks MCP on its standard input and output."`
	Env     map[string]Hidden `yaml:"env" doc:"Environment of the program, beside the usual. A secret is a reference to this process's own: ${NAME}."`
	URL     string            `yaml:"url" check:"url" doc:"Address of a server with streamable HTTP, in place of a command."`
	Headers map[string]Hidden `yaml:"headers" doc:"Headers of each request to url, such as Authorization: Bearer ${NAME}."`
}

// ToolHTTP says how HTTP tools reach out.
type ToolHTTP struct {
	AllowPrivate bool `yaml:"allow_private" doc:"Let tool files that say private: true reach addresses of private networks and of this machine."`
}

// Turn says when a caller has finished.
type Turn struct {
	Recognise  time.Duration `yaml:"recognise" min:"20ms" max:"1s" doc:"Silence at which recognition starts, in advance."`
	Silence    time.Duration `yaml:"silence" min:"100ms" max:"5s" doc:"Silence that ends a turn which sounds or reads complete."`
	Unsure     time.Duration `yaml:"unsure" min:"100ms" max:"5s" doc:"Silence that ends a turn of which nothing is known."`
	MaxSilence time.Duration `yaml:"max_silence" min:"100ms" max:"10s" doc:"Silence that ends a turn which sounds or reads incomplete."`
	Dictation  time.Duration `yaml:"dictation" min:"100ms" max:"10s" doc:"Silence that ends a turn in which something is dictated, such as an order number."`
	Filler     time.Duration `yaml:"filler" min:"0s" max:"30s" doc:"Silence before a slow answer after which the agent says a word of patience, once. 0s is never."`
	Idle       time.Duration `yaml:"idle" min:"0s" max:"10m" doc:"Silence of a caller after an answer, after which the agent asks whether they are still there, twice at most. 0s is never."`
	MinVoice   time.Duration `yaml:"min_voice" min:"0s" max:"1s" doc:"Least voice that a transcript must rest on, since recognisers make words up for noise."`
}

// Interrupt says how readily the agent gives way.
type Interrupt struct {
	After       time.Duration `yaml:"after" min:"0s" max:"2s" doc:"Speech it takes to cut the agent off for good. It falls silent at once in any case."`
	ResumeAfter time.Duration `yaml:"resume_after" min:"0s" max:"5s" doc:"Silence after which a false alarm is over and the agent goes on from the same word."`
}

// WebRTC says how calls reach the server.
type WebRTC struct {
	UDP       string   `yaml:"udp" check:"listen" doc:"Address and port that all calls share, such as :3478. Port 0 takes a free one. Empty means the server's host and a free port."`
	TCP       string   `yaml:"tcp" check:"listen" doc:"The same for callers whose network lets no UDP through. Empty means the server's host and a free port."`
	PublicIPs []string `yaml:"public_ips" check:"ip" doc:"Addresses under which this server is reached from outside, when it stands behind a 1:1 NAT."`
	STUN      []string `yaml:"stun" check:"stun" doc:"STUN servers, such as stun:stun.example.org:3478. A server with a public address needs none."`
	TURN      []TURN   `yaml:"turn" doc:"TURN servers."`
}

// TURN is a relay for callers that cannot be reached otherwise.
type TURN struct {
	URLs       []string `yaml:"urls" check:"turn" need:"*" doc:"Addresses, such as turn:turn.example.org:3478?transport=udp."`
	Username   string   `yaml:"username" need:"*" doc:"User name."`
	Credential Secret   `yaml:"credential" need:"*" doc:"Password, as a reference to an environment variable."`
}

// LiveKit names a media server, to which this program offers itself as an agent worker.
type LiveKit struct {
	URL       string        `yaml:"url" check:"livekit" doc:"Address of the server, such as ws://127.0.0.1:7880 or wss://livekit.shop.example. Empty means none."`
	APIKey    string        `yaml:"api_key" doc:"The server's name for the key."`
	APISecret Secret        `yaml:"api_secret" doc:"The key's secret, as a reference to an environment variable."`
	AgentName string        `yaml:"agent_name" doc:"Name under which the agent is dispatched into rooms. Empty means that it is sent into every room."`
	Jobs      string        `yaml:"jobs" enum:"room,participant" doc:"What the agent is sent for: a room, or each participant of it."`
	Grace     time.Duration `yaml:"grace" min:"1s" max:"10m" doc:"How long the agent waits alone in a room for the person to come, or to come back."`
	Drain     time.Duration `yaml:"drain" min:"0s" max:"24h" doc:"How long calls in rooms may go on when the program is told to stop."`
}

// Record says where conversations are kept.
type Record struct {
	DSN  Hidden        `yaml:"dsn" doc:"PostgreSQL that all servers share, such as postgres://parley:${DB_PASSWORD}@db/parley. Empty keeps conversations nowhere."`
	Keep time.Duration `yaml:"keep" min:"0s" max:"87600h" doc:"How long a conversation is kept after its end."`
}

// Limits bound the load.
type Limits struct {
	Calls              int           `yaml:"calls" min:"1" max:"100000" doc:"Calls at once."`
	Connecting         int           `yaml:"connecting" min:"1" max:"100000" doc:"Calls at once that are not connected yet."`
	Conversation       time.Duration `yaml:"conversation" min:"10s" max:"24h" doc:"Longest conversation."`
	Recognition        time.Duration `yaml:"recognition" min:"100ms" max:"60s" doc:"Longest wait for a transcript before the caller hears an apology."`
	FirstToken         time.Duration `yaml:"first_token" min:"100ms" max:"60s" doc:"Longest wait for an answer to begin before the caller hears an apology."`
	Synthesis          time.Duration `yaml:"synthesis" min:"100ms" max:"60s" doc:"Longest wait for a clause to sound before the caller reads an apology."`
	Steps              int           `yaml:"steps" min:"1" max:"50" doc:"Times the brain may be asked in one turn, which bounds its tool calls."`
	History            int           `yaml:"history" min:"500" max:"1000000" doc:"Most of what was said that a brain is given, in tokens (estimated). Older messages are summed up."`
	TokensConversation int           `yaml:"tokens_conversation" min:"0" max:"1000000000" doc:"Most tokens that language models may take in one conversation, in and out. 0 means no bound."`
	TokensDay          int           `yaml:"tokens_day" min:"0" max:"1000000000000" doc:"Most tokens that language models may take in one day, in and out. 0 means no bound."`
	Text               int           `yaml:"text" min:"100" max:"65536" doc:"Longest typed message in bytes."`
}

// Log says what is logged.
type Log struct {
	Level  string `yaml:"level" enum:"debug,info,warn,error" doc:"The least that is logged."`
	Format string `yaml:"format" enum:"text,json" doc:"text for people, json for machines."`
}

// Default is the config without a file: everything embedded, on loopback.
func Default() *Config {
	return &Config{
		Server: Server{Addr: "127.0.0.1:8080"},
		Access: Access{
			Key:      Bounds{CallsMinute: 600, Requests: 6000},
			Customer: Bounds{Calls: 3, CallsMinute: 12, Requests: 240, Day: 4 * time.Hour, BytesDay: 100 << 20},
			Address:  Bounds{Calls: 20, CallsMinute: 60, Requests: 1200, BytesDay: 500 << 20},
		},
		Shop:      Shop{Name: "Parley Demo Shop", Language: "en", Demo: "auto"},
		Photos:    Photos{Keep: 30 * 24 * time.Hour, Requests: 180 * 24 * time.Hour, Space: 10_000_000_000, HEIC: "auto", Text: "auto"},
		Recording: Recording{Keep: 7 * 24 * time.Hour},
		ASR:       ASR{Engine: Local},
		LLM:       []LLM{{Engine: Rules}},
		Failover:  Failover{FirstToken: 2500 * time.Millisecond, Budget: 5 * time.Second, Failures: 3, Rest: 20 * time.Second},
		TTS:       TTS{Engine: Local},
		Turn: Turn{
			Recognise: 100 * time.Millisecond, Silence: 250 * time.Millisecond, Unsure: 500 * time.Millisecond,
			MaxSilence: 1200 * time.Millisecond, Dictation: 1500 * time.Millisecond, MinVoice: 120 * time.Millisecond, Filler: 1200 * time.Millisecond,
		},
		Interrupt: Interrupt{After: 240 * time.Millisecond, ResumeAfter: 400 * time.Millisecond},
		LiveKit:   LiveKit{AgentName: "parley", Jobs: "room", Grace: 20 * time.Second, Drain: time.Minute},
		Record:    Record{Keep: 24 * time.Hour},
		Limits: Limits{
			Calls: 250, Connecting: 100, Conversation: 2 * time.Hour,
			Recognition: 8 * time.Second, FirstToken: 8 * time.Second, Synthesis: 6 * time.Second, Steps: 8, History: 6000, Text: 8 << 10,
		},
		Log: Log{Level: "info", Format: "text"},
	}
}
