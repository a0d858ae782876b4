package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"parley/internal/yamltree"
)

// env is an environment for tests.
func env(name string) (string, bool) {
	v, ok := map[string]string{"KEY": "sk-geheim", "HOST": "models.example", "EMPTY": "", "TURN_PASSWORD": "relay-geheim"}[name]
	return v, ok
}

// full uses every part of the file.
const full = `
server: {addr: "0.0.0.0:8443", keys: ["${KEY}"], cert_file: /etc/cert.pem, key_file: /etc/key.pem}
access: {origins: ["https://shop.example"], proxies: [192.0.2.1], customer: {calls: 1, day: 30m}, address: {bytes_day: 0}}
shop: {name: Kopi & Kabel, language: id-ID, data: /var/lib/parley}
photos: {keep: 48h, requests: 1000h, space: 0, heic: "off", text: "off", languages: [deu, eng]}
asr: {engine: openai, base_url: "http://127.0.0.1:9100/v1", model: whisper-1, api_key: "${KEY}", timeout: 3s, partials: true, detect_language: true, prompt: "W10002"}
failover: {budget: 2s}
llm:
  - engine: openai
    name: fast
    tools: auto
    base_url: "https://${HOST}/v1"
    model: big
    api_key: "${KEY}"
    temperature: 0
    max_tokens: 400
    first_token: 2.5s
    reasoning_effort: none
  - engine: rules
tts: {engine: openai, base_url: "http://127.0.0.1:9100/v1", model: tts-1, voice: alloy, format: wav, speed: 1.1}
turn: {silence: 300ms, max_silence: 1.4s}
interrupt: {after: 0s, resume_after: 500ms}
webrtc:
  udp: ":3478"
  public_ips: [203.0.113.7, "2001:db8::1"]
  stun: ["stun:stun.example.org:3478"]
  turn:
    - {urls: ["turn:turn.example.org:3478?transport=udp", "turns:turn.example.org"], username: u, credential: "${TURN_PASSWORD}"}
tools:
  dir: /etc/parley/tools
  mcp:
    carrier: {command: [carrier-mcp, --stdio], env: {TOKEN: "${KEY}"}}
    stock: {url: "https://${HOST}/mcp", headers: {Authorization: "Bearer ${KEY}"}}
  http: {allow_private: true}
limits: {calls: 60, connecting: 20, conversation: 30m}
log: {level: debug, format: json}
`

