package webrtc

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/pion/ice/v4"
)

// opened is a socket as the room uses it.
func opened(t *testing.T, address string) (net.PacketConn, ice.AddrPortReaderWriter) {
	t.Helper()
	plain, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Skipf("no socket on %s: %v", address, err)
	}
	conn, err := direct(plain)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	fast, ok := conn.(ice.AddrPortReaderWriter)
	if !ok {
		t.Skip("there is no way around the scheduler here")
	}
	return conn, fast
}

// Packets of all lengths arrive whole, with the address that they came from, in
// either family, and in IPv4 on a socket that speaks both.
func TestDirectSockets(t *testing.T) {
	for _, tt := range []struct{ listen, host string }{
		{"127.0.0.1:0", "127.0.0.1"}, {"[::1]:0", "::1"}, {"[::]:0", "127.0.0.1"}, {"[::]:0", "::1"},
	} {
		t.Run(tt.listen+" "+tt.host, func(t *testing.T) {
			here, fast := opened(t, tt.listen)
			there, err := net.ListenPacket("udp", net.JoinHostPort(tt.host, "0"))
			if err != nil {
				t.Skip(err)
			}
			defer there.Close()
			port := here.LocalAddr().(*net.UDPAddr).Port
			to := netip.AddrPortFrom(netip.MustParseAddr(tt.host), uint16(port))
			from := there.LocalAddr().(*net.UDPAddr).AddrPort()
			buffer := make([]byte, 2000)
			for _, length := range []int{0, 1, 200, 1500} {
				data := bytes.Repeat([]byte{byte(length)}, length)
				if _, err := there.WriteTo(data, net.UDPAddrFromAddrPort(to)); err != nil {
					t.Fatal(err)
				}
				n, got, err := fast.ReadFromAddrPort(buffer)
				if err != nil || !bytes.Equal(buffer[:n], data) {
					t.Fatalf("%d of %d bytes came, %v", n, length, err)
				}
				if got = netip.AddrPortFrom(got.Addr().Unmap(), got.Port()); got != from {
					t.Fatalf("from %v, want %v", got, from)
				}
				if n, err := fast.WriteToAddrPort(data, got); n != length || err != nil {
					t.Fatalf("%d of %d bytes sent, %v", n, length, err)
				}
				if n, _, err = there.ReadFrom(buffer); err != nil || !bytes.Equal(buffer[:n], data) {
					t.Fatalf("%d of %d bytes came back, %v", n, length, err)
				}
			}
		})
	}
}

func TestDirectSocketErrors(t *testing.T) {
	conn, fast := opened(t, "127.0.0.1:0")
	if _, err := fast.WriteToAddrPort([]byte{1}, netip.MustParseAddrPort("[::1]:9")); err == nil {
		t.Error("IPv6 was sent by IPv4")
	}
	if _, err := fast.WriteToAddrPort(make([]byte, 1<<17), netip.MustParseAddrPort("127.0.0.1:9")); err == nil {
		t.Error("a packet was sent that is too long for UDP")
	}
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := fast.ReadFromAddrPort(make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after the deadline: %v", err)
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, _, err := fast.ReadFromAddrPort(make([]byte, 10))
		ended <- err
	}()
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("reading while it is closed: %v", err)
	}
	if _, err := fast.WriteToAddrPort([]byte{1}, netip.MustParseAddrPort("127.0.0.1:9")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("writing after it was closed: %v", err)
	}
}

func TestDirectSocketsDoNotAllocate(t *testing.T) {
	conn, fast := opened(t, "127.0.0.1:0")
	self := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	data, buffer := make([]byte, 200), make([]byte, 1500)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := fast.WriteToAddrPort(data, self); err != nil {
			t.Fatal(err)
		}
		if _, _, err := fast.ReadFromAddrPort(buffer); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for a packet out and in", n)
	}
}
