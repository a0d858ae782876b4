package shop

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// step is told of each thing that a write does to the database, when it has been
// done: "begin", "INSERT INTO writes", … , "commit", and before the last
// "before commit". Its error takes the place of what was done.
type step func(ctx context.Context, name string) error

// stepped replaces the store's connection for writes by one that tells its steps.
func stepped(s *Store, place string, at step) error {
	var inner driver.Connector
	var err error
	if strings.HasPrefix(place, "postgres://") {
		var config *pgx.ConnConfig
		if config, err = pgx.ParseConfig(place); err == nil {
			inner = stdlib.GetConnector(*config)
		}
	} else {
		inner, err = sqliteConnector(place)
	}
	if err != nil {
		return err
	}
	before := s.write
	s.write = sql.OpenDB(stepConnector{inner, at})
	s.write.SetMaxOpenConns(before.Stats().MaxOpenConnections)
	if s.read == before {
		s.read = s.write // one pool for both, as the store has it
	}
	return before.Close()
}

// steppedDemo is the demo shop whose writes tell their steps.
func steppedDemo(t *testing.T, place string, at step) *Store {
	t.Helper()
	s := demoStoreAt(t, place)
	if err := stepped(s, place, at); err != nil {
		t.Fatal(err)
	}
	return s
}

type stepConnector struct {
	driver.Connector
	at step
}

func (c stepConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &stepConn{conn.(steppable), c.at}, nil
}

// steppable is what the connections of both databases can do.
type steppable interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.SessionResetter
}

type stepConn struct {
	steppable
	at step
}

func (c *stepConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	tx, err := c.steppable.BeginTx(ctx, o)
	if err != nil || o.ReadOnly {
		return tx, err
	}
	if err := c.at(ctx, "begin"); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	return stepTx{tx, ctx, c.at}, nil
}

func (c *stepConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	result, err := c.steppable.ExecContext(ctx, query, args)
	if err == nil {
		err = c.at(ctx, strings.Join(strings.Fields(query)[:3], " "))
	}
	return result, err
}

type stepTx struct {
	driver.Tx
	ctx context.Context
	at  step
}

func (t stepTx) Commit() error {
	if err := t.at(t.ctx, "before commit"); err != nil {
		return errors.Join(err, t.Rollback())
	}
	if err := t.Tx.Commit(); err != nil {
		return err
	}
	return t.at(t.ctx, "commit")
}
