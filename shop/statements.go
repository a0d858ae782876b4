package shop

import (
	"context"
	"database/sql/driver"
	"fmt"
)

// statements opens connections that prepare a query once and keep it. The
// SQLite driver would compile each query each time, which takes longer than
// running it; pgx keeps its statements by itself.
type statements struct{ driver.Connector }

// Connect implements [driver.Connector].
func (s statements) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := s.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner, ok := c.(connection)
	if !ok {
		return nil, fmt.Errorf("the SQLite driver's connection is a %T, which cannot keep statements", c)
	}
	return &keepingConn{inner, make(map[string]*keptStatement)}, nil
}

// connection is what the driver's connections can do.
type connection interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// keepingConn is used by one goroutine at a time, as all connections are. Only
// queries with arguments are kept: those are a fixed few; the others are the
// schema's.
type keepingConn struct {
	connection
	kept map[string]*keptStatement
}

type keptStatement struct {
	statement
	busy bool // its rows are still being read
}

// prepared gives the query's statement, or nil when that one is busy.
func (c *keepingConn) prepared(ctx context.Context, query string) (*keptStatement, error) {
	if k, ok := c.kept[query]; ok {
		if k.busy {
			return nil, nil
		}
		return k, nil
	}
	s, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	k := &keptStatement{statement: s.(statement)}
	c.kept[query] = k
	return k, nil
}

// ExecContext implements [driver.ExecerContext].
func (c *keepingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) == 0 {
		return c.connection.ExecContext(ctx, query, args)
	}
	k, err := c.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	if k == nil {
		return c.connection.ExecContext(ctx, query, args)
	}
	return k.ExecContext(ctx, args)
}

// QueryContext implements [driver.QueryerContext].
func (c *keepingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if len(args) == 0 {
		return c.connection.QueryContext(ctx, query, args)
	}
	k, err := c.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	if k == nil {
		return c.connection.QueryContext(ctx, query, args)
	}
	r, err := k.QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	k.busy = true
	return &keptRows{r, k}, nil
}

// Close implements [driver.Conn].
func (c *keepingConn) Close() error {
	for _, k := range c.kept {
		_ = k.Close() // the connection's own end frees what is left
	}
	return c.connection.Close()
}

type keptRows struct {
	driver.Rows
	of *keptStatement
}

// Close implements [driver.Rows].
func (r *keptRows) Close() error {
	r.of.busy = false
	return r.Rows.Close()
}