func TestFull(t *testing.T) {
	c, err := Parse("parley.yaml", []byte(full), env)
	if err != nil {
		t.Fatal(err)
	}
	zero := 0.0
	want := Default()
	want.Server = Server{Addr: "0.0.0.0:8443", Keys: []Secret{"sk-geheim"}, CertFile: "/etc/cert.pem", KeyFile: "/etc/key.pem"}
	want.Access.Origins, want.Access.Proxies = []string{"https://shop.example"}, []string{"192.0.2.1"}
	want.Access.Customer.Calls, want.Access.Customer.Day, want.Access.Address.BytesDay = 1, 30*time.Minute, 0
	want.Shop = Shop{Name: "Kopi & Kabel", Language: "id-ID", Data: "/var/lib/parley", Demo: "auto"}
	want.Photos.Keep, want.Photos.Requests, want.Photos.Space = 48*time.Hour, 1000*time.Hour, 0
	want.Photos.HEIC, want.Photos.Text, want.Photos.Languages = "off", "off", []string{"deu", "eng"}
	want.ASR = ASR{Engine: OpenAI, BaseURL: "http://127.0.0.1:9100/v1", Model: "whisper-1", APIKey: "sk-geheim", Timeout: 3 * time.Second, Partials: true, DetectLanguage: true, Prompt: "W10002"}
	want.Failover.FirstToken, want.Failover.Budget = 2*time.Second, 2*time.Second
	want.LLM = []LLM{{Engine: OpenAI, Name: "fast", Tools: ToolsAuto, BaseURL: "https://models.example/v1", Model: "big", APIKey: "sk-geheim", Temperature: &zero, MaxTokens: 400, FirstToken: 2500 * time.Millisecond, ReasoningEffort: "none"}, {Engine: Rules}}
	want.TTS = TTS{Engine: OpenAI, BaseURL: "http://127.0.0.1:9100/v1", Model: "tts-1", Voice: "alloy", Format: "wav", Speed: 1.1}
	want.Turn.Silence, want.Turn.MaxSilence = 300*time.Millisecond, 1400*time.Millisecond
	want.Interrupt = Interrupt{0, 500 * time.Millisecond}
	want.WebRTC = WebRTC{UDP: ":3478", PublicIPs: []string{"203.0.113.7", "2001:db8::1"}, STUN: []string{"stun:stun.example.org:3478"},
		TURN: []TURN{{URLs: []string{"turn:turn.example.org:3478?transport=udp", "turns:turn.example.org"}, Username: "u", Credential: "relay-geheim"}}}
	want.Tools = Tools{Dir: "/etc/parley/tools", HTTP: ToolHTTP{AllowPrivate: true}, MCP: map[string]MCPServer{
		"carrier": {Command: []string{"carrier-mcp", "--stdio"}, Env: map[string]Hidden{"TOKEN": {"sk-geheim"}}},
		"stock":   {URL: "https://models.example/mcp", Headers: map[string]Hidden{"Authorization": {"Bearer sk-geheim"}}},
	}}
	want.Limits.Calls, want.Limits.Connecting, want.Limits.Conversation = 60, 20, 30*time.Minute
	want.Log = Log{"debug", "json"}
	if !reflect.DeepEqual(c, want) {
		t.Fatalf("got\n%+v\nwant\n%+v", c, want)
	}
}

func TestNothingGivenIsTheDefault(t *testing.T) {
	for _, in := range []string{"", "# nothing yet\n", "---\n", "asr:\nllm:\nturn:\n", "{}", "turn: {}"} {
		c, err := Parse("parley.yaml", []byte(in), env)
		if err != nil || !reflect.DeepEqual(c, Default()) {
			t.Errorf("%q: %+v, %v", in, c, err)
		}
	}
}

// TestDefaultIsRight writes the defaults out and reads them again.
func TestDefaultIsRight(t *testing.T) {
	out, err := yaml.MarshalWithOptions(Default(), yaml.OmitZero())
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse("default.yaml", out, env)
	if err != nil || !reflect.DeepEqual(c, Default()) {
		t.Fatalf("%v\n%s\n%+v", err, out, c)
	}
}

