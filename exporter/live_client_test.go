package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// visit is one thing that a client does with nginx.
type visit func(c *webClient) error

// webClient is one of several that visit at the same time.
type webClient struct {
	http   *http.Client
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	server string // address
}

// visits are all kinds of good and bad manners.
var visits = []visit{
	get("GET", "/small"), get("GET", "/big"), get("HEAD", "/big"), get("OPTIONS", "/small"), get("DELETE", "/created"), get("GET", "/created"), get("GET", "/empty"),
	get("GET", "/moved"), get("GET", "/missing"), get("GET", "/missing?with=query"), get("GET", "/broken"), get("HEAD", "/broken"), get("GET", "/busy"), get("GET", "/dead"),
	get("GET", "/small", "Range", "bytes=1-2"), get("GET", "/small", "Range", "bytes=9-"), get("GET", "/small", "If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"),
	get("GET", "/packed", "Accept-Encoding", "gzip"), get("GET", "/small", "Connection", "close"), get("GET", "/packed", "Accept-Encoding", "gzip", "Connection", "close"),
	upload(1000, false, ""), upload(60_000, false, ""), upload(60_000, true, ""), upload(30_000, true, "100-continue"), upload(2<<20, false, "100-continue"),
	pipelined, version10, untilClose, leavesDuringAnswer, leavesBeforeAnswer, closedWithoutAnswer, halfCloses, slowly,
}

// get asks for a page and reads the answer.
func get(method, path string, header ...string) visit {
	return func(c *webClient) error {
		req, err := http.NewRequest(method, "http://"+c.server+path, nil)
		if err != nil {
			return err
		}
		for i := 0; i+1 < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		return c.do(req)
	}
}

func (c *webClient) do(req *http.Request) error {
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

// upload sends a body, in chunks where it does not say how long it is.
func upload(size int, chunked bool, expect string) visit {
	return func(c *webClient) error {
		var body io.Reader = bytes.NewReader(make([]byte, size))
		if chunked {
			body = io.MultiReader(body) // of a length that the client does not know
		}
		req, err := http.NewRequest(http.MethodPost, "http://"+c.server+"/upload", body)
		if err != nil {
			return err
		}
		if expect != "" {
			req.Header.Set("Expect", expect)
		}
		return c.do(req)
	}
}

// raw opens a connection of its own, sends text, and lets then go on with it.
func (c *webClient) raw(text string, then func(conn *net.TCPConn, in *bufio.Reader) error) error {
	conn, err := c.dial(context.Background(), "tcp", c.server+":80")
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, text); err != nil {
		return err
	}
	return then(conn.(*net.TCPConn), bufio.NewReader(conn))
}

// pipelined asks many things at once (none whose answer makes nginx close the connection).
func pipelined(c *webClient) error {
	paths := []string{"GET /small", "HEAD /big", "GET /missing", "GET /busy", "GET /packed", "GET /empty", "GET /small", "GET /moved"}
	var asked strings.Builder
	for _, p := range paths {
		fmt.Fprintf(&asked, "%s HTTP/1.1\r\nHost: nginx.test\r\n\r\n", p)
	}
	return c.raw(asked.String(), func(_ *net.TCPConn, in *bufio.Reader) error {
		for _, p := range paths {
			method, _, _ := strings.Cut(p, " ")
			res, err := http.ReadResponse(in, &http.Request{Method: method})
			if err != nil {
				return err
			}
			if _, err := io.Copy(io.Discard, res.Body); err != nil {
				return err
			}
		}
		return nil
	})
}

func version10(c *webClient) error {
	return c.raw("GET /small HTTP/1.0\r\n\r\n", readAll)
}

// untilClose gets an answer of unknown length from a server that must not send chunks.
func untilClose(c *webClient) error {
	return c.raw("GET /packed HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n", readAll)
}

func readAll(_ *net.TCPConn, in *bufio.Reader) error {
	_, err := io.Copy(io.Discard, in)
	return err
}

// leavesDuringAnswer has read the beginning of a long answer.
func leavesDuringAnswer(c *webClient) error {
	return c.raw("GET /slow HTTP/1.1\r\nHost: nginx.test\r\n\r\n", func(_ *net.TCPConn, in *bufio.Reader) error {
		_, err := io.CopyN(io.Discard, in, 1000)
		return err
	})
}

// leavesBeforeAnswer has asked for what never comes.
func leavesBeforeAnswer(c *webClient) error {
	return c.raw("GET /hangs HTTP/1.1\r\nHost: nginx.test\r\n\r\n", func(conn *net.TCPConn, in *bufio.Reader) error {
		_ = conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		if _, err := in.ReadByte(); err == nil {
			return fmt.Errorf("/hangs has answered")
		}
		return nil
	})
}

func closedWithoutAnswer(c *webClient) error {
	return c.raw("GET /closes HTTP/1.1\r\nHost: nginx.test\r\n\r\n", readAll)
}

// halfCloses says that nothing more comes, and reads the answer nevertheless.
func halfCloses(c *webClient) error {
	return c.raw("GET /small HTTP/1.1\r\nHost: nginx.test\r\nConnection: close\r\n\r\n", func(conn *net.TCPConn, in *bufio.Reader) error {
		if err := conn.CloseWrite(); err != nil {
			return err
		}
		return readAll(conn, in)
	})
}

// slowly sends a request byte by byte.
func slowly(c *webClient) error {
	text := "POST /upload HTTP/1.1\r\nHost: nginx.test\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc"
	return c.raw("", func(conn *net.TCPConn, in *bufio.Reader) error {
		for i := range len(text) {
			if _, err := io.WriteString(conn, text[i:i+1]); err != nil {
				return err
			}
		}
		return readAll(conn, in)
	})
}

// visitAll does each visit several times, in another order each time, with so many clients at once. At the end no connection is open.
func visitAll(t *testing.T, from host, server string, clients, rounds int) {
	t.Helper()
	var all sync.WaitGroup
	for i := range clients {
		transport := &http.Transport{DialContext: from.dial, DisableCompression: true, ExpectContinueTimeout: 10 * time.Second}
		c := &webClient{&http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, from.dial, server}
		all.Go(func() {
			defer transport.CloseIdleConnections()
			random := rand.New(rand.NewPCG(1, uint64(i)))
			for range rounds {
				for _, k := range random.Perm(len(visits)) {
					if err := visits[k](c); err != nil {
						t.Errorf("visit %d: %v", k, err)
					}
				}
			}
		})
	}
	all.Wait()
}
