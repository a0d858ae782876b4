package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"parley/config"
	"parley/models/modeltest"
	"parley/photo/heic"
	"parley/photo/phototest"
)

// TestAnIPhonesPhotoOfALabel picks a HEIC photo in a browser that cannot open it, and
// has the server read the label in it.
func TestAnIPhonesPhotoOfALabel(t *testing.T) {
	chromium(t)
	openTesseract(t)
	encoder, err := exec.LookPath("heif-enc")
	if err == nil {
		_, err = heic.Find()
	}
	if err != nil && os.Getenv(modeltest.AllVariable) != "1" {
		t.Skipf("%v; `.ci/test-tools` installs it", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	in, photo := filepath.Join(t.TempDir(), "in.jpg"), filepath.Join(t.TempDir(), "IMG_0001.HEIC")
	if err := os.WriteFile(in, phototest.Label(t, "Parcel Express", "Order W10002"), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.CommandContext(t.Context(), encoder, "-q", "80", "-o", photo, in).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	a := startAgent(t, func(*config.Config) {})
	p := openPage(t, a.url)
	p.untilText("the notice of whom the page speaks for", "#notice", "maya")
	p.do("picking a photo", chromedp.SetUploadFiles("#photo", []string{photo}, chromedp.ByQuery))
	p.until("the photo that will be sent", `document.querySelectorAll('#photos li').length === 1`)
	p.write("Where is this?")
	p.untilText("the answer", ".log .agent:last-child", "on its way")
}
