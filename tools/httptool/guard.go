package httptool

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// errAddress says that a tool may not go where a name leads.
var errAddress = errors.New("httptool: the address belongs to a private network")

// dialer connects to the addresses of a host, after each was judged: what a name
// means is looked up here and nowhere else, so that it cannot change between the
// check and the connection.
func (c *Client) dialer(private bool) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		addresses, literal, err := c.resolve(ctx, host)
		if err != nil {
			return nil, err
		}
		d := net.Dialer{Timeout: dialing}
		var failures []error
		for _, a := range addresses {
			// An address that the file itself names was meant; one that a name leads to
			// was not, unless the file says so.
			if !private && !allowed(a, literal) {
				failures = append(failures, errAddress)
				continue
			}
			conn, err := d.DialContext(ctx, network, net.JoinHostPort(a.String(), port))
			if err == nil {
				return conn, nil
			}
			failures = append(failures, err)
		}
		return nil, errors.Join(failures...)
	}
}

// resolve gives a host's addresses. literal says that the host is one, or this
// machine's own name.
func (c *Client) resolve(ctx context.Context, host string) (addresses []netip.Addr, literal bool, err error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, true, nil
	}
	if strings.EqualFold(host, "localhost") {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}, true, nil
	}
	addresses, err = c.options.Resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, false, fmt.Errorf("looking up %s: %w", host, err)
	}
	return addresses, false, nil
}

// allowed says whether an address may be called. Those of networks that belong to
// no one else, and of this machine, only where a file names them; those under which
// clouds hand out secrets, and those that are no one's, never.
func allowed(a netip.Addr, literal bool) bool {
	a = a.Unmap()
	switch {
	case !a.IsValid(), a.IsUnspecified(), a.IsMulticast(), a.IsLinkLocalUnicast(), a.IsLinkLocalMulticast(), a.IsInterfaceLocalMulticast():
		return false
	case a.IsLoopback(), a.IsPrivate(), reserved(a):
		return literal
	}
	return true
}

// reserved are address ranges that lead back into private networks or nowhere:
// carriers' own (RFC 6598), 0.0.0.0/8, 192.0.0.0/24, benchmarking, 240.0.0.0/4, and IPv6 forms that hold an
// IPv4 address (NAT64, 6to4, Teredo).
func reserved(a netip.Addr) bool {
	return slices.ContainsFunc([]string{"100.64.0.0/10", "0.0.0.0/8", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4", "64:ff9b::/96", "2002::/16", "2001::/32"}, func(prefix string) bool {
		return netip.MustParsePrefix(prefix).Contains(a)
	})
}

// errRedirect says that an answer points where the tool may not go.
var errRedirect = errors.New("httptool: the answer points to a host that the tool's file does not list")

// redirect lets a request follow to listed hosts alone. What a file's headers hold
// goes only to the host that it was written for.
func (t *tool) redirect(r *http.Request, via []*http.Request) error {
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("httptool: more than %d redirects", maxRedirects)
	case !lists(r.Context(), r.URL.Host) && !lists(r.Context(), r.URL.Hostname()):
		return errRedirect
	case via[0].URL.Scheme == "https" && r.URL.Scheme != "https":
		return errors.New("httptool: the answer points from https to http")
	}
	if r.URL.Host != via[0].URL.Host {
		for name := range t.headers {
			r.Header.Del(name)
		}
	}
	return nil
}

// listedHosts is the key under which a request's context has the hosts that it may
// go to.
type listedHosts struct{}

// lists says whether the file names a host, with its port or without.
func lists(ctx context.Context, host string) bool {
	hosts, _ := ctx.Value(listedHosts{}).([]string)
	return slices.ContainsFunc(hosts, func(h string) bool { return strings.EqualFold(h, host) })
}
