// A conversation by text from Go, over HTTP and server-sent events:
//
//	go run ./examples/go "Where is my order W10002?"
//
// PARLEY_URL is the agent, http://127.0.0.1:8080; PARLEY_KEY a key or a token, where
// the agent asks for one.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := talk(ctx, os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// talk says each line in one conversation and prints the answers.
func talk(ctx context.Context, out io.Writer, lines []string) error {
	agent := client{cmp.Or(os.Getenv("PARLEY_URL"), "http://127.0.0.1:8080"), os.Getenv("PARLEY_KEY")}
	var conversation struct{ ID string }
	begun, err := agent.post(ctx, "/v1/conversations", map[string]string{"language": "en"})
	if err != nil {
		return fmt.Errorf("beginning a conversation: %w", err)
	}
	defer begun.Close()
	if err := json.NewDecoder(begun).Decode(&conversation); err != nil {
		return fmt.Errorf("reading the conversation: %w", err)
	}
	for _, line := range lines {
		events, err := agent.post(ctx, "/v1/conversations/"+conversation.ID+"/messages", map[string]string{"text": line})
		if err != nil {
			return fmt.Errorf("saying %q: %w", line, err)
		}
		if err := printAnswer(out, events); err != nil {
			return fmt.Errorf("reading the answer to %q: %w", line, err)
		}
	}
	return nil
}

// printAnswer prints the words of an answer as they come.
func printAnswer(out io.Writer, events io.ReadCloser) error {
	defer events.Close()
	for lines := bufio.NewScanner(events); ; {
		if !lines.Scan() {
			fmt.Fprintln(out)
			return lines.Err()
		}
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var event struct{ Type, Text string }
		if err := json.Unmarshal([]byte(data), &event); err != nil {
			return err
		}
		if event.Type == "reply.delta" {
			fmt.Fprint(out, event.Text)
		}
	}
}

type client struct{ url, key string }

func (c client) post(ctx context.Context, path string, body any) (io.ReadCloser, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+path, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if c.key != "" {
		request.Header.Set("Authorization", "Bearer "+c.key)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= http.StatusBadRequest {
		defer response.Body.Close()
		var problem struct{ Detail string }
		_ = json.NewDecoder(response.Body).Decode(&problem) // without it the status has to do
		return nil, fmt.Errorf("%s: %s", response.Status, problem.Detail)
	}
	return response.Body, nil
}
