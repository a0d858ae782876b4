package agent

import "parley/llm"

// Preview is what a brain would be given at the beginning of a conversation, when
// the caller says text; "" leaves that out. spoken says that they listen. Nothing
// is started.
func Preview(o Options, spoken bool, text string) (llm.Request, error) {
	c, err := New(o)
	if err != nil {
		return llm.Request{}, err
	}
	c.hears = spoken
	return c.buildRequest(&turn{user: text, language: c.language}, o.Engines.Tools.Definitions(o.Caller)), nil
}
