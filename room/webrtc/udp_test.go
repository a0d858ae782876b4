package webrtc

import (
	"net"
	"testing"

	"github.com/pion/logging"
)

func TestListenUDP(t *testing.T) {
	logger := (&logging.DefaultLoggerFactory{}).NewLogger("udpmux")
	for _, c := range []struct {
		address  string
		loopback bool // 127.0.0.1 is among the addresses
		v4       bool // all of them are IPv4
	}{
		{"127.0.0.1:0", true, true},
		{"0.0.0.0:0", true, true},
		{":0", true, false},
	} {
		mux, addr, err := listenUDP(net.ListenPacket, c.address, logger)
		if err != nil {
			t.Fatalf("%s: %v", c.address, err)
		}
		loopback := false
		for _, listening := range mux.GetListenAddresses() {
			udp := listening.(*net.UDPAddr)
			if udp.IP.IsUnspecified() || udp.Port != addr.Port || udp.Port == 0 || c.v4 && udp.IP.To4() == nil {
				t.Errorf("%s: listens on %v, reports %v", c.address, udp, addr)
			}
			loopback = loopback || udp.IP.Equal(net.IPv4(127, 0, 0, 1))
			if _, err := mux.GetConn("user", udp); err != nil {
				t.Errorf("%s: %v", udp, err)
			}
		}
		if loopback != c.loopback {
			t.Errorf("%s: loopback is %v", c.address, loopback)
		}
		// A port that is taken is an error, and says so.
		if _, _, err := listenUDP(net.ListenPacket, addr.String(), logger); err == nil {
			t.Errorf("%v was opened twice", addr)
		}
		if err := mux.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, address := range []string{"nonsense", "127.0.0.1:x", "203.0.113.1:0"} {
		if _, _, err := listenUDP(net.ListenPacket, address, logger); err == nil {
			t.Errorf("%s was opened", address)
		}
	}
}