func TestErrors(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"unknown key":           {"asr: {engin: local}", `x:1:7: asr: unknown key "engin"; did you mean "engine"?`},
		"unknown key, far":      {"log: {colour: true}", `x:1:7: log: unknown key "colour"; possible: level, format`},
		"unknown key at top":    {"interupt: {after: 1s}", `x:1:1: unknown key "interupt"; did you mean "interrupt"?`},
		"swapped letters":       {"log: {levle: info}", `x:1:7: log: unknown key "levle"; did you mean "level"?`},
		"twice":                 {"log:\n  level: info\n  level: warn", `x:3:3: log.level: the key is given twice`},
		"engine":                {"asr: {engine: opnai}", `x:1:15: asr.engine: "opnai" is not possible; did you mean "openai"?`},
		"engine, other keys":    {"asr: {engine: opnai, model: m}", `x:1:15: asr.engine: "opnai" is not possible; did you mean "openai"?`},
		"engine, far":           {"tts: {engine: piper-voice}", `x:1:15: tts.engine: "piper-voice" is not possible; possible: local, openai`},
		"key of another engine": {"asr: {model: whisper-1}", `x:1:7: asr.model: the key belongs to "engine: openai"; this is "local"`},
		"missing keys":          {"asr: {engine: openai, base_url: \"http://h/v1\"}", `x:1:6: asr: the key "model" is missing for "engine: openai"; The server's name for the model.`},
		"missing engine":        {"llm: [{model: m}]", `x:1:7: llm[0]: the key "engine" is missing; rules: embedded, without a network. openai: any server with OpenAI's /chat/completions. anthropic: Anthropic's own protocol. google, ollama, mistral, bedrock: their OpenAI-compatible endpoints.`},
		"key of other engines":  {"llm: [{engine: anthropic, model: m, tools: auto, api_key: '${KEY}'}]", `x:1:37: llm[0].tools: the key belongs to "engine: openai, google, ollama, mistral, bedrock"; this is "anthropic"`},
		"missing key":           {"llm: [{engine: google, model: m}]", `x:1:7: llm[0]: the key "api_key" is missing for "engine: google"; The key, as a reference to an environment variable.`},
		"missing address":       {"llm: [{engine: bedrock, model: m, api_key: '${KEY}'}]", `x:1:7: llm[0]: the key "base_url" is missing for "engine: bedrock"; Address up to and with the version, such as https://api.openai.com/v1. The other engines know their own.`},
		"gone too soon":         {"photos: {keep: 1h}", `x:1:16: photos.keep: photos are kept for 1h0m0s, and a conversation may take 2h0m0s: what is shown in it would be gone before its end`},
		"impatient":             {"failover: {first_token: 3s, budget: 2s}", `x:1:25: failover.first_token: 3s is longer than failover.budget (2s)`},
		"no time for the last":  {"llm: [{engine: ollama, model: m}, {engine: rules}]\nfailover: {budget: 9s}", `x:2:20: failover.budget: 9s leaves the last brain no time: limits.first_token is 8s`},
		"empty":                 {"llm: [{engine: openai, base_url: 'http://h', model: ''}]", `x:1:53: llm[0].model: the value is empty; The server's name for the model.`},
		"no brains":             {"llm: []", `x:1:6: llm: the list is empty; leave it out for "[{engine: rules}]"`},
		"after the rules":       {"llm: [{engine: rules}, {engine: rules}]", `x:1:7: llm[0]: the engine "rules" never fails, so what comes after it is never asked; put it last`},
		"one brain, no list":    {"llm: {engine: rules}", `x:1:6: llm: a mapping where a list is needed: [a, b], or a line with "- " for each`},
		"a list":                {"asr: [local]", `x:1:6: asr: a list where a mapping is needed, with the keys engine, base_url, model, api_key, timeout, partials, detect_language, prompt, dir, threads, parallel`},
		"no unit":               {"interrupt: {after: 240}", `x:1:20: interrupt.after: the number 240 has no unit; write 240ms or 240s`},
		"no duration":           {"interrupt: {after: soon}", `x:1:20: interrupt.after: "soon" is no duration; write it as 240ms, 1.2s or 5m`},
		"too long":              {"interrupt: {after: 3s}", `x:1:20: interrupt.after: 3s is not between 0s and 2s`},
		"negative":              {"interrupt: {after: -1ms}", `x:1:20: interrupt.after: -1ms is not between 0s and 2s`},
		"silences crossed":      {"turn:\n  silence: 2s\n  max_silence: 1s", `x:2:12: turn.silence: 2s is longer than turn.max_silence (1s)`},
		"number for a text":     {"shop: {name: 4711}", `x:1:14: shop.name: the number 4711 where a text is needed; put it in quotes: "4711"`},
		"bool for a text":       {"shop: {name: true}", `x:1:14: shop.name: true where a text is needed; put it in quotes: "true"`},
		"text for a bool":       {"asr: {engine: openai, base_url: 'http://h', model: m, partials: \"yes\"}", `x:1:65: asr.partials: "yes" where true or false is needed`},
		"text for a number":     {"limits: {calls: many}", `x:1:17: limits.calls: "many" where a whole number is needed`},
		"broken number":         {"limits: {calls: 1.5}", `x:1:17: limits.calls: the number 1.5 where a whole number is needed`},
		"too few":               {"limits: {calls: 0}", `x:1:17: limits.calls: 0 is not between 1 and 100000`},
		"too hot":               {"llm: [{engine: openai, base_url: 'http://h', model: m, temperature: 3}]", `x:1:69: llm[0].temperature: 3 is not between 0 and 2`},
		"no variable":           {"asr: {engine: openai, model: m, base_url: 'http://h', api_key: \"${NO_SUCH}\"}", `x:1:64: asr.api_key: the environment variable NO_SUCH is not set`},
		"empty variable":        {"asr: {engine: openai, model: m, base_url: 'http://h', api_key: \"${EMPTY}\"}", `x:1:64: asr.api_key: the environment variable in ${EMPTY} is empty`},
		"open reference":        {"shop: {name: \"${KEY\"}", `x:1:14: shop.name: ${ without a closing }`},
		"odd reference":         {"shop: {name: \"${A B}\"}", `x:1:14: shop.name: ${A B}: the name of an environment variable is letters, digits and _`},
		"reference as duration": {"interrupt: {after: \"${KEY}\"}", `x:1:20: interrupt.after: "${KEY}" is no duration; write it as 240ms, 1.2s or 5m`},
		"secret in the file":    {"asr: {engine: openai, model: m, base_url: 'http://h', api_key: sk-geheim}", `x:1:64: asr.api_key: a secret is not written here but referenced: set an environment variable and write "${ITS_NAME}"`},
		"secret in the address": {"asr: {engine: openai, model: m, base_url: 'http://u:geheim@h/v1'}", `x:1:43: asr.base_url: an address here has no user, query or fragment; a key goes in api_key`},
		"no address":            {"asr: {engine: openai, model: m, base_url: 'localhost:9100'}", `x:1:43: asr.base_url: no address; write http://HOST:PORT/v1 or https://HOST/v1`},
		"no port":               {"server: {addr: 127.0.0.1}", `x:1:16: server.addr: "127.0.0.1" is no host and port; write 127.0.0.1:8080, :8080 or [::1]:8080`},
		"odd port":              {"server: {addr: \"127.0.0.1:http\"}", `x:1:16: server.addr: the port in "127.0.0.1:http" is not a number from 0 to 65535`},
		"half a certificate":    {"server: {cert_file: a.pem}", `x:1:9: server: cert_file and key_file belong together; one of them is missing`},
		"two certificates":      {"server: {cert_file: a, key_file: b, acme: {domains: [c]}}", `x:1:43: server.acme: the certificate comes from cert_file or from acme, not from both`},
		"ACME for nothing":      {"server: {acme: {email: a@b.example}}", `x:1:16: server.acme: domains is missing; write the name under which this server is reached`},
		"origin with a path":    {"access: {origins: [\"https://a.example/\"]}", `x:1:20: access.origins[0]: "https://a.example/" is no web origin; write https://HOST or http://HOST:PORT, in lower case and without a path`},
		"ip":                    {"webrtc: {public_ips: [1.2.3]}", ``},
		"ip as text":            {"webrtc: {public_ips: [example.org]}", `x:1:23: webrtc.public_ips[0]: "example.org" is no IP address`},
		"stun":                  {"webrtc: {stun: [\"turn:h:1\"]}", `x:1:17: webrtc.stun[0]: no address of a STUN server; write stun:HOST:PORT`},
		"turn":                  {"webrtc: {turn: [{urls: [\"turn:h:1\"], username: u}]}", `x:1:17: webrtc.turn[0]: the key "credential" is missing; Password, as a reference to an environment variable.`},
		"livekit, http":         {"livekit: {url: \"http://h:1\", api_key: a, api_secret: \"${KEY}\"}", `x:1:16: livekit.url: no address of a LiveKit server; write ws://HOST:PORT or wss://HOST`},
		"livekit, no secret":    {"livekit: {url: \"ws://h:1\", api_key: a}", `x:1:10: livekit: api_key and api_secret are missing, or one of them; the server knows workers by them`},
		"livekit, no url":       {"livekit: {api_key: a}", `x:1:10: livekit: url is missing; write where the server is, such as ws://127.0.0.1:7880`},
		"livekit, bare secret":  {"livekit: {url: \"ws://h:1\", api_key: a, api_secret: hush}", `x:1:52: livekit.api_secret: a secret is not written here but referenced: set an environment variable and write "${ITS_NAME}"`},
		"record, a file":        {"record: {dsn: shop.db}", `x:1:15: record.dsn: no DSN of PostgreSQL; it looks like postgres://parley:${DB_PASSWORD}@db/parley`},
		"livekit, jobs":         {"livekit: {jobs: call}", `x:1:17: livekit.jobs: "call" is not possible; possible: room, participant`},
		"secret as address":     {"server: {addr: \"${KEY}:x:1\"}", `x:1:16: server.addr: "${KEY}:x:1" is no host and port; write 127.0.0.1:8080, :8080 or [::1]:8080`},
		"secret as language":    {"shop: {language: \"${KEY}\"}", `x:1:18: shop.language: "${KEY}" is no language; write a BCP 47 tag such as en, id or zh-Hans`},
		"secret as engine":      {"tts: {engine: \"${KEY}\"}", `x:1:15: tts.engine: "${KEY}" is not possible; possible: local, openai`},
		"language":              {"shop: {language: klingonish-and-more}", `x:1:18: shop.language: "klingonish-and-more" is no language; write a BCP 47 tag such as en, id or zh-Hans`},
		"anchor":                {"asr: &a {engine: local}\ntts: *a", "x:1:6: asr: anchors, aliases and tags are not understood here; write the value out\nx:2:6: tts: anchors, aliases and tags are not understood here; write the value out"},
		"tag":                   {"shop: {name: !!binary aGk=}", `x:1:14: shop.name: anchors, aliases and tags are not understood here; write the value out`},
		"merge":                 {"asr:\n  <<: {engine: local}", `x:2:3: asr: a key must be a plain word`},
		"odd key":               {"1: 2", `x:1:1: a key must be a plain word`},
		"no mapping":            {"hello", `x:1:1: "hello" where a mapping is needed, with the keys server, access, shop, photos, recording, asr, llm, failover, tts, tools, turn, interrupt, webrtc, livekit, record, limits, log`},
		"two documents":         {"log: {level: info}\n---\nlog: {level: warn}", `x:3:1: a second document; a config is one`},
		"server, two ways":      {"tools: {mcp: {c: {command: [x], url: 'http://h'}}}", `x:1:18: tools.mcp.c: a server has either "command: [PROGRAM, ARGUMENT…]" or "url: https://…"`},
		"server, no way":        {"tools: {mcp: {c: {}}}", `x:1:18: tools.mcp.c: a server has either "command: [PROGRAM, ARGUMENT…]" or "url: https://…"`},
		"server, odd headers":   {"tools: {mcp: {c: {command: [x], headers: {A: b}}}}", `x:1:42: tools.mcp.c.headers: headers belong to a server with a url; a command has env`},
		"server, odd env":       {"tools: {mcp: {c: {url: 'http://h', env: {A: b}}}}", `x:1:41: tools.mcp.c.env: env belongs to a server with a command; a url has headers`},
		"server, unknown key":   {"tools: {mcp: {c: {comand: [x]}}}", "x:1:19: tools.mcp.c: unknown key \"comand\"; did you mean \"command\"?"},
		"server twice":          {"tools: {mcp: {c: {command: [x]}, c: {command: [y]}}}", `x:1:34: tools.mcp.c: the key is given twice`},
		"servers in a list":     {"tools: {mcp: [c]}", `x:1:14: tools.mcp: a list where a mapping is needed, with names and values`},
		"server of nothing":     {"tools: {mcp: {c: }}", `x:1:17: tools.mcp.c: the value is empty`},
		"a number as name":      {"tools: {mcp: {1: {command: [x]}}}", `x:1:15: tools.mcp: the number 1 as a key; put it in quotes`},
		"an empty entry":        {"webrtc: {stun: [null]}", `x:1:17: webrtc.stun[0]: the entry is empty`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("x", []byte(tc.in), env)
			if _, ok := errors.AsType[Errors](err); !ok {
				t.Fatalf("got %v, want Errors", err)
			}
			if tc.want != "" && err.Error() != tc.want {
				t.Errorf("got\n%s\nwant\n%s", err, tc.want)
			}
			if strings.Contains(err.Error(), "geheim") {
				t.Errorf("the error holds a secret: %v", err)
			}
		})
	}
}

