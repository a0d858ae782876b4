-- What the shop sells is searched in memory; the revision says when that is out of date.

-- +goose Up
CREATE TABLE catalogue (revision BIGINT NOT NULL);
INSERT INTO catalogue (revision) VALUES (1);

-- +goose Down
DROP TABLE catalogue;
