// Package agent holds a conversation: it hears when a caller speaks and when they
// have finished, answers, falls silent when they speak again, and remembers what
// was heard and done.
//
// A [Conversation] is one goroutine that owns all its state; what happens beside
// it (recognition, generation, synthesis, tools, the playout) tells it by
// messages, all of which are in inbox.go. An [Event] is what it tells the world;
// all of them are in event.go. A [Host] keeps the conversations of a server.
//
// Read ear.go, utterance.go and interrupt.go for the way of a voice in, turn.go,
// think.go, act.go and speak.go for the way of an answer out.
package agent
