-- Conversations as they go, for another server to take up from. Times are the
-- database's own, so that servers need not agree on one.

-- +goose Up
-- A server that lives says so here; one that has not for a while is dead.
CREATE TABLE record_nodes (
    id   text PRIMARY KEY,
    seen timestamptz NOT NULL
);

CREATE TABLE record_conversations (
    id       text PRIMARY KEY,
    room     text,                     -- NULL: no room, so nobody can take it up
    shopper  text NOT NULL,            -- whose it is in the room, '' for the first there
    agent    text NOT NULL,            -- the agent's identity in the room
    customer text NOT NULL,            -- whom it began with, '' for a stranger
    errand   text NOT NULL,            -- what who began it may do, JSON; opaque here
    story    text NOT NULL,            -- JSON; text, because jsonb takes no \u0000
    node     text NOT NULL,            -- the server that holds it
    epoch    bigint NOT NULL,          -- counts who has held it; others' writes are refused
    started  timestamptz NOT NULL,
    updated  timestamptz NOT NULL,
    ended    timestamptz,
    cause    text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX record_rooms ON record_conversations (room, shopper) WHERE ended IS NULL AND room IS NOT NULL;
CREATE INDEX record_held ON record_conversations (node) WHERE ended IS NULL;
CREATE INDEX record_ended ON record_conversations (ended) WHERE ended IS NOT NULL;

CREATE TABLE record_writes (
    conversation text NOT NULL REFERENCES record_conversations (id) ON DELETE CASCADE,
    key          text NOT NULL,        -- the idempotency key
    number       bigint GENERATED ALWAYS AS IDENTITY,
    name         text NOT NULL,
    arguments    text NOT NULL,
    serial       bigint NOT NULL,
    begun        timestamptz NOT NULL,
    finished     timestamptz,          -- NULL: its outcome is not known
    ok           boolean NOT NULL DEFAULT false,
    result       text NOT NULL DEFAULT '',
    caller       text NOT NULL DEFAULT '', -- JSON, '' for nobody
    PRIMARY KEY (conversation, key)
);

-- +goose Down
DROP TABLE record_writes;
DROP TABLE record_conversations;
DROP TABLE record_nodes;
