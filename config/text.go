package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/pion/stun/v4"
	"golang.org/x/text/language"
)

// complain checks the shape of a string; "" when it is right. In the complaint
// the string appears as shown.
func complain(check, s, shown string) string {
	switch check {
	case "url":
		u, err := url.Parse(s)
		switch {
		case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
			return "no address; write http://HOST:PORT/v1 or https://HOST/v1"
		case u.User != nil || u.RawQuery != "" || u.Fragment != "":
			return "an address here has no user, query or fragment; a key goes in api_key"
		}
	case "origin":
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Scheme+"://"+u.Host != s || strings.ToLower(s) != s {
			return fmt.Sprintf("%q is no web origin; write https://HOST or http://HOST:PORT, in lower case and without a path", shown)
		}
	case "listen":
		_, port, err := net.SplitHostPort(s)
		if err != nil {
			return fmt.Sprintf("%q is no host and port; write 127.0.0.1:8080, :8080 or [::1]:8080", shown)
		}
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return fmt.Sprintf("the port in %q is not a number from 0 to 65535", shown)
		}
	case "ip":
		if _, err := netip.ParseAddr(s); err != nil {
			return fmt.Sprintf("%q is no IP address", shown)
		}
	case "stun", "turn":
		u, err := stun.ParseURI(s)
		if err != nil || strings.TrimSuffix(u.Scheme.String(), "s") != check {
			return fmt.Sprintf("no address of a %s server; write %s:HOST:PORT", strings.ToUpper(check), check)
		}
	case "livekit":
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return "no address of a LiveKit server; write ws://HOST:PORT or wss://HOST"
		}
	case "language":
		if t, err := language.Parse(s); err != nil || t == language.Und {
			return fmt.Sprintf("%q is no language; write a BCP 47 tag such as en, id or zh-Hans", shown)
		}
	}
	return ""
}
