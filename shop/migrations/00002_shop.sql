-- The whole store. Version 1 was a demo's and held nothing that anyone made; its
-- tables are dropped and the demo is made anew.
--
-- Money is in minor units (cents) of the currency beside it ('' where a shop's
-- data names none), times are seconds since 1970 in UTC (0 or NULL: unknown),
-- options are JSON objects, yes and no are 1 and 0. Only types and syntax that
-- SQLite and PostgreSQL share.

-- +goose Up
DROP TABLE IF EXISTS writes;
DROP TABLE IF EXISTS return_items;
DROP TABLE IF EXISTS returns;
DROP TABLE IF EXISTS parcel_events;
DROP TABLE IF EXISTS fulfilment_items;
DROP TABLE IF EXISTS fulfilments;
DROP TABLE IF EXISTS payments;
DROP TABLE IF EXISTS order_lines;
DROP TABLE IF EXISTS orders;
DROP TABLE IF EXISTS payment_methods;
DROP TABLE IF EXISTS customers;
DROP TABLE IF EXISTS variants;
DROP TABLE IF EXISTS products;

CREATE TABLE products (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    keywords    TEXT NOT NULL DEFAULT '',
    category    TEXT NOT NULL DEFAULT ''
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

-- How much of a variant lies where. A variant without a row is not counted.
CREATE TABLE stock (
    item_id   TEXT NOT NULL REFERENCES variants (id),
    warehouse TEXT NOT NULL,
    quantity  BIGINT NOT NULL,
    PRIMARY KEY (item_id, warehouse)
);

CREATE TABLE photos (
    product_id TEXT NOT NULL REFERENCES products (id),
    position   BIGINT NOT NULL,
    item_id    TEXT NOT NULL DEFAULT '',
    path       TEXT NOT NULL,
    hash       TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (product_id, position)
);

-- The keys are the e-mail and the name as they are compared: without case.
CREATE TABLE customers (
    id         TEXT PRIMARY KEY,
    first_name TEXT NOT NULL,
    last_name  TEXT NOT NULL,
    email      TEXT NOT NULL,
    email_key  TEXT NOT NULL,
    name_key   TEXT NOT NULL,
    time_zone  TEXT NOT NULL DEFAULT '',
    address1   TEXT NOT NULL,
    address2   TEXT NOT NULL DEFAULT '',
    city       TEXT NOT NULL,
    state      TEXT NOT NULL DEFAULT '',
    country    TEXT NOT NULL,
    zip        TEXT NOT NULL,
    changed_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX customers_by_email ON customers (email_key);
CREATE INDEX customers_by_name ON customers (name_key, zip);

CREATE TABLE payment_methods (
    customer_id   TEXT NOT NULL REFERENCES customers (id),
    id            TEXT NOT NULL,
    position      BIGINT NOT NULL,
    source        TEXT NOT NULL,
    brand         TEXT NOT NULL DEFAULT '',
    last_four     TEXT NOT NULL DEFAULT '',
    balance_minor BIGINT,
    currency      TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (customer_id, id)
);

-- position is the order in which orders came into the store; changed_at is when a
-- tool last changed one, 0 when none has.
CREATE TABLE orders (
    id            TEXT PRIMARY KEY,
    customer_id   TEXT NOT NULL REFERENCES customers (id),
    position      BIGINT NOT NULL,
    status        TEXT NOT NULL,
    currency      TEXT NOT NULL,
    placed_at     BIGINT NOT NULL DEFAULT 0,
    cancel_reason TEXT NOT NULL DEFAULT '',
    address1      TEXT NOT NULL,
    address2      TEXT NOT NULL DEFAULT '',
    city          TEXT NOT NULL,
    state         TEXT NOT NULL DEFAULT '',
    country       TEXT NOT NULL,
    zip           TEXT NOT NULL,
    changed_at    BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX orders_of_customer ON orders (customer_id, placed_at, position);
CREATE INDEX orders_by_position ON orders (position);

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

-- kind is payment or refund.
CREATE TABLE payments (
    order_id          TEXT NOT NULL REFERENCES orders (id),
    position          BIGINT NOT NULL,
    kind              TEXT NOT NULL,
    amount_minor      BIGINT NOT NULL,
    payment_method_id TEXT NOT NULL,
    PRIMARY KEY (order_id, position)
);

-- A fulfilment is a part of an order that goes out together, in one parcel or more.
CREATE TABLE fulfilments (
    order_id TEXT NOT NULL REFERENCES orders (id),
    position BIGINT NOT NULL,
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

-- mode is express, overseas_warehouse, dedicated_line or postal; '' is unknown.
CREATE TABLE parcels (
    order_id     TEXT NOT NULL,
    fulfilment   BIGINT NOT NULL,
    position     BIGINT NOT NULL,
    tracking_id  TEXT NOT NULL,
    carrier      TEXT NOT NULL DEFAULT '',
    service      TEXT NOT NULL DEFAULT '',
    mode         TEXT NOT NULL DEFAULT '',
    shipped_at   BIGINT,
    eta          BIGINT,
    delivered_at BIGINT,
    PRIMARY KEY (order_id, fulfilment, position),
    FOREIGN KEY (order_id, fulfilment) REFERENCES fulfilments (order_id, position)
);

CREATE TABLE parcel_events (
    order_id   TEXT NOT NULL,
    fulfilment BIGINT NOT NULL,
    parcel     BIGINT NOT NULL,
    position   BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    code       TEXT NOT NULL,
    place      TEXT NOT NULL,
    PRIMARY KEY (order_id, fulfilment, parcel, position),
    FOREIGN KEY (order_id, fulfilment, parcel) REFERENCES parcels (order_id, fulfilment, position)
);

-- The states of a return and of an exchange: requested, approved, rejected,
-- sent_back, received, done.
CREATE TABLE returns (
    order_id          TEXT PRIMARY KEY REFERENCES orders (id),
    payment_method_id TEXT NOT NULL,
    state             TEXT NOT NULL,
    requested_at      BIGINT NOT NULL
);

CREATE TABLE return_items (
    order_id TEXT NOT NULL REFERENCES returns (order_id),
    position BIGINT NOT NULL,
    item_id  TEXT NOT NULL,
    PRIMARY KEY (order_id, position)
);

-- difference_minor is what the customer pays when the exchange is done; negative
-- when they are paid.
CREATE TABLE exchanges (
    order_id          TEXT PRIMARY KEY REFERENCES orders (id),
    payment_method_id TEXT NOT NULL,
    difference_minor  BIGINT NOT NULL,
    state             TEXT NOT NULL,
    requested_at      BIGINT NOT NULL
);

CREATE TABLE exchange_items (
    order_id    TEXT NOT NULL REFERENCES exchanges (order_id),
    position    BIGINT NOT NULL,
    item_id     TEXT NOT NULL,
    new_item_id TEXT NOT NULL,
    PRIMARY KEY (order_id, position)
);

-- problem is lost, late, damaged or wrong_item; offer is JSON.
CREATE TABLE parcel_problems (
    case_id     TEXT PRIMARY KEY,
    order_id    TEXT NOT NULL REFERENCES orders (id),
    problem     TEXT NOT NULL,
    note        TEXT NOT NULL DEFAULT '',
    offer       TEXT NOT NULL DEFAULT '',
    status      TEXT NOT NULL,
    reported_at BIGINT NOT NULL
);
CREATE INDEX parcel_problems_of_order ON parcel_problems (order_id, problem);

-- Conversations that a person takes over. id is the write's idempotency key.
CREATE TABLE handovers (
    id           TEXT PRIMARY KEY,
    conversation TEXT NOT NULL,
    customer_id  TEXT NOT NULL DEFAULT '',
    summary      TEXT NOT NULL,
    at           BIGINT NOT NULL
);

-- Tries to find out who is calling. account is a hash of what was looked for.
CREATE TABLE verification_tries (
    conversation TEXT NOT NULL,
    account      TEXT NOT NULL,
    found        BIGINT NOT NULL,
    at           BIGINT NOT NULL
);
CREATE INDEX tries_of_conversation ON verification_tries (conversation, at);
CREATE INDEX tries_of_account ON verification_tries (account, at);
CREATE INDEX tries_by_age ON verification_tries (at);

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
DROP TABLE verification_tries;
DROP TABLE handovers;
DROP TABLE parcel_problems;
DROP TABLE exchange_items;
DROP TABLE exchanges;
DROP TABLE return_items;
DROP TABLE returns;
DROP TABLE parcel_events;
DROP TABLE parcels;
DROP TABLE fulfilment_items;
DROP TABLE fulfilments;
DROP TABLE payments;
DROP TABLE order_lines;
DROP TABLE orders;
DROP TABLE payment_methods;
DROP TABLE customers;
DROP TABLE photos;
DROP TABLE stock;
DROP TABLE variants;
DROP TABLE products;
