package agent

import (
	"strings"
	"time"

	"parley/llm"
	"parley/tools"
)

// announce says what the tools of a step want said when they begin. A turn that
// has said something already needs no such words.
func (k *thinker) announce(at int, calls []llm.ToolCall) error {
	if k.spoke {
		return nil
	}
	for _, call := range calls {
		def, _ := k.definition(call.Name)
		if text := tools.InLanguage(def.Say.Start, k.turn.language); text != "" {
			return k.remark(at, text)
		}
	}
	return nil
}

// slow is what to say, once, when the tools of a step take long, and after what
// time; "" for nothing.
func (k *thinker) slow(calls []llm.ToolCall) (text string, after time.Duration) {
	for _, call := range calls {
		def, _ := k.definition(call.Name)
		said := tools.InLanguage(def.Say.Slow, k.turn.language)
		if said != "" && def.Say.SlowAfter > 0 && (text == "" || def.Say.SlowAfter < after) {
			text, after = said, def.Say.SlowAfter
		}
	}
	return text, after
}

// remark says a sentence of its own, at once.
func (k *thinker) remark(at int, text string) error {
	if err := k.hand(at, strings.TrimSpace(text)+" "); err != nil {
		return err
	}
	k.say(k.splitter.Flush())
	return nil
}
