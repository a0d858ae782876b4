-- The photos that customers sent in the conversation in which a return, an exchange or
-- a problem was recorded. request is return, exchange, or the case of a problem; hash
-- names the photo in the folder of photos. A photo belongs to one request of its
-- conversation.

-- +goose Up
CREATE TABLE request_photos (
    conversation TEXT NOT NULL,
    hash         TEXT NOT NULL,
    order_id     TEXT NOT NULL REFERENCES orders (id),
    request      TEXT NOT NULL,
    position     BIGINT NOT NULL,
    attached_at  BIGINT NOT NULL,
    PRIMARY KEY (conversation, hash)
);
CREATE INDEX photos_of_request ON request_photos (order_id, request, position);
CREATE INDEX photos_by_hash ON request_photos (hash, attached_at);

-- +goose Down
DROP TABLE request_photos;
