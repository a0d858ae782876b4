package webrtc

import (
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
)

// socketBuffer is what the kernel is asked to keep in either direction while the program
// is not looking: the sound of a hundred calls for some tenths of a second.
const socketBuffer = 1 << 20

// freePortTries is how often a free port is looked for that is free on every
// address of the machine.
const freePortTries = 10

// listenPacket opens a UDP socket, as net.ListenPacket does.
type listenPacket func(network, address string) (net.PacketConn, error)

// listenUDP opens the port of address, a free one if it is 0, and returns what shares
// it and where it is. On an unspecified address ("0.0.0.0", "::" or none) it opens
// a socket on each address that the machine has now, loopback included, because
// one socket for all of them does not tell on which a packet came, and ICE then
// takes the answer to a check for one that was never sent.
func listenUDP(listen listenPacket, address string, logger logging.LeveledLogger) (ice.UDPMux, *net.UDPAddr, error) {
	wanted, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, nil, fmt.Errorf("the address %q: %w", address, err)
	}
	if len(wanted.IP) > 0 && !wanted.IP.IsUnspecified() {
		mux, err := openUDP(listen, wanted, logger)
		if err != nil {
			return nil, nil, err
		}
		return mux, mux.LocalAddr().(*net.UDPAddr), nil
	}
	for try := 1; ; try++ {
		mux, port, err := openEveryUDP(listen, wanted, logger)
		if err == nil {
			return mux, &net.UDPAddr{IP: wanted.IP, Port: port}, nil
		}
		if wanted.Port != 0 || try == freePortTries {
			return nil, nil, err
		}
	}
}

func openUDP(listen listenPacket, address *net.UDPAddr, logger logging.LeveledLogger) (*ice.UDPMuxDefault, error) {
	host := address.IP.String()
	conn, err := listen("udp", net.JoinHostPort(host, strconv.Itoa(address.Port)))
	if err != nil {
		return nil, err
	}
	if udp, ok := conn.(*net.UDPConn); ok {
		// A kernel that allows less is no reason to stop.
		_ = udp.SetReadBuffer(socketBuffer)
		_ = udp.SetWriteBuffer(socketBuffer)
	}
	conn, err = direct(conn)
	if err != nil {
		return nil, err
	}
	return ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: conn, Logger: logger}), nil
}

// openEveryUDP opens the same port on every address of the machine.
func openEveryUDP(listen listenPacket, wanted *net.UDPAddr, logger logging.LeveledLogger) (ice.UDPMux, int, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, 0, fmt.Errorf("listing the addresses of this machine: %w", err)
	}
	port := wanted.Port
	var muxes []ice.UDPMux
	var errs []error
	for _, address := range addresses {
		network, ok := address.(*net.IPNet)
		if !ok || network.IP.IsLinkLocalUnicast() || wanted.IP.To4() != nil && network.IP.To4() == nil {
			continue
		}
		mux, err := openUDP(listen, &net.UDPAddr{IP: network.IP, Port: port}, logger)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		port = mux.LocalAddr().(*net.UDPAddr).Port
		muxes = append(muxes, mux)
	}
	// An address that is being set up, or taken away, cannot be opened; where a
	// free port was asked for, the reason is more likely that it is not free there.
	if len(muxes) > 0 && (wanted.Port != 0 || len(errs) == 0) {
		return ice.NewMultiUDPMuxDefault(muxes...), port, nil
	}
	for _, mux := range muxes {
		errs = append(errs, mux.Close())
	}
	if len(addresses) == 0 {
		errs = append(errs, errors.New("this machine has no address"))
	}
	return nil, 0, errors.Join(errs...)
}