func TestAllErrorsAtOnce(t *testing.T) {
	in := "asr: {engin: local}\nlog:\n  level: loud\n  format: xml\ninterrupt:\n  after: 9s\nserver: {addr: nowhere}\n"
	_, err := Parse("parley.yaml", []byte(in), env)
	var errs Errors
	if !errors.As(err, &errs) || len(errs) != 5 {
		t.Fatalf("got %v", err)
	}
	for i, line := range []int{1, 3, 4, 6, 7} {
		if errs[i].Line != line || errs[i].Column == 0 {
			t.Errorf("error %d at %d:%d, want line %d", i, errs[i].Line, errs[i].Column, line)
		}
	}
}

func TestSyntaxErrorHasAPlace(t *testing.T) {
	for _, in := range []string{"asr: {engine: local", "a:\n\tb: 1", "asr:\n  engine: local\n bad", "x: \"open"} {
		_, err := Parse("parley.yaml", []byte(in), env)
		var errs Errors
		if !errors.As(err, &errs) || errs[0].Line == 0 || !strings.Contains(err.Error(), "not valid YAML") {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestBounds(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for i := 'b'; i < 'k'; i++ {
		bomb += fmt.Sprintf("%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", i, i, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1)
	}
	for name, in := range map[string]string{
		"too large":        strings.Repeat("# x\n", maxFile/4+1),
		"flow":             strings.Repeat("[", maxFile-1),
		"maps":             strings.Repeat("{a: ", maxFile/4-1),
		"dashes":           strings.Repeat("- ", maxFile/2-1),
		"questions":        strings.Repeat("? ", maxFile/2-1),
		"aliases":          bomb,
		"tags":             strings.Repeat("!a ", maxFile/3-1),
		"many wrong keys":  strings.Repeat("wrong: 1\n", maxFile/9-1),
		"many blank lists": "llm: [" + strings.Repeat("{},", maxFile/3-3) + "]",
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := Parse("x", []byte(in), env)
			var errs Errors
			if !errors.As(err, &errs) || len(errs) > yamltree.MaxErrors {
				t.Errorf("got %d errors: %.300v", len(errs), err)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestReferences(t *testing.T) {
	for in, want := range map[string]string{"a${HOST}b": "amodels.exampleb", "$${HOST}": "${HOST}", "$HOST": "$HOST", "${HOST}${HOST}": "models.examplemodels.example", "5$": "5$"} {
		c, err := Parse("x", []byte(fmt.Sprintf("shop: {name: %q}", in)), env)
		if err != nil || c.Shop.Name != want {
			t.Errorf("%s: %q, %v", in, c.Shop.Name, err)
		}
	}
	// What comes out of the environment is not expanded again.
	c, err := Parse("x", []byte(`shop: {name: "${A}"}`), func(string) (string, bool) { return "${B}", true })
	if err != nil || c.Shop.Name != "${B}" {
		t.Errorf("%q, %v", c.Shop.Name, err)
	}
}

func TestSecretIsNotShown(t *testing.T) {
	c, err := Parse("x", []byte(full), env)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("config", "config", c, "key", c.ASR.APIKey)
	slog.New(slog.NewTextHandler(&log, nil)).Info("config", "config", c, "key", c.ASR.APIKey)
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{
		fmt.Sprintf("%v %+v %#v %s %q", *c, *c, *c, c.ASR.APIKey, c.ASR.APIKey), fmt.Sprintf("%x %d", c.ASR.APIKey, c.ASR.APIKey),
		log.String(), string(asJSON), string(asYAML),
	} {
		if strings.Contains(out, "geheim") || strings.Contains(out, fmt.Sprintf("%x", "geheim")) {
			t.Errorf("a secret is shown: %s", out)
		}
	}
	if c.ASR.APIKey.Reveal() != "sk-geheim" || c.TTS.APIKey.String() != "" {
		t.Errorf("got %q and %q", c.ASR.APIKey.Reveal(), c.TTS.APIKey)
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parley.yaml")
	if _, err := Load(path, env); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(path, []byte("log: {level: loud}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, env); err == nil || err.Error() != path+`:1:14: log.level: "loud" is not possible; possible: debug, info, warn, error` {
		t.Errorf("got %v", err)
	}
}

// TestSilencesGiveWay names some silences of a turn; the others keep the order.
func TestSilencesGiveWay(t *testing.T) {
	const ms = time.Millisecond
	for in, want := range map[string][5]time.Duration{
		"":                                     {100 * ms, 250 * ms, 500 * ms, 1200 * ms, 1500 * ms},
		"silence: 600ms":                       {100 * ms, 600 * ms, 600 * ms, 1200 * ms, 1500 * ms},
		"max_silence: 3s":                      {100 * ms, 250 * ms, 500 * ms, 3000 * ms, 3000 * ms},
		"max_silence: 400ms":                   {100 * ms, 250 * ms, 400 * ms, 400 * ms, 1500 * ms},
		"max_silence: 200ms":                   {100 * ms, 200 * ms, 200 * ms, 200 * ms, 1500 * ms},
		"silence: 2s, dictation: 2s":           {100 * ms, 2000 * ms, 2000 * ms, 2000 * ms, 2000 * ms},
		"recognise: 300ms":                     {300 * ms, 300 * ms, 500 * ms, 1200 * ms, 1500 * ms},
		"recognise: 300ms, max_silence: 350ms": {300 * ms, 300 * ms, 350 * ms, 350 * ms, 1500 * ms},
	} {
		c, err := Parse("x", []byte("turn: {"+in+"}"), env)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got := [5]time.Duration{c.Turn.Recognise, c.Turn.Silence, c.Turn.Unsure, c.Turn.MaxSilence, c.Turn.Dictation}; got != want {
			t.Errorf("%s: got %v, want %v", in, got, want)
		}
	}
}

func TestLoopback(t *testing.T) {
	for addr, want := range map[string]bool{"127.0.0.1:80": true, "[::1]:80": true, "localhost:80": true, "127.9.9.9:1": true, "[::ffff:127.0.0.1]:1": true,
		":80": false, "0.0.0.0:80": false, "[::]:80": false, "192.168.1.1:80": false, "example.org:80": false, "nonsense": false} {
		if Loopback(addr) != want {
			t.Errorf("%s: %v", addr, !want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte("asr: &a {engine: local}\ntts: *a"))
	f.Add([]byte("llm:\n- engine: rules\n  ? x\n  : y\n"))
	f.Add([]byte("interrupt: {after: 0x10, resume_after: \"${KEY}\"}"))
	f.Fuzz(func(t *testing.T, in []byte) {
		c, err := Parse("x", in, env)
		if (c == nil) == (err == nil) {
			t.Fatalf("%v and %v", c, err)
		}
		if err != nil && strings.Contains(err.Error(), "geheim") {
			t.Fatalf("the error holds a secret: %v", err)
		}
	})
}
