// Package httpjson exchanges JSON over HTTP with the APIs of what runs in a cluster.
package httpjson

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// longest is the number of bytes that an answer may have: what answers is not always what it should be, and would fill the memory.
const longest = 64 << 20

// Send sends a request to a URL, and returns the status and the body of the answer, whatever they are. A body is sent as JSON, unless it is
// nil, and authorization as the header of that name, unless it is "". A longer answer than 64 MiB is an error.
func Send(ctx context.Context, client *http.Client, method, url, authorization string, body any) (status int, answer []byte, err error) {
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return 0, nil, err
		}
		content = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	answer, err = io.ReadAll(io.LimitReader(resp.Body, longest+1))
	if err != nil {
		return 0, nil, err
	}
	if len(answer) > longest {
		return 0, nil, fmt.Errorf("the answer to %s %s is longer than %d MiB", method, req.URL.Path, longest>>20)
	}
	return resp.StatusCode, answer, nil
}
