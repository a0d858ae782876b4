package main

import (
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"parley/config"
	"parley/internal/pgtest"
)

// ask begins a conversation by text, and gives the events of its answer.
func (a *shopAgent) askByText(t *testing.T, text string) string {
	t.Helper()
	var begun struct{ ID string }
	post(t, a.url+"/v1/conversations", "", "{}", &begun)
	body, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.url+"/v1/conversations/"+begun.ID+"/messages", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set("Idempotency-Key", uuid.NewString())
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

func TestCallersAreServedWithoutTheRecordsDatabase(t *testing.T) {
	server, err := pgtest.Start()
	if err != nil {
		if os.Getenv("PARLEY_TEST_ALL") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	dsn := server.Database(t)
	a := startAgent(t, func(c *config.Config) { c.Record.DSN = config.Hidden{Secret: config.Secret(dsn)} })
	a.awaitReady(t)
	measures := func(what, line string) {
		t.Helper()
		for began := time.Now(); !strings.Contains(get(t, a.url+"/metrics"), line+"\n"); {
			if time.Since(began) > 20*time.Second {
				t.Fatalf("%s: /metrics lacks %s", what, line)
			}
			select {
			case <-t.Context().Done():
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	if got := a.askByText(t, "Where is my order W10002?"); !strings.Contains(got, "way") {
		t.Errorf("answered %s", got)
	}
	measures("with the database", "parley_record_waiting 0")
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var kept string
	if err := db.QueryRowContext(t.Context(), `SELECT story FROM record_conversations WHERE room IS NULL AND ended IS NULL`).Scan(&kept); err != nil {
		t.Fatal(err)
	}
	if !holdsAll(kept, "Where is my order W10002?", "on its way") {
		t.Errorf("a conversation without a room is recorded as %s", kept)
	}
	if err := server.Halt(); err != nil {
		t.Fatal(err)
	}
	measures("without the database", "parley_record_up 0")
	if ready := get(t, a.url+"/readyz"); !strings.Contains(ready, `"status":"ready"`) {
		t.Errorf("without the record's database the server says %s", ready)
	}
	if got := a.askByText(t, "Where is my order W10002?"); !strings.Contains(got, "way") {
		t.Errorf("answered %s", got)
	}
	if err := server.Continue(); err != nil {
		t.Fatal(err)
	}
	measures("when the database is back", "parley_record_up 1")
	measures("when all is written", "parley_record_waiting 0")
}
