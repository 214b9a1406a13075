// Command gitserver serves the Git repositories of a folder to those who have the
// private key, by SSH, or the password, by HTTP. Tests run it in a pod whose image has
// git.
package main

import (
	"crypto/subtle"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
)

func main() {
	log.SetFlags(0)
	root := flag.String("root", "/data", "folder with the repositories")
	sshAddress := flag.String("ssh", ":2222", "address to serve SSH at")
	httpAddress := flag.String("http", ":8000", "address to serve HTTP at")
	// What is secret comes by the environment: HOST_KEY and PASSWORD, and CLIENT_KEY, the
	// public key of the client.
	flag.Parse()
	config, err := sshConfig(os.Getenv("HOST_KEY"), os.Getenv("CLIENT_KEY"))
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", *sshAddress)
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.ListenAndServe(*httpAddress, handler(*root, os.Getenv("PASSWORD")))) }()
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			if err := serve(conn, config, *root); err != nil {
				log.Print(err)
			}
		}()
	}
}

// handler serves the repositories to who has the password, with git's own program.
func handler(root, password string) http.Handler {
	git := &cgi.Handler{
		Path: "/usr/lib/git-core/git-http-backend", Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "HOME=/tmp"},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, given, ok := r.BasicAuth(); !ok || subtle.ConstantTimeCompare([]byte(given), []byte(password)) != 1 {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "no such password", http.StatusUnauthorized)
			return
		}
		git.ServeHTTP(w, r)
	})
}

func sshConfig(hostKey, clientKey string) (*ssh.ServerConfig, error) {
	host, err := ssh.ParsePrivateKey([]byte(hostKey))
	if err != nil {
		return nil, fmt.Errorf("HOST_KEY: %w", err)
	}
	client, _, _, _, err := ssh.ParseAuthorizedKey([]byte(clientKey))
	if err != nil {
		return nil, fmt.Errorf("CLIENT_KEY: %w", err)
	}
	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if string(key.Marshal()) != string(client.Marshal()) {
			return nil, errors.New("no such key")
		}
		return nil, nil
	}}
	config.AddHostKey(host)
	return config, nil
}

// serve serves one connection.
func serve(conn net.Conn, config *ssh.ServerConfig, root string) error {
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return err
	}
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		if offered.ChannelType() != "session" {
			_ = offered.Reject(ssh.UnknownChannelType, "only sessions are served")
			continue
		}
		channel, requests, err := offered.Accept()
		if err != nil {
			return err
		}
		go session(channel, requests, root)
	}
	return nil
}

// session runs git-upload-pack, and nothing else.
func session(channel ssh.Channel, requests <-chan *ssh.Request, root string) {
	defer channel.Close() //nolint:errcheck // the client sees it
	for request := range requests {
		var asked struct{ Command string }
		repository, ok := "", false
		if request.Type == "exec" && ssh.Unmarshal(request.Payload, &asked) == nil {
			repository, ok = strings.CutPrefix(asked.Command, "git-upload-pack ")
		}
		if request.WantReply {
			_ = request.Reply(ok || request.Type == "env", nil)
		}
		if !ok {
			continue
		}
		cmd := exec.Command("git", "upload-pack", filepath.Join(root, filepath.Clean("/"+strings.Trim(repository, "'"))))
		cmd.Stdin, cmd.Stdout, cmd.Stderr = channel, channel, channel.Stderr()
		status := struct{ Code uint32 }{}
		if err := cmd.Run(); err != nil {
			status.Code = 128
		}
		_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(status))
		return
	}
}
