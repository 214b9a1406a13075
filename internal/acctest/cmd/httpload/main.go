// Command httpload asks a URL again and again, each time by a connection of its own,
// until the file named by -stop exists. Then it prints what came of it as JSON. Tests
// run it in a pod, as a client of the service would.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"
)

// result is what came of the requests.
type result struct {
	Requests int
	Failures []string
	// Answers counts the different bodies.
	Answers map[string]int
}

// most is how many failures are told of.
const most = 20

func main() {
	log.SetFlags(0)
	url := flag.String("url", "", "URL to ask")
	stop := flag.String("stop", "/tmp/stop", "file whose existence ends the load")
	limit := flag.Duration("limit", 5*time.Minute, "longest time to run")
	pause := flag.Duration("pause", 20*time.Millisecond, "time between two requests")
	flag.Parse()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	r := result{Answers: map[string]int{}}
	for end := time.Now().Add(*limit); time.Now().Before(end); time.Sleep(*pause) {
		if _, err := os.Stat(*stop); err == nil {
			break
		}
		r.Requests++
		answer, err := ask(client, *url)
		if err != nil {
			if len(r.Failures) < most {
				r.Failures = append(r.Failures, fmt.Sprintf("%s: %v", time.Now().UTC().Format(time.TimeOnly), err))
			}
			continue
		}
		r.Answers[answer]++
	}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		log.Fatal(err)
	}
}

func ask(client *http.Client, url string) (string, error) {
	resp, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("status %d", resp.StatusCode)
	}
	return strings.TrimSpace(string(body)), nil
}
