// SPDX-License-Identifier: MIT

// Goecho NETWORK PORT [dial] answers each datagram: with WriteTo, or from a socket of its own that is
// connected on the same port. Go makes its system calls itself, so no preload sees them.
package main

import (
	"context"
	"net"
	"os"
	"syscall"
)

const soReusePort = 15

func main() {
	reuse := func(_, _ string, connection syscall.RawConn) error {
		return connection.Control(func(fd uintptr) {
			syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, soReusePort, 1)
		})
	}
	listen := net.ListenConfig{Control: reuse}
	server, err := listen.ListenPacket(context.Background(), os.Args[1], ":"+os.Args[2])
	if err != nil {
		panic(err)
	}
	request := make([]byte, 65536)
	for {
		length, peer, err := server.ReadFrom(request)
		if err != nil {
			continue
		}
		if len(os.Args) == 3 {
			server.WriteTo(request[:length], peer)
			continue
		}
		dial := net.Dialer{LocalAddr: server.LocalAddr(), Control: reuse}
		if connection, err := dial.Dial(os.Args[1], peer.String()); err == nil {
			connection.Write(request[:length])
			connection.Close()
		}
	}
}
