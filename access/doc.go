// Package access says who may use the HTTP API: API keys that a shop's server
// holds, short-lived tokens that a customer's browser holds, and limits on how
// much any of them takes. It knows nothing of HTTP; package api translates.
package access

import "errors"

// What a key may do.
const (
	// Mint: make tokens for customers.
	Mint = "tokens"
	// Converse: begin conversations itself, and reach every conversation.
	Converse = "conversations"
)

// Scopes are all that a key can be given.
func Scopes() []string { return []string{Mint, Converse} }

// Why nobody is let through. The text is meant for the client and gives away
// nothing that it does not know.
var (
	// ErrUnknown: no such key or token; it may be forged, mistyped or revoked.
	ErrUnknown = errors.New("access: the key or token is not known here")
	// ErrExpired: the token was good once.
	ErrExpired = errors.New("access: the token has expired; ask the shop's server for a new one")
	// ErrSpent: the token has begun as many conversations as it may.
	ErrSpent = errors.New("access: the token has begun as many conversations as it may; ask the shop's server for a new one")
	// ErrNoKey: there is no key of that id.
	ErrNoKey = errors.New("access: there is no such key")
)
