package models

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

const (
	// wheelPython is the Python version that pip is told to fetch for. Only
	// data files are taken out, so it need not be this machine's; it satisfies
	// what every listed package requires.
	wheelPython = "3.12"

	// quitAfter bounds the wait for a client that was told to end.
	quitAfter = 5 * time.Second

	// outputKept is how much of a client's output is kept for an error.
	outputKept = 64 << 10
)

// wheelPlatforms are the platforms of the listed wheels that are not for any
// platform, so that a machine with an older C library, or another processor,
// fetches the same files as every other.
func wheelPlatforms() []string {
	return []string{"manylinux_2_34_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"}
}

// download has the package's client put the package into the folder below,
// which is empty and which this alone uses, and returns the path of the
// downloaded file. All that the client writes meanwhile is below that folder.
func download(ctx context.Context, p Package, below string) (string, error) {
	into, temp := filepath.Join(below, "package"), filepath.Join(below, "temp")
	for _, dir := range []string{into, temp} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return "", fmt.Errorf("making a folder for %s: %w", p, err)
		}
	}
	var err error
	switch p.Kind {
	case Pip:
		err = runClient(ctx, p, into, temp, "python3", pipDownload(p, into)...)
	case Npm:
		err = runClient(ctx, p, into, temp, "npm", "pack", "--ignore-scripts", p.Name+"@"+p.Version)
	default:
		err = fmt.Errorf("there is no client for packages of kind %q", p.Kind)
	}
	if err != nil {
		return "", err
	}
	files, err := filepath.Glob(filepath.Join(into, "*"))
	if err != nil || len(files) != 1 {
		return "", fmt.Errorf("%w: the client left %d files for %s, not one", ErrDamaged, len(files), p)
	}
	return files[0], nil
}

func pipDownload(p Package, into string) []string {
	args := []string{"-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input",
		"--disable-pip-version-check", "--no-cache-dir", "--progress-bar=off",
		"--python-version", wheelPython, "--implementation", "cp", "--abi", "none"}
	for _, platform := range wheelPlatforms() {
		args = append(args, "--platform", platform)
	}
	return append(args, "-d", into, p.Name+"=="+p.Version)
}

// checkClients finds out whether the clients of the packages are there, before
// anything is downloaded with one of them.
func checkClients(ctx context.Context, packages []Package) error {
	checked := make(map[Kind]bool)
	for _, p := range packages {
		if checked[p.Kind] {
			continue
		}
		checked[p.Kind] = true
		if err := CheckClient(ctx, p.Kind); err != nil {
			return err
		}
	}
	return nil
}

// CheckClient finds out whether this machine has the client that downloads
// packages of the kind. The error wraps [ErrNoClient] and says what to install.
func CheckClient(ctx context.Context, kind Kind) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if kind == Npm {
		return runClient(ctx, Package{Kind: Npm, Name: "npm"}, "", "", "npm", "--version")
	}
	return runClient(ctx, Package{Kind: Pip, Name: "pip"}, "", "", "python3", "-m", "pip", "--version")
}

// runClient runs a client to its end. When the context ends, the client and
// all that it started are killed.
func runClient(ctx context.Context, p Package, dir, temp, name string, args ...string) error {
	if _, err := exec.LookPath(name); err != nil {
		return noClient(name)
	}
	var output tail
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.Env = append(os.Environ(),
		"LC_ALL=C", // the messages are looked into when it fails
		"PIP_REQUIRE_VIRTUALENV=0",
		"npm_config_update_notifier=false", "npm_config_fund=false", "npm_config_audit=false", "npm_config_loglevel=error",
	)
	if temp != "" {
		cmd.Env = append(cmd.Env, "TMPDIR="+temp, "npm_config_cache="+filepath.Join(temp, "npm"))
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = quitAfter
	err := cmd.Run()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("downloading %s: %w", p, context.Cause(ctx))
	}
	return explain(p, output.String(), err)
}

func noClient(name string) error {
	advice := "Install Python 3.9 or later with pip (Debian, Ubuntu: apt-get install python3 python3-pip)"
	if name == "npm" {
		advice = "Install npm (Debian, Ubuntu: apt-get install npm)"
	}
	return &adviceError{kind: ErrNoClient, detail: name, advice: advice + "; it is only needed to download models"}
}

// Signs in a client's output of what went wrong.
const (
	signNoPip     = `No module named '?"?(pip|ensurepip)`
	signNoSpace   = `(?i)no space left on device|ENOSPC|disk quota exceeded`
	signNoNetwork = `(?i)NewConnectionError|ConnectTimeoutError|ReadTimeoutError|name resolution|Name or service not known` +
		`|network is unreachable|ProxyError|SSLError|CERTIFICATE_VERIFY_FAILED|connection (refused|reset|aborted|broken)` +
		`|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|IncompleteRead`
	signNotFound = `(?i)no matching distribution found|could not find a version|ETARGET|E404|No matching version`
)

// explain turns a client's failure into what is wrong and what to do.
func explain(p Package, output string, err error) error {
	matches := func(sign string) bool { return regexp.MustCompile(sign).MatchString(output) }
	last := lastLines(output, 3)
	switch {
	case matches(signNoPip):
		return noClient("pip")
	case matches(signNoSpace):
		return noSpace(p.String())
	// pip ends with "not found" when it could not connect, so this comes first.
	case matches(signNoNetwork):
		return &adviceError{kind: ErrNoNetwork, detail: fmt.Sprintf("downloading %s: %s", p, last),
			advice: "See whether this machine has a network, and whether pip and npm need a proxy or a mirror; " +
				"or copy the models' folder from a machine that has them"}
	case matches(signNotFound):
		return &adviceError{kind: ErrNotFound, detail: fmt.Sprintf("%s: %s", p, last),
			advice: "If pip or npm is set to use a mirror, see whether the mirror has it"}
	case errors.Is(err, exec.ErrNotFound):
		return noClient(string(p.Kind))
	default:
		return fmt.Errorf("downloading %s: %w: %s", p, err, last)
	}
}

func noSpace(detail string) error {
	return &adviceError{kind: ErrNoSpace, detail: detail,
		advice: "Make room, or point " + DirVariable + " at a folder on another disk"}
}

// lastLines is the end of a client's output, on one line.
func lastLines(output string, n int) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	lines = lines[max(0, len(lines)-n):]
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	text := strings.Join(lines, " / ")
	if text == "" {
		return "it said nothing"
	}
	return text
}

// tail keeps the end of what is written to it.
type tail struct{ kept []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - outputKept; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.kept) }
