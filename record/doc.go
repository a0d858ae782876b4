// Package record keeps conversations in PostgreSQL as they go, so that another server
// can take one up when the one that held it is gone.
//
// A conversation is held by one server at a time. Every server says each half second
// that it lives; who has not for [Options.Lease] is dead, and its conversations in
// rooms may be claimed. Each claim raises the conversation's epoch, and what is written
// under an earlier one is refused: a server that was only cut off learns of it and ends
// its conversation.
package record
