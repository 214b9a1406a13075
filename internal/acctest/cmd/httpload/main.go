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
	"sync"
	"time"
)

// result is what came of the requests.
type result struct {
	Requests, Failed int
	// Failures are what the first of the failed ones said.
	Failures []string
	// Answers counts the different bodies.
	Answers map[string]int
	// Seconds is how long it took until the last client had its last answer.
	Seconds float64
}

// most is how many failures are told of.
const most = 20

func main() {
	log.SetFlags(0)
	url := flag.String("url", "", "URL to ask")
	stop := flag.String("stop", "/tmp/stop", "file whose existence ends the load")
	limit := flag.Duration("limit", 5*time.Minute, "longest time to run")
	pause := flag.Duration("pause", 20*time.Millisecond, "time between two requests of a client")
	clients := flag.Int("clients", 1, "how many clients ask at once")
	flag.Parse()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	r := result{Answers: map[string]int{}}
	var mu sync.Mutex
	var all sync.WaitGroup
	began := time.Now()
	for range *clients {
		all.Go(func() {
			for ; time.Since(began) < *limit; time.Sleep(*pause) {
				if _, err := os.Stat(*stop); err == nil {
					break
				}
				answer, err := ask(client, *url)
				mu.Lock()
				r.add(answer, err)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	r.Seconds = time.Since(began).Seconds()
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		log.Fatal(err)
	}
}

func (r *result) add(answer string, err error) {
	r.Requests++
	if err == nil {
		r.Answers[answer]++
		return
	}
	r.Failed++
	if len(r.Failures) < most {
		r.Failures = append(r.Failures, fmt.Sprintf("%s: %v", time.Now().UTC().Format(time.TimeOnly), err))
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
