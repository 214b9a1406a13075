package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// historyPatience is how long a run may take to show: the history server looks for new event logs every ten seconds, and reads them.
const historyPatience = 3 * time.Minute

// history is a user of the API of Spark's history server.
type history struct{ *api }

func newHistory(cluster *kube.Cluster, namespace, url string) *history {
	return &history{newAPI(cluster, namespace, url)}
}

// application is a run of a Spark application.
type application struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Attempts []attempt `json:"attempts"`
}

// attempt is one of an application's, the newest of which comes first. Times are in milliseconds.
type attempt struct {
	Completed bool  `json:"completed"`
	Start     int64 `json:"startTimeEpoch"`
	Duration  int64 `json:"duration"`
}

func (a application) took() time.Duration {
	return (time.Duration(a.Attempts[0].Duration) * time.Millisecond).Round(100 * time.Millisecond)
}

// await waits until the server shows an application that began after a time and is over.
func (h *history) await(ctx context.Context, since time.Time) (*application, error) {
	ctx, cancel := context.WithTimeout(ctx, historyPatience)
	defer cancel()
	var all []application
	var last error
	for ; ctx.Err() == nil; pause(ctx, 2*time.Second) {
		all = nil
		if last = h.ask(ctx, http.MethodGet, "/api/v1/applications?status=completed", nil, &all); last != nil {
			continue // a server that starts anew
		}
		for _, a := range all {
			if len(a.Attempts) > 0 && a.Attempts[0].Completed && a.Attempts[0].Start >= since.UnixMilli() {
				return &a, nil
			}
		}
	}
	return nil, errors.Join(fmt.Errorf("in %s Spark's history server showed no application that began after %s, but %v", historyPatience, since.Format(time.TimeOnly), all), last)
}
