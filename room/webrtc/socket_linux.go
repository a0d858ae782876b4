package webrtc

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"syscall"
	"unsafe"
)

// socket is a UDP socket whose packets pass without the Go scheduler being told.
//
// A system call of the net package tells it, in case the call blocks, and it then
// has its watchdog thread (sysmon) look around every 20 µs until the program is
// idle again. A call's packets are few and far apart, so that happened for each,
// and was a seventh of the processor time of a call. These calls never block.
type socket struct {
	*net.UDPConn
	raw syscall.RawConn
	v6  bool // the socket speaks IPv6, to IPv4 addresses as well

	reading, writing sync.Mutex
	in, out          transfer
}

// transfer is one packet on its way, here so that passing it does not allocate.
type transfer struct {
	try   func(fd uintptr) (done bool) // the method that does it
	data  []byte
	n     int
	errno syscall.Errno
	// address is large enough for both families.
	address syscall.RawSockaddrInet6
	length  uint32
}

// direct returns what takes the place of conn. It is conn itself where that is no
// UDP socket of the system.
func direct(conn net.PacketConn) (net.PacketConn, error) {
	udp, ok := conn.(*net.UDPConn)
	if !ok {
		return conn, nil
	}
	raw, err := udp.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("looking at the socket of %s: %w", udp.LocalAddr(), err)
	}
	s := &socket{UDPConn: udp, raw: raw}
	s.in.try, s.out.try = s.receive, s.send
	var domain int
	var asking error
	err = raw.Control(func(fd uintptr) {
		domain, asking = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_DOMAIN)
	})
	if err == nil {
		err = asking
	}
	if err != nil {
		return nil, fmt.Errorf("asking what the socket of %s speaks: %w", udp.LocalAddr(), err)
	}
	s.v6 = domain == syscall.AF_INET6
	return s, nil
}

// ReadFromAddrPort implements ice.AddrPortReaderWriter.
func (s *socket) ReadFromAddrPort(p []byte) (int, netip.AddrPort, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	t := &s.in
	t.data = p
	err := s.raw.Read(t.try)
	t.data = nil
	if err == nil && t.errno != 0 {
		err = s.failed("read", "recvfrom", t.errno)
	}
	if err != nil {
		return 0, netip.AddrPort{}, err
	}
	return t.n, t.addrPort(), nil
}

// WriteToAddrPort implements ice.AddrPortReaderWriter.
func (s *socket) WriteToAddrPort(p []byte, to netip.AddrPort) (int, error) {
	ip := to.Addr()
	if ip.Zone() != "" || !ip.IsValid() || !s.v6 && !ip.Unmap().Is4() {
		// A zone is looked up by name, and for what cannot be, there is an error.
		return s.WriteToUDPAddrPort(p, to)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	t := &s.out
	t.data = p
	t.setAddrPort(to, s.v6)
	err := s.raw.Write(t.try)
	t.data = nil
	if err == nil && t.errno != 0 {
		err = s.failed("write", "sendto", t.errno)
	}
	if err != nil {
		return 0, err
	}
	return t.n, nil
}

func (s *socket) failed(op, call string, errno syscall.Errno) error {
	return &net.OpError{Op: op, Net: "udp", Source: s.LocalAddr(), Err: os.NewSyscallError(call, errno)}
}

// receive tries to take a packet; false says that there is none yet.
func (s *socket) receive(fd uintptr) bool {
	s.in.length = uint32(unsafe.Sizeof(s.in.address))
	return s.in.do(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&s.in.length)))
}

// send tries to send a packet; false says that there is no room yet.
func (s *socket) send(fd uintptr) bool {
	return s.out.do(syscall.SYS_SENDTO, fd, uintptr(s.out.length))
}

// do makes a system call of the form of recvfrom(2) and sendto(2).
func (t *transfer) do(call, fd, length uintptr) (done bool) {
	for {
		n, _, errno := syscall.RawSyscall6(call, fd,
			uintptr(unsafe.Pointer(unsafe.SliceData(t.data))), uintptr(len(t.data)),
			syscall.MSG_DONTWAIT, uintptr(unsafe.Pointer(&t.address)), length)
		if errno == syscall.EINTR {
			continue
		}
		t.n, t.errno = int(n), errno
		return errno != syscall.EAGAIN
	}
}

// addrPort is the address as the kernel has written it.
func (t *transfer) addrPort() netip.AddrPort {
	port := func(p *uint16) uint16 {
		b := (*[2]byte)(unsafe.Pointer(p)) // in network order
		return uint16(b[0])<<8 | uint16(b[1])
	}
	if t.address.Family == syscall.AF_INET {
		a := (*syscall.RawSockaddrInet4)(unsafe.Pointer(&t.address))
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), port(&a.Port))
	}
	ip := netip.AddrFrom16(t.address.Addr)
	if t.address.Scope_id != 0 && ip.IsLinkLocalUnicast() {
		ip = ip.WithZone(strconv.FormatUint(uint64(t.address.Scope_id), 10))
	}
	return netip.AddrPortFrom(ip, port(&t.address.Port))
}

// setAddrPort writes an address for the kernel.
func (t *transfer) setAddrPort(to netip.AddrPort, v6 bool) {
	port := [2]byte{byte(to.Port() >> 8), byte(to.Port())}
	if !v6 {
		a := (*syscall.RawSockaddrInet4)(unsafe.Pointer(&t.address))
		*a = syscall.RawSockaddrInet4{Family: syscall.AF_INET, Addr: to.Addr().Unmap().As4()}
		*(*[2]byte)(unsafe.Pointer(&a.Port)) = port
		t.length = syscall.SizeofSockaddrInet4
		return
	}
	t.address = syscall.RawSockaddrInet6{Family: syscall.AF_INET6, Addr: to.Addr().As16()}
	*(*[2]byte)(unsafe.Pointer(&t.address.Port)) = port
	t.length = syscall.SizeofSockaddrInet6
}
