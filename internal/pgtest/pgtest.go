// Package pgtest runs a private PostgreSQL for tests.
package pgtest

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrMissing is why there is no server: PostgreSQL is not installed.
var ErrMissing = errors.New("PostgreSQL is not installed; `.ci/test-tools` installs it")

// starting bounds how long a server may take to start, on a busy machine.
const starting = time.Minute

// Server is a running PostgreSQL whose data are gone when it stops. Only this
// program reaches it, by a socket in its own folder.
type Server struct {
	dir  string
	bin  string // folder of its programs
	cmd  *exec.Cmd
	hold io.WriteCloser
}

// Start makes a server. Stop it before the program ends; it also ends by itself when
// the program is killed.
func Start() (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "parley-pg-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for PostgreSQL: %w", err)
	}
	s := &Server{dir: dir, bin: bin}
	if err := s.start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

func (s *Server) start() error {
	who, err := unprivileged(s.dir)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), starting)
	defer cancel()
	setup := exec.CommandContext(ctx, filepath.Join(s.bin, "initdb"), "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	setup.Dir, setup.SysProcAttr = s.dir, who
	if out, err := setup.CombinedOutput(); err != nil {
		return fmt.Errorf("making a PostgreSQL cluster: %w\n%s", err, out)
	}
	return s.serve(who)
}

// data is the folder of the server's files.
func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// serve starts the server on its files.
func (s *Server) serve(who *syscall.SysProcAttr) (err error) {
	// The shell waits for the end of its input, which comes also when this program is
	// killed. With a line in it the data stay.
	s.cmd = exec.CommandContext(context.Background(), "sh", "-c", `"$1" -D "$2" -k "$3" -c listen_addresses= -c fsync=off -c max_connections=200 & pid=$!
		read keep; cat >/dev/null; kill -INT $pid; wait $pid; [ "$keep" ] || rm -rf "$3"/*`, "sh", filepath.Join(s.bin, "postgres"), s.data(), s.dir)
	s.cmd.Dir, s.cmd.SysProcAttr = s.dir, who
	if s.hold, err = s.cmd.StdinPipe(); err != nil {
		return err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer read.Close()
	s.cmd.Stderr = write
	err = s.cmd.Start()
	write.Close()
	if err != nil {
		return fmt.Errorf("starting PostgreSQL: %w", err)
	}
	if err := read.SetReadDeadline(time.Now().Add(starting)); err != nil {
		return err
	}
	var said strings.Builder
	for lines := bufio.NewScanner(read); lines.Scan(); {
		fmt.Fprintln(&said, lines.Text())
		if strings.Contains(lines.Text(), "database system is ready to accept connections") {
			return nil
		}
	}
	return errors.Join(fmt.Errorf("PostgreSQL did not start:\n%s", said.String()), s.stop())
}

// Halt ends the server and keeps its data, for [Server.Continue].
func (s *Server) Halt() error {
	if _, err := io.WriteString(s.hold, "keep\n"); err != nil {
		return fmt.Errorf("halting PostgreSQL: %w", err)
	}
	return s.stop()
}

// Continue starts a server that was halted.
func (s *Server) Continue() error {
	who, err := unprivileged(s.dir)
	if err != nil {
		return err
	}
	return s.serve(who)
}

// programs finds the newest PostgreSQL's folder of programs.
func programs() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	slices.SortFunc(found, func(a, b string) int { return version(a) - version(b) })
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		if target, err := filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(target), nil
		}
	}
	return "", ErrMissing
}

func version(path string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	if err != nil {
		return 0
	}
	return n
}

// unprivileged is how to run as another user than root, which PostgreSQL refuses to
// run as. The folder is made theirs.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		who, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, fmt.Errorf("finding a user for PostgreSQL: %w", err)
	}
	uid, err := strconv.ParseUint(who.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(who.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

// dsn is where a database is.
func (s *Server) dsn(database string) string {
	return "postgres://postgres@/" + database + "?host=" + s.dir
}

// Database makes an empty database for one test and gives its DSN.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := "t" + strings.ToLower(rand.Text())
	c, err := pgx.Connect(t.Context(), s.dsn("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	if _, err := c.Exec(t.Context(), `CREATE DATABASE `+name); err != nil {
		t.Fatal(err)
	}
	return s.dsn(name)
}

// Stop ends the server and removes its data.
func (s *Server) Stop() error {
	return errors.Join(s.stop(), os.RemoveAll(s.dir))
}

func (s *Server) stop() error {
	if err := s.hold.Close(); err != nil {
		return fmt.Errorf("stopping PostgreSQL: %w", err)
	}
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("stopping PostgreSQL: %w", err)
	}
	return nil
}
