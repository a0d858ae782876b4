-- Money is in minor units (cents), times are seconds since 1970 in UTC, options
-- are JSON objects. Only types and syntax that SQLite and PostgreSQL share.

-- +goose Up
CREATE TABLE products (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    keywords    TEXT NOT NULL DEFAULT ''
);

CREATE TABLE variants (
    id          TEXT PRIMARY KEY,
    product_id  TEXT NOT NULL REFERENCES products (id),
    position    BIGINT NOT NULL,
    options     TEXT NOT NULL,
    price_minor BIGINT NOT NULL,
    currency    TEXT NOT NULL,
    available   BIGINT NOT NULL
);
CREATE INDEX variants_of_product ON variants (product_id, position);

CREATE TABLE customers (
    id         TEXT PRIMARY KEY,
    first_name TEXT NOT NULL,
    last_name  TEXT NOT NULL,
    email      TEXT NOT NULL,
    time_zone  TEXT NOT NULL DEFAULT '',
    address1   TEXT NOT NULL,
    address2   TEXT NOT NULL DEFAULT '',
    city       TEXT NOT NULL,
    state      TEXT NOT NULL DEFAULT '',
    country    TEXT NOT NULL,
    zip        TEXT NOT NULL
);

CREATE TABLE payment_methods (
    customer_id   TEXT NOT NULL REFERENCES customers (id),
    id            TEXT NOT NULL,
    position      BIGINT NOT NULL,
    source        TEXT NOT NULL,
    brand         TEXT NOT NULL DEFAULT '',
    last_four     TEXT NOT NULL DEFAULT '',
    balance_minor BIGINT,
    PRIMARY KEY (customer_id, id)
);

CREATE TABLE orders (
    id            TEXT PRIMARY KEY,
    customer_id   TEXT NOT NULL REFERENCES customers (id),
    status        TEXT NOT NULL,
    currency      TEXT NOT NULL,
    placed_at     BIGINT NOT NULL,
    cancel_reason TEXT NOT NULL DEFAULT '',
    address1      TEXT NOT NULL,
    address2      TEXT NOT NULL DEFAULT '',
    city          TEXT NOT NULL,
    state         TEXT NOT NULL DEFAULT '',
    country       TEXT NOT NULL,
    zip           TEXT NOT NULL
);
CREATE INDEX orders_of_customer ON orders (customer_id, placed_at);

CREATE TABLE order_lines (
    order_id    TEXT NOT NULL REFERENCES orders (id),
    position    BIGINT NOT NULL,
    item_id     TEXT NOT NULL,
    product_id  TEXT NOT NULL,
    name        TEXT NOT NULL,
    options     TEXT NOT NULL,
    price_minor BIGINT NOT NULL,
    PRIMARY KEY (order_id, position)
);

CREATE TABLE payments (
    order_id          TEXT NOT NULL REFERENCES orders (id),
    position          BIGINT NOT NULL,
    kind              TEXT NOT NULL,
    amount_minor      BIGINT NOT NULL,
    payment_method_id TEXT NOT NULL,
    PRIMARY KEY (order_id, position)
);

CREATE TABLE fulfilments (
    order_id     TEXT NOT NULL REFERENCES orders (id),
    position     BIGINT NOT NULL,
    tracking_id  TEXT NOT NULL,
    carrier      TEXT NOT NULL DEFAULT '',
    service      TEXT NOT NULL DEFAULT '',
    eta          BIGINT,
    delivered_at BIGINT,
    PRIMARY KEY (order_id, position)
);

CREATE TABLE fulfilment_items (
    order_id   TEXT NOT NULL,
    fulfilment BIGINT NOT NULL,
    position   BIGINT NOT NULL,
    item_id    TEXT NOT NULL,
    PRIMARY KEY (order_id, fulfilment, position),
    FOREIGN KEY (order_id, fulfilment) REFERENCES fulfilments (order_id, position)
);

CREATE TABLE parcel_events (
    order_id   TEXT NOT NULL,
    fulfilment BIGINT NOT NULL,
    position   BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    code       TEXT NOT NULL,
    place      TEXT NOT NULL,
    PRIMARY KEY (order_id, fulfilment, position),
    FOREIGN KEY (order_id, fulfilment) REFERENCES fulfilments (order_id, position)
);

CREATE TABLE returns (
    order_id          TEXT PRIMARY KEY REFERENCES orders (id),
    payment_method_id TEXT NOT NULL,
    requested_at      BIGINT NOT NULL
);

CREATE TABLE return_items (
    order_id TEXT NOT NULL REFERENCES returns (order_id),
    position BIGINT NOT NULL,
    item_id  TEXT NOT NULL,
    PRIMARY KEY (order_id, position)
);

-- The first answer to each write, by its idempotency key.
CREATE TABLE writes (
    key         TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL,
    tool        TEXT NOT NULL,
    result      TEXT NOT NULL,
    at          BIGINT NOT NULL
);

-- +goose Down
DROP TABLE writes;
DROP TABLE return_items;
DROP TABLE returns;
DROP TABLE parcel_events;
DROP TABLE fulfilment_items;
DROP TABLE fulfilments;
DROP TABLE payments;
DROP TABLE order_lines;
DROP TABLE orders;
DROP TABLE payment_methods;
DROP TABLE customers;
DROP TABLE variants;
DROP TABLE products;
